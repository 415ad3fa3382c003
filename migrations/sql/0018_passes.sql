-- Passes of a few payouts, and schedules that holders choose themselves. Runs with search_path = bursar.

-- holders -------------------------------------------------------------------------------------------------------------

-- When a holder wants to be paid whatever is there then. A program's runs look here, where its terms let holders choose.
CREATE TABLE own_schedules (
    holder_id   uuid        PRIMARY KEY,
    program     text        NOT NULL,  -- The holder's own; it stands here too, for the index.
    every       text        NOT NULL CONSTRAINT own_schedule_comes_round CHECK (every IN ('daily', 'weekly', 'monthly')),
    day         smallint,              -- Weekly: 0 is Sunday. Monthly: 1 to 31; in a month without that day, its last.
    hour        smallint    NOT NULL CHECK (hour BETWEEN 0 AND 23),  -- On the clock of the program's time zone.
    next_at     timestamptz NOT NULL,
    last_at     timestamptz,           -- When a run last came to it,
    last_reason text,                  -- and why that asked for nothing; null: it asked for a payout.
    CONSTRAINT own_schedule_is_a_holders FOREIGN KEY (program, holder_id) REFERENCES holders (program, id),
    CONSTRAINT own_schedule_has_its_day CHECK (
        CASE every WHEN 'daily' THEN day IS NULL
                   WHEN 'weekly' THEN day IS NOT NULL AND day BETWEEN 0 AND 6
                   ELSE day IS NOT NULL AND day BETWEEN 1 AND 31 END),
    CONSTRAINT only_what_was_due_has_a_reason CHECK (last_reason IS NULL OR last_at IS NOT NULL)
);
CREATE INDEX own_schedules_due ON own_schedules (program, next_at);

-- schedules -----------------------------------------------------------------------------------------------------------

ALTER TABLE runs
    ADD COLUMN payouts_max  integer CHECK (payouts_max > 0),  -- The most that it takes; null: all that wait.
    ADD COLUMN kept_waiting integer NOT NULL DEFAULT 0;       -- What it found beyond those, and left for the next one.
