-- Reconciliation: what was compared, what differs, and corrections; recovery after a restore.
-- Runs with search_path = bursar.

-- payouts -------------------------------------------------------------------------------------------------------------

-- What a gateway refused may turn out to have been paid: two people open the payout again (docs/decisions/0025).
ALTER TABLE payout_events DROP CONSTRAINT history_follows_the_table;
ALTER TABLE payout_events ADD CONSTRAINT history_follows_the_table CHECK ((verb, coalesce(from_state, ''), to_state) IN (
    ('request', '', 'requested'),
    ('review', 'requested', 'in_review'), ('review', 'approved', 'in_review'),
    ('approve', 'requested', 'approved'), ('approve', 'in_review', 'approved'),
    ('reject', 'requested', 'rejected'), ('reject', 'in_review', 'rejected'),
    ('cancel', 'requested', 'cancelled'), ('cancel', 'in_review', 'cancelled'),
    ('cancel', 'approved', 'cancelled'), ('cancel', 'retrying', 'cancelled'),
    ('send', 'approved', 'sending'), ('send', 'retrying', 'sending'),
    ('accept', 'sending', 'sent'),
    ('hold', 'sending', 'on_hold'), ('hold', 'sent', 'on_hold'),
    ('resume', 'on_hold', 'sent'),
    ('settle', 'sending', 'completed'), ('settle', 'sent', 'completed'), ('settle', 'on_hold', 'completed'),
    ('defer', 'sending', 'retrying'), ('defer', 'sent', 'retrying'),
    ('fail', 'sending', 'failed'), ('fail', 'sent', 'failed'), ('fail', 'retrying', 'failed'), ('fail', 'on_hold', 'failed'),
    ('retry', 'failed', 'approved'),
    ('reopen', 'failed', 'sending'), ('reopen', 'cancelled', 'sending'),
    ('return', 'completed', 'returned'))) NOT VALID;
ALTER TABLE payout_events VALIDATE CONSTRAINT history_follows_the_table;

-- dispatch: recovery --------------------------------------------------------------------------------------------------

-- Which PostgreSQL these rows were written by. A restored backup, or a copy that took over, says otherwise.
CREATE TABLE database_identity (
    only_one          boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    system_identifier bigint      NOT NULL,
    timeline          text        NOT NULL,  -- As WAL file names begin.
    table_oid         oid         NOT NULL,  -- This table's own: a dump that is restored in the same place makes another.
    seen_at           timestamptz NOT NULL   -- A worker was alive then: all that was sent before it stands here.
);

-- While one has not ended, nothing is sent: payments may have been made that these books do not know.
CREATE TABLE recoveries (
    id          uuid        PRIMARY KEY,
    known_until timestamptz NOT NULL,  -- From when on payments may be unknown here.
    reason      text        NOT NULL,
    begun_by    text        NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT now(),
    ended_by    text,
    ended_at    timestamptz,
    CONSTRAINT ended_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX one_recovery_at_a_time ON recoveries ((true)) WHERE ended_at IS NULL;

-- monitoring: reconciliation ------------------------------------------------------------------------------------------

-- One look at one other account of what happened: our own books, a gateway's list, or a statement's file.
CREATE TABLE comparisons (
    id          uuid        PRIMARY KEY,
    way         text        NOT NULL CHECK (way IN ('books', 'list', 'statement')),
    gateway     text        NOT NULL DEFAULT '',  -- Empty for the books, which are all gateways'.
    span_from   timestamptz NOT NULL,             -- Payments made from then on,
    span_to     timestamptz NOT NULL,             -- and before that.
    state       text        NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    asked_by    text        NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT now(),
    beat_at     timestamptz NOT NULL DEFAULT now(),  -- The last sign of life of whoever compares.
    ended_at    timestamptz,
    failure     text,
    payments    integer     NOT NULL DEFAULT 0,  -- Lines that were read.
    differing   integer     NOT NULL DEFAULT 0,  -- Items that it found, new ones or not,
    opened      integer     NOT NULL DEFAULT 0,
    closed      integer     NOT NULL DEFAULT 0,  -- and open ones that it found gone.
    file_hash   bytea,                           -- SHA-256 of a statement's file.
    CONSTRAINT span_is_forward CHECK (span_to > span_from),
    CONSTRAINT ended_when_over CHECK ((ended_at IS NULL) = (state IN ('waiting', 'running'))),
    CONSTRAINT books_have_no_gateway CHECK ((way = 'books') = (gateway = ''))
);
CREATE UNIQUE INDEX one_comparison_at_a_time ON comparisons (way, gateway) WHERE state IN ('waiting', 'running');
CREATE UNIQUE INDEX same_statement_once ON comparisons (gateway, file_hash) WHERE state <> 'failed' AND file_hash IS NOT NULL;
CREATE INDEX comparisons_by_gateway ON comparisons (gateway, way, id DESC);

-- What the other side says, for as long as it is compared. Lost with a crash, like the comparison itself.
CREATE UNLOGGED TABLE comparison_lines (
    comparison_id uuid        NOT NULL,
    number        integer     NOT NULL,
    key           text,                -- Ours, where it repeats it or its reference leads to it.
    reference     text        NOT NULL,
    amount        bigint      NOT NULL,
    currency      text        NOT NULL,
    word          text        NOT NULL,
    at            timestamptz NOT NULL,
    payout_id     uuid,                -- That our key names, whether we know such a payout or not.
    PRIMARY KEY (comparison_id, number)
);
CREATE INDEX comparison_lines_by_key ON comparison_lines (comparison_id, key);

-- Where two accounts of what happened differ. Open until what differs is gone, or two people have ended it.
CREATE TABLE reconciliation_items (
    id                uuid        PRIMARY KEY,
    kind              text        NOT NULL,
    subject           text        NOT NULL,  -- The payout, else the gateway's payment, else the account it is about.
    ways              text[]      NOT NULL,  -- The comparisons that find it: breaks, books, list, statement.
    payout_id         uuid,
    program           text,
    gateway           text,
    attempt_key       text,
    gateway_reference text,
    break_id          uuid,
    amount            bigint,                -- Minor units; how much is in question.
    currency          text,
    happened_at       timestamptz NOT NULL,
    facts             jsonb       NOT NULL DEFAULT '{}',
    opened_at         timestamptz NOT NULL DEFAULT now(),
    seen_at           timestamptz NOT NULL DEFAULT now(),
    seen_in           uuid,                  -- The comparison that saw it last.
    closed_at         timestamptz,
    resolution        text,                  -- gone, or the correction's action.
    CONSTRAINT amount_has_a_currency CHECK ((amount IS NULL) = (currency IS NULL)),
    CONSTRAINT closed_with_a_resolution CHECK ((closed_at IS NULL) = (resolution IS NULL)),
    CONSTRAINT open_is_seen_by_something CHECK (closed_at IS NOT NULL OR cardinality(ways) > 0)
);
CREATE UNIQUE INDEX each_difference_open_once ON reconciliation_items (kind, subject) WHERE closed_at IS NULL;
CREATE INDEX reconciliation_items_by_subject ON reconciliation_items (subject, kind);
CREATE INDEX reconciliation_items_by_gateway ON reconciliation_items (gateway, happened_at) WHERE closed_at IS NULL;
CREATE INDEX reconciliation_items_by_payout ON reconciliation_items (payout_id) WHERE payout_id IS NOT NULL;

-- What somebody wants done about an item; done once another person agrees.
CREATE TABLE corrections (
    id          uuid        PRIMARY KEY,
    item_id     uuid        NOT NULL REFERENCES reconciliation_items,
    action      text        NOT NULL,
    program     text,                 -- Whose money it takes, where the item does not say.
    reason      text        NOT NULL,
    proposed_by uuid        NOT NULL REFERENCES people,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'rejected')),
    decided_by  uuid        REFERENCES people,
    decided_at  timestamptz,
    CONSTRAINT decided_by_somebody_else CHECK (decided_by IS DISTINCT FROM proposed_by OR state <> 'done'),
    CONSTRAINT decided_when_over CHECK ((decided_at IS NULL) = (state = 'waiting'))
);
CREATE UNIQUE INDEX one_correction_waits ON corrections (item_id) WHERE state = 'waiting';
CREATE INDEX corrections_by_item ON corrections (item_id, proposed_at);
