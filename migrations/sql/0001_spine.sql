-- The spine: programs, holders, people and keys, ledger, payouts, approvals, sending, webhooks out, audit.
-- Runs with search_path = bursar. Each section belongs to one room, which owns its tables (docs/architecture.md).
-- Each rule that a race could break also stands here, as a constraint named after the rule.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- foundation ----------------------------------------------------------------------------------------------------------

CREATE TABLE idempotency_keys (
    caller      uuid        NOT NULL,
    key         text        NOT NULL,
    body_hash   bytea       NOT NULL,
    status      smallint    NOT NULL,
    answer      bytea       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING brin (recorded_at);

-- Where each reader of an append-only table has got to; see bursar.foundation.outbox.
CREATE TABLE cursors (
    reader  text        PRIMARY KEY,
    xid     xid8        NOT NULL,
    id      bigint      NOT NULL,
    read_at timestamptz NOT NULL DEFAULT now()
);

-- What people and commands did apart from payouts: keys, terms, switches, sign-ins.
CREATE TABLE audit_notes (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor          text        NOT NULL,
    action         text        NOT NULL,
    subject        text        NOT NULL,
    facts          jsonb       NOT NULL DEFAULT '{}',
    correlation_id text,
    at             timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER notes_are_append_only BEFORE UPDATE OR DELETE ON audit_notes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- programs ------------------------------------------------------------------------------------------------------------

CREATE TABLE programs (
    program         text    PRIMARY KEY CHECK (program ~ '^[a-z][a-z0-9_-]{0,39}$'),
    current_version integer NOT NULL
);

CREATE TABLE program_versions (
    program    text        NOT NULL REFERENCES programs,
    version    integer     NOT NULL CHECK (version > 0),
    source     text        NOT NULL,  -- The file as it was applied, comments and all.
    terms      jsonb       NOT NULL,
    applied_by text        NOT NULL,
    note       text        NOT NULL DEFAULT '',
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (program, version)
);
CREATE TRIGGER versions_are_kept BEFORE UPDATE OR DELETE ON program_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE programs ADD CONSTRAINT current_version_exists FOREIGN KEY (program, current_version)
    REFERENCES program_versions DEFERRABLE INITIALLY DEFERRED;

-- holders -------------------------------------------------------------------------------------------------------------

CREATE TABLE holders (
    id         uuid        PRIMARY KEY,
    program    text        NOT NULL CONSTRAINT holder_is_in_a_program REFERENCES programs,
    kind       text        NOT NULL,
    reference  text        NOT NULL,  -- What the platform calls this holder.
    name       text        NOT NULL,
    email      text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_holder_per_reference UNIQUE (program, reference),
    CONSTRAINT holder_in_program UNIQUE (program, id)  -- Pages through a program; what holds a holder's program points here.
);

-- identity ------------------------------------------------------------------------------------------------------------

CREATE TABLE people (
    id              uuid        PRIMARY KEY,
    email           text        NOT NULL,
    name            text        NOT NULL,
    password_hash   text        NOT NULL,  -- argon2id
    roles           text[]      NOT NULL DEFAULT '{}',
    tries           integer     NOT NULL DEFAULT 0,  -- To sign in, since the last that succeeded.
    locked_until    timestamptz,
    disabled_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_person_per_email ON people (lower(email));

CREATE TABLE sessions (
    id         uuid        PRIMARY KEY,
    token_hash bytea       NOT NULL UNIQUE,  -- SHA-256; the token itself is nowhere
    person_id  uuid        NOT NULL REFERENCES people,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_by_person ON sessions (person_id);

CREATE TABLE api_keys (
    id           uuid        PRIMARY KEY,
    holder_id    uuid        NOT NULL,
    program      text        NOT NULL,
    name         text        NOT NULL,
    prefix       text        NOT NULL,  -- What people may see of it.
    key_hash     bytea       NOT NULL UNIQUE,  -- SHA-256; the key itself is nowhere
    scopes       text[]      NOT NULL,
    allowed_ips  cidr[]      NOT NULL DEFAULT '{}',
    created_by   uuid        REFERENCES people,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    CONSTRAINT key_is_a_holders FOREIGN KEY (program, holder_id) REFERENCES holders (program, id)
);
CREATE INDEX api_keys_by_holder ON api_keys (holder_id);

-- ledger --------------------------------------------------------------------------------------------------------------

-- kind: available, reserved (a holder's), funding, fees, suspense (a program's), clearing (a gateway's).
CREATE TABLE accounts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text   NOT NULL CHECK (kind IN ('available', 'reserved', 'funding', 'fees', 'suspense', 'clearing')),
    owner     text   NOT NULL,  -- A holder's id, a program's name or a gateway's name.
    currency  text   NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT one_account_each UNIQUE (kind, owner, currency)
);

CREATE TABLE balances (
    holder_id         uuid   NOT NULL REFERENCES holders,
    currency          text   NOT NULL,
    available         bigint NOT NULL DEFAULT 0 CONSTRAINT available_never_below_zero CHECK (available >= 0),
    reserved          bigint NOT NULL DEFAULT 0 CONSTRAINT reserved_never_below_zero CHECK (reserved >= 0),
    available_account bigint NOT NULL REFERENCES accounts,
    reserved_account  bigint NOT NULL REFERENCES accounts,
    PRIMARY KEY (holder_id, currency)
) WITH (fillfactor = 50);  -- Room for in-page updates: these rows change with every payout.

-- One row is one movement: balanced by construction. step: 0 begins a reservation, 1 ends it, 2 reverses a posting.
CREATE TABLE transfers (
    id             uuid        NOT NULL,
    kind           text        NOT NULL,
    debit_account  bigint      NOT NULL REFERENCES accounts,
    credit_account bigint      NOT NULL REFERENCES accounts,
    amount         bigint      NOT NULL CHECK (amount > 0),
    currency       text        NOT NULL,
    holder_id      uuid        NOT NULL,
    payout_id      uuid,
    reservation    smallint,   -- Which reservation of that payout: a retry by a person makes another one.
    step           smallint,
    reference      text,       -- What a credit from outside is for; unique per holder.
    available_after bigint,    -- The holder's figures after this movement, for statements.
    reserved_after bigint,
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (holder_id, id),
    CONSTRAINT accounts_differ CHECK (debit_account <> credit_account)
);
CREATE UNIQUE INDEX each_reservation_ends_once ON transfers (payout_id, reservation, step) WHERE payout_id IS NOT NULL;
CREATE UNIQUE INDEX each_credit_counts_once ON transfers (holder_id, kind, reference) WHERE reference IS NOT NULL;
CREATE INDEX transfers_by_time ON transfers USING brin (recorded_at);
CREATE TRIGGER transfers_are_append_only BEFORE UPDATE OR DELETE ON transfers
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What each platform account held at a moment; its balance is this and everything newer.
CREATE TABLE ledger_snapshots (
    account_id bigint      NOT NULL REFERENCES accounts,
    up_to      timestamptz NOT NULL,
    balance    bigint      NOT NULL,
    PRIMARY KEY (account_id, up_to)
);

CREATE VIEW ledger_entries AS
    SELECT id AS transfer_id, debit_account AS account_id, -amount AS amount, kind, currency, holder_id, payout_id, recorded_at
    FROM transfers
    UNION ALL
    SELECT id, credit_account, amount, kind, currency, holder_id, payout_id, recorded_at FROM transfers;

-- payouts -------------------------------------------------------------------------------------------------------------

CREATE TABLE payouts (
    id                 uuid        PRIMARY KEY,
    program            text        NOT NULL,
    terms_version      integer     NOT NULL,
    holder_id          uuid        NOT NULL REFERENCES holders,
    reference          text        NOT NULL,  -- The asker's own reference.
    amount             bigint      NOT NULL CHECK (amount > 0),
    currency           text        NOT NULL,
    state              text        NOT NULL CONSTRAINT state_is_known CHECK (state IN (
        'requested', 'in_review', 'approved', 'sending', 'sent', 'on_hold', 'retrying',
        'completed', 'returned', 'failed', 'rejected', 'cancelled')),
    version            integer     NOT NULL,  -- Counts the moves; the last event's seq.
    reservation        smallint    NOT NULL DEFAULT 1,
    destination        bytea       NOT NULL,  -- Sealed; opened only to be sent.
    destination_shown  jsonb       NOT NULL,  -- What people may see: type, bank, last four, title.
    destination_group  text        NOT NULL,  -- What batches are grouped by, such as the bank.
    destination_index  bytea       NOT NULL,  -- Blind index: equal destinations, unreadable.
    digest             bytea       NOT NULL,  -- Amount, currency, destination and terms: what approvals are bound to.
    requester          text        NOT NULL,  -- The actor that asked.
    requester_person   uuid,                  -- The person behind it, who may not approve it.
    findings           jsonb       NOT NULL DEFAULT '[]',
    gateway            text,
    gateway_reference  text,
    reason             text,                  -- Why it stands where it stands: a code.
    due_at             timestamptz NOT NULL DEFAULT now(),  -- When an approved or retrying one may leave.
    tries              smallint    NOT NULL DEFAULT 0,
    correlation_id     text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    processed_at       timestamptz,           -- When it came to rest.
    FOREIGN KEY (program, terms_version) REFERENCES program_versions
) WITH (fillfactor = 80);
CREATE INDEX payouts_by_holder ON payouts (holder_id, id DESC);
CREATE INDEX payouts_waiting ON payouts (program, due_at, id) WHERE state IN ('approved', 'retrying');
CREATE INDEX payouts_in_review ON payouts (program, id) WHERE state IN ('requested', 'in_review');
CREATE INDEX payouts_by_reference ON payouts (holder_id, reference);

CREATE TABLE payout_events (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    xid            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    payout_id      uuid        NOT NULL REFERENCES payouts,
    holder_id      uuid        NOT NULL,
    seq            integer     NOT NULL,
    verb           text        NOT NULL,
    from_state     text,
    to_state       text        NOT NULL,
    reason         text,
    facts          jsonb       NOT NULL DEFAULT '{}',
    actor          text        NOT NULL,
    correlation_id text,
    at             timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payout_id, seq),
    CONSTRAINT history_follows_the_table CHECK ((verb, coalesce(from_state, ''), to_state) IN (
        ('request', '', 'requested'),
        ('review', 'requested', 'in_review'),
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
        ('return', 'completed', 'returned')))
);
CREATE INDEX payout_events_as_committed ON payout_events (xid, id);
CREATE INDEX payout_events_by_holder ON payout_events (holder_id, id DESC);
CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON payout_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- approvals -----------------------------------------------------------------------------------------------------------

CREATE TABLE approval_requests (
    subject_id uuid        CONSTRAINT one_request_each PRIMARY KEY,
    digest     bytea       NOT NULL,  -- What is to be approved, to the byte; a change begins again.
    round      smallint    NOT NULL DEFAULT 1,  -- Counts the beginnings: bytes that change back find no old votes.
    needed     smallint    NOT NULL CHECK (needed BETWEEN 1 AND 5),
    requester  uuid,                  -- The person who may not vote; null when no person we know asked.
    opened_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER requests_keep_their_terms BEFORE UPDATE OF subject_id, needed, requester OR DELETE ON approval_requests
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE votes (
    subject_id uuid        NOT NULL REFERENCES approval_requests,
    round      smallint    NOT NULL,
    person_id  uuid        NOT NULL REFERENCES people,
    digest     bytea       NOT NULL,
    in_favour  boolean     NOT NULL,
    reason     text        NOT NULL DEFAULT '',
    cast_at    timestamptz NOT NULL DEFAULT clock_timestamp(),  -- Votes take turns, transactions' beginnings do not.
    CONSTRAINT one_vote_each PRIMARY KEY (subject_id, round, person_id)
);

CREATE FUNCTION refuse_wrong_vote() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    request approval_requests;
BEGIN
    SELECT * INTO STRICT request FROM approval_requests WHERE subject_id = NEW.subject_id FOR SHARE;
    IF NEW.person_id = request.requester THEN
        RAISE EXCEPTION 'the requester may not approve' USING ERRCODE = 'check_violation', CONSTRAINT = 'requester_is_not_approver';
    END IF;
    IF NEW.digest <> request.digest OR NEW.round <> request.round THEN
        RAISE EXCEPTION 'this is not what is to be approved' USING ERRCODE = 'check_violation', CONSTRAINT = 'vote_is_on_these_bytes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER wrong_votes_are_refused BEFORE INSERT ON votes FOR EACH ROW EXECUTE FUNCTION refuse_wrong_vote();
CREATE TRIGGER votes_are_append_only BEFORE UPDATE OR DELETE ON votes FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- dispatch ------------------------------------------------------------------------------------------------------------

CREATE TABLE kill_switches (
    scope     text        NOT NULL CHECK (scope IN ('global', 'program', 'gateway', 'holder')),
    subject   text        NOT NULL DEFAULT '',  -- Which program, gateway or holder; empty for global.
    reason    text        NOT NULL,
    set_by    text        NOT NULL,
    set_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, subject)
);

CREATE TABLE circuits (
    gateway    text        PRIMARY KEY,
    state      text        NOT NULL DEFAULT 'closed' CHECK (state IN ('closed', 'open', 'half_open')),
    failures   integer     NOT NULL DEFAULT 0,
    opened_at  timestamptz,
    probe_at   timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE attempts (
    id                uuid        PRIMARY KEY,
    payout_id         uuid        NOT NULL REFERENCES payouts,
    holder_id         uuid        NOT NULL,
    program           text        NOT NULL,
    terms_version     integer     NOT NULL,
    amount            bigint      NOT NULL CHECK (amount > 0),
    currency          text        NOT NULL,
    generation        smallint    NOT NULL,
    gateway           text        NOT NULL,
    key               text        NOT NULL,  -- What the gateway knows it by: payout id and generation.
    batch_id          uuid        NOT NULL,
    outcome           text        NOT NULL CHECK (outcome IN ('open', 'unknown', 'accepted', 'held', 'paid', 'refused', 'returned')),
    reason            text,
    gateway_reference text,
    inquiries         smallint    NOT NULL DEFAULT 0,
    lease_no          integer     NOT NULL DEFAULT 1,   -- The fencing number: whoever holds a lower one is too late.
    look_at           timestamptz,                      -- When somebody must look again: the lease's end, or the next inquiry.
    window_ends_at    timestamptz NOT NULL,             -- Until when the same key may be sent again.
    answer            jsonb,                            -- What the gateway said, redacted.
    sent_at           timestamptz NOT NULL DEFAULT now(),
    answered_at       timestamptz,
    CONSTRAINT one_attempt_per_generation UNIQUE (payout_id, generation),
    CONSTRAINT gateway_key_is_unique UNIQUE (gateway, key)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX one_live_attempt_per_payout ON attempts (payout_id) WHERE outcome IN ('open', 'unknown', 'accepted', 'held');
CREATE INDEX attempts_to_look_at ON attempts (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE reports (
    gateway     text        NOT NULL,
    event_id    text        NOT NULL,
    attempt_key text        NOT NULL,
    outcome     text        NOT NULL,
    body_hash   bytea       NOT NULL,
    facts       jsonb       NOT NULL,  -- The report as read and redacted; enough to apply it.
    received_at timestamptz NOT NULL DEFAULT now(),
    apply_at    timestamptz DEFAULT now(),  -- When to try next; null once it is settled.
    tries       smallint    NOT NULL DEFAULT 0,
    result      text,                  -- applied, late, contradicting, unmatched
    applied_at  timestamptz,
    CONSTRAINT each_report_once PRIMARY KEY (gateway, event_id)
);
CREATE INDEX reports_to_apply ON reports (apply_at) WHERE apply_at IS NOT NULL;
CREATE INDEX reports_by_attempt ON reports (gateway, attempt_key);

-- Where the world and our books disagree; nothing moves until two people have looked.
CREATE TABLE breaks (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL,
    payout_id  uuid        REFERENCES payouts,
    gateway    text        NOT NULL,
    amount     bigint,
    currency   text,
    facts      jsonb       NOT NULL DEFAULT '{}',
    opened_at  timestamptz NOT NULL DEFAULT now(),
    closed_at  timestamptz,
    resolution text
);
CREATE INDEX breaks_open ON breaks (opened_at) WHERE closed_at IS NULL;
CREATE INDEX breaks_open_by_payout ON breaks (payout_id) WHERE closed_at IS NULL;

-- outbound: webhooks --------------------------------------------------------------------------------------------------

CREATE TABLE endpoints (
    id            uuid        PRIMARY KEY,
    holder_id     uuid        NOT NULL REFERENCES holders,
    url           text        NOT NULL CHECK (length(url) <= 2000),
    description   text        NOT NULL,
    events        text[]      NOT NULL CHECK (cardinality(events) > 0),
    secret        bytea       NOT NULL,             -- Sealed.
    old_secret    bytea,                            -- Sealed; signs as well until old_until.
    old_until     timestamptz,
    failing_since timestamptz,                      -- Since when each try failed; null after one that did not.
    disabled_at   timestamptz,
    disabled_why  text CHECK (disabled_why IN ('by_owner', 'gone', 'failing')),
    removed_at    timestamptz,                      -- Hidden from then on; kept because its deliveries are.
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT disabled_for_a_reason CHECK ((disabled_at IS NULL) = (disabled_why IS NULL)),
    CONSTRAINT removed_is_disabled CHECK (removed_at IS NULL OR disabled_at IS NOT NULL)
);
CREATE INDEX endpoints_by_holder ON endpoints (holder_id, id) WHERE removed_at IS NULL;

CREATE TABLE messages (
    id              uuid               PRIMARY KEY,
    holder_id       uuid               NOT NULL,
    payout_id       uuid,              -- With seq, the event it tells of; null for a test.
    seq             integer,
    type            text               NOT NULL,
    body            bytea              NOT NULL,  -- The very bytes that are signed and sent.
    retry_seconds   double precision[] NOT NULL,  -- The wait after each failed try; after the last one there is none.
    timeout_seconds double precision   NOT NULL,
    at              timestamptz        NOT NULL,  -- When what it tells of happened.
    CONSTRAINT one_message_per_event UNIQUE (payout_id, seq)
);
CREATE INDEX messages_by_holder ON messages (holder_id, at);

CREATE TABLE deliveries (
    id           uuid        PRIMARY KEY,
    endpoint_id  uuid        NOT NULL REFERENCES endpoints,
    message_id   uuid        NOT NULL REFERENCES messages,
    holder_id    uuid        NOT NULL,
    state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'exhausted')),
    tries        smallint    NOT NULL DEFAULT 0,
    due_at       timestamptz DEFAULT now(),  -- The next try, or the end of the lease while one is under way.
    lease_no     integer     NOT NULL DEFAULT 0,  -- The fencing number: whoever holds a lower one is too late.
    last_status  smallint,
    last_error   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    CONSTRAINT waiting_for_something CHECK ((state = 'waiting') = (due_at IS NOT NULL))
);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, id DESC);
CREATE INDEX deliveries_exhausted ON deliveries (endpoint_id, id DESC) WHERE state = 'exhausted';

CREATE TABLE delivery_tries (
    delivery_id uuid        NOT NULL REFERENCES deliveries,
    number      smallint    NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    http_status smallint,
    error       text,
    duration_ms integer     NOT NULL,
    PRIMARY KEY (delivery_id, number)
);

-- monitoring: audit ---------------------------------------------------------------------------------------------------

-- One block folds committed events into a chain: its hash covers the root over its events and the block before.
CREATE TABLE audit_blocks (
    number      bigint      PRIMARY KEY,
    events      integer     NOT NULL CHECK (events > 0),
    first_xid   xid8        NOT NULL,
    first_id    bigint      NOT NULL,
    last_xid    xid8        NOT NULL,
    last_id     bigint      NOT NULL,
    leaves      bytea       NOT NULL,  -- 32 bytes for each event, in order: by these a fault is named.
    root        bytea       NOT NULL,
    previous    bytea       NOT NULL,
    hash        bytea       NOT NULL,
    sealed_at   timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER blocks_are_append_only BEFORE UPDATE OR DELETE ON audit_blocks
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- payouts: bulk uploads -----------------------------------------------------------------------------------------------

CREATE TABLE uploads (
    id          uuid        PRIMARY KEY,
    holder_id   uuid        NOT NULL REFERENCES holders,
    fingerprint bytea       NOT NULL,  -- Of the file, and of the key under which it was asked for again.
    rows        integer     NOT NULL,
    accepted    integer,               -- Null until every row has been answered.
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT same_file_once UNIQUE (holder_id, fingerprint)
);
