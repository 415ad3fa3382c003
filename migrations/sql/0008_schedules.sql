-- Runs at set times, the workers there are, and messages that were no jobs. Runs with search_path = bursar.

-- schedules -----------------------------------------------------------------------------------------------------------

CREATE TABLE runs (
    id             uuid        PRIMARY KEY,
    program        text        NOT NULL CONSTRAINT run_is_of_a_program REFERENCES programs,
    occurrence     text        NOT NULL,  -- Local wall time without offset (2026-11-20T08:00), or what else began it.
    cron           text,                  -- The schedule as it was; null for a run that somebody began.
    time_zone      text,
    due_at         timestamptz NOT NULL,  -- The moment it was meant for.
    begun_by       text        NOT NULL,  -- The actor.
    begun_at       timestamptz NOT NULL DEFAULT now(),
    rung_at        timestamptz NOT NULL DEFAULT now(),  -- When workers were last told of it.
    count          integer     NOT NULL DEFAULT 0,      -- Payouts handed over so far, and what they add up to.
    amounts        jsonb       NOT NULL DEFAULT '{}',   -- Minor units by currency.
    handed_over_at timestamptz,           -- When nothing of the program waited for a run any more.
    finished_at    timestamptz,           -- When nothing of the program was due to leave any more.
    CONSTRAINT once_per_occurrence UNIQUE (program, occurrence),
    CONSTRAINT handed_over_before_finished CHECK (finished_at IS NULL OR handed_over_at IS NOT NULL)
);
CREATE INDEX runs_under_way ON runs (program) WHERE finished_at IS NULL;
CREATE INDEX runs_by_time ON runs (program, due_at DESC);

-- What one worker at a time does: whoever comes first after a while takes the next turn.
CREATE TABLE turns (
    name     text        PRIMARY KEY,
    taken_at timestamptz NOT NULL
);

-- monitoring ----------------------------------------------------------------------------------------------------------

CREATE TABLE workers (
    id          uuid        PRIMARY KEY,
    host        text        NOT NULL,
    pid         integer     NOT NULL,
    carrier     text        NOT NULL,
    every       float       NOT NULL,  -- Seconds between two signs of life.
    connections integer     NOT NULL DEFAULT 0,     -- To the carrier.
    jobs        jsonb       NOT NULL DEFAULT '{}',  -- Done, failed and running by the job's name.
    dropped     integer     NOT NULL DEFAULT 0,     -- Messages that were no jobs.
    started_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    stopped_at  timestamptz                         -- Properly, that is; null also for one that was killed.
);
CREATE INDEX workers_by_time ON workers (seen_at);

-- foundation: the queue -----------------------------------------------------------------------------------------------

CREATE TABLE dead_letters (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    carrier text        NOT NULL,
    job     text,                  -- What it said it was, if anything.
    body    bytea       NOT NULL,  -- Its first bytes.
    reason  text        NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
