-- Tallies of what happened to payouts, alerts, and what is told of them. Runs with search_path = bursar.

-- monitoring: tallies -------------------------------------------------------------------------------------------------

-- Kept by one reader of payout_events, so that a look costs the same however many payouts there are.
CREATE TABLE state_tallies (  -- How many payouts stand where, and what they add up to.
    program  text   NOT NULL REFERENCES programs,
    currency text   NOT NULL,
    state    text   NOT NULL,
    count    bigint NOT NULL,
    amount   bigint NOT NULL,
    PRIMARY KEY (program, currency, state)
);

CREATE TABLE open_tallies (  -- How many that are not at rest were asked for in one minute; the lowest is the oldest.
    program  text        NOT NULL REFERENCES programs,
    asked_at timestamptz NOT NULL,
    count    bigint      NOT NULL,
    PRIMARY KEY (program, asked_at)
);

CREATE TABLE flow_tallies (  -- How often each verb came in one span of time; with the seconds since the request.
    span     text             NOT NULL CHECK (span IN ('minute', 'hour', 'ever')),
    since    timestamptz      NOT NULL,
    program  text             NOT NULL REFERENCES programs,
    currency text             NOT NULL,
    verb     text             NOT NULL,
    count    bigint           NOT NULL,
    amount   bigint           NOT NULL,
    seconds  double precision NOT NULL,  -- Added up over those that came to rest; 0 for all other verbs.
    PRIMARY KEY (span, since, program, currency, verb)
);

CREATE TABLE duration_tallies (  -- How many of those that came to rest took so long: a histogram.
    span    text        NOT NULL CHECK (span IN ('minute', 'hour', 'ever')),
    since   timestamptz NOT NULL,
    program text        NOT NULL REFERENCES programs,
    verb    text        NOT NULL,
    bucket  smallint    NOT NULL,  -- Which one, by the bounds in monitoring.tallies.model.
    count   bigint      NOT NULL,
    PRIMARY KEY (span, since, program, verb, bucket)
);

-- What a worker's process needs: memory, time, connections.
ALTER TABLE workers ADD load jsonb NOT NULL DEFAULT '{}';

-- monitoring: alerts --------------------------------------------------------------------------------------------------

-- One row is one episode: from when something was first found until it was found no longer, whoever resolved it when.
CREATE TABLE alerts (
    id              uuid             PRIMARY KEY,
    program         text             REFERENCES programs,  -- Null: it is about the whole installation.
    type            text             NOT NULL CONSTRAINT type_is_known CHECK (type IN (
        'failure_rate', 'pending_threshold', 'processing_delay', 'amount_threshold', 'system_error')),
    subject         text             NOT NULL,  -- What it is about: the program, or gateway:stripe, run:…, worker:….
    severity        text             NOT NULL CHECK (severity IN ('warning', 'critical')),
    message         text             NOT NULL,  -- One sentence for people.
    facts           jsonb            NOT NULL,
    is_watched      boolean          NOT NULL,  -- Whether the watcher looks for it and ends it by itself.
    opened_at       timestamptz      NOT NULL DEFAULT now(),
    seen_at         timestamptz      NOT NULL DEFAULT now(),  -- When it was last found.
    told            smallint         NOT NULL DEFAULT 1,      -- How many times the world was told of it: opened, worse, resolved.
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at     timestamptz,
    resolved_by     text,
    note            text             NOT NULL DEFAULT '',     -- Of whoever resolved it.
    over_at         timestamptz,             -- When it was found no longer; a resolved one may still be found.
    CONSTRAINT acknowledged_by_somebody CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CONSTRAINT resolved_by_somebody CHECK ((resolved_at IS NULL) = (resolved_by IS NULL)),
    CONSTRAINT over_is_resolved CHECK (over_at IS NULL OR resolved_at IS NOT NULL)
);
CREATE UNIQUE INDEX one_alert_each ON alerts (coalesce(program, ''), type, subject) WHERE over_at IS NULL;
CREATE INDEX alerts_active ON alerts (id DESC) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_program ON alerts (program, id DESC);

-- What is posted to the addresses in the terms, and what became of it.
CREATE TABLE alert_posts (
    id          uuid        PRIMARY KEY,
    alert_id    uuid        NOT NULL REFERENCES alerts,
    number      smallint    NOT NULL,  -- Which telling of its alert, from 1.
    url         text        NOT NULL CHECK (length(url) <= 2000),
    body        bytea       NOT NULL,  -- The very bytes that are signed and sent.
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'exhausted')),
    tries       smallint    NOT NULL DEFAULT 0,
    due_at      timestamptz DEFAULT now(),  -- The next try, or the end of the lease while one is under way.
    lease_no    integer     NOT NULL DEFAULT 0,  -- The fencing number: whoever holds a lower one is too late.
    last_status smallint,
    last_error  text,       -- A word; never what the other side said.
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT one_post_each UNIQUE (alert_id, number, url),
    CONSTRAINT post_waits_for_something CHECK ((state = 'waiting') = (due_at IS NOT NULL))
);
CREATE INDEX alert_posts_due ON alert_posts (due_at) WHERE due_at IS NOT NULL;

-- outbound: notices ---------------------------------------------------------------------------------------------------

-- Staff are told of alerts and runs, which are about no holder, and some about no program.
ALTER TABLE notices ALTER holder_id DROP NOT NULL, ALTER program DROP NOT NULL, DROP CONSTRAINT kind_is_known;
ALTER TABLE notices ADD CONSTRAINT kind_is_known CHECK (kind IN (
    'completed', 'failed', 'rejected', 'returned', 'destination_changed', 'destination_denied',
    'payout_flagged', 'review_overdue', 'alert_opened', 'alert_resolved', 'run_finished'));
