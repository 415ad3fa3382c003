-- Runs that pay balances: what they have come to, and what holders want of them. Runs with search_path = bursar.

-- holders -------------------------------------------------------------------------------------------------------------

-- What a holder, or staff about a holder, has said to the runs. Nobody who does not stand here has said anything.
CREATE TABLE payout_preferences (
    holder_id    uuid        PRIMARY KEY REFERENCES holders,
    minimum      bigint      CHECK (minimum > 0),  -- Their own, where they want fewer and larger payouts.
    currency     text,
    paused_from  timestamptz,                      -- They want nothing from then on,
    paused_until timestamptz,                      -- until then; null: until they say so.
    held_why     text,                             -- Staff: no run pays them.
    held_by      text,
    held_at      timestamptz,
    CONSTRAINT minimum_has_a_currency CHECK ((minimum IS NULL) = (currency IS NULL)),
    CONSTRAINT pause_ends_after_it_begins CHECK (paused_until IS NULL OR paused_until > paused_from),
    CONSTRAINT pause_has_a_beginning CHECK (paused_until IS NULL OR paused_from IS NOT NULL),
    CONSTRAINT held_for_a_reason CHECK (num_nonnulls(held_why, held_by, held_at) IN (0, 3))
);

-- ledger --------------------------------------------------------------------------------------------------------------

-- Whose program the holder is in never changes; a run walks through the balances of one program alone.
ALTER TABLE balances ADD COLUMN program text;
UPDATE balances b SET program = h.program FROM holders h WHERE h.id = b.holder_id;
ALTER TABLE balances
    ALTER COLUMN program SET NOT NULL,
    DROP CONSTRAINT balances_holder_id_fkey,
    ADD CONSTRAINT balance_is_in_the_holders_program FOREIGN KEY (program, holder_id) REFERENCES holders (program, id);

-- The release before this one opens balances without saying so, and goes on running while processes are replaced.
CREATE FUNCTION find_program() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT program INTO NEW.program FROM holders WHERE id = NEW.holder_id;
    RETURN NEW;
END $$;
CREATE TRIGGER balances_have_a_program BEFORE INSERT ON balances
    FOR EACH ROW WHEN (NEW.program IS NULL) EXECUTE FUNCTION find_program();

-- payouts -------------------------------------------------------------------------------------------------------------

ALTER TABLE payouts
    ADD COLUMN run_id    uuid,      -- The run that it leaves with; null where it left by itself, or waits for one.
    ADD COLUMN tries_max smallint;  -- How often that run lets it be tried; null: as its terms say.
CREATE INDEX payouts_by_run ON payouts (run_id, id) WHERE run_id IS NOT NULL;
-- A run that goes wrong is noticed by its failures, of which there are few until then.
CREATE INDEX payouts_failed_by_run ON payouts (run_id, id) WHERE run_id IS NOT NULL AND state IN ('failed', 'returned');

-- dispatch ------------------------------------------------------------------------------------------------------------

ALTER TABLE attempts ADD COLUMN tries_max smallint;  -- The payout's, as it was when this was sent.

ALTER TABLE kill_switches DROP CONSTRAINT kill_switches_scope_check;
ALTER TABLE kill_switches ADD CONSTRAINT kill_switches_scope_check
    CHECK (scope IN ('global', 'program', 'gateway', 'holder', 'run'));

-- schedules -----------------------------------------------------------------------------------------------------------

ALTER TABLE runs
    ADD COLUMN pays           text        NOT NULL DEFAULT 'requests' CHECK (pays IN ('requests', 'balances')),
    ADD COLUMN correlation_id text,
    ADD COLUMN batch_size     integer     CHECK (batch_size > 0),  -- Instead of the terms'.
    ADD COLUMN tries_max      smallint    CHECK (tries_max > 0),   -- Likewise.
    ADD COLUMN cursor         uuid,                         -- Pays balances: the holder that it looked at last.
    ADD COLUMN asked          integer     NOT NULL DEFAULT 0,     -- Payouts that it has asked for so far,
    ADD COLUMN asked_amount   bigint      NOT NULL DEFAULT 0,     -- what they add up to,
    ADD COLUMN left_out       jsonb       NOT NULL DEFAULT '{}',  -- and how many holders it has left out, by reason.
    ADD COLUMN asked_at       timestamptz,                  -- When it had looked at every balance.
    ADD COLUMN stopped_at     timestamptz,                  -- Since when nothing of it leaves; null once it goes on.
    ADD COLUMN stopped_by     text,
    ADD COLUMN stopped_why    text,
    ADD COLUMN resumed_at     timestamptz,                  -- When a person last let it go on, having seen what leaves.
    ADD COLUMN cancelled_at   timestamptz,                  -- Since when what has not left is being cancelled.
    ADD COLUMN cancelled_by   text,
    ADD COLUMN ended_at       timestamptz,                  -- When the last of its payouts had come to rest,
    ADD COLUMN results        jsonb,                        -- and what had become of them by then.
    ADD CONSTRAINT stopped_for_a_reason CHECK (num_nonnulls(stopped_at, stopped_by, stopped_why) IN (0, 3)),
    ADD CONSTRAINT cancelled_by_somebody CHECK (num_nonnulls(cancelled_at, cancelled_by) IN (0, 2)),
    ADD CONSTRAINT ended_with_results CHECK ((ended_at IS NULL) = (results IS NULL)),
    -- Nine o'clock in Lagos is not nine o'clock in New York: a program whose zone changes has both. Without a zone a run
    -- was begun by hand, and its name is its own.
    DROP CONSTRAINT once_per_occurrence,
    ADD CONSTRAINT once_per_occurrence UNIQUE (program, time_zone, occurrence),
    DROP CONSTRAINT handed_over_before_finished,
    ADD CONSTRAINT handed_over_before_finished CHECK (
        finished_at IS NULL OR handed_over_at IS NOT NULL OR cancelled_at IS NOT NULL);
CREATE INDEX runs_to_end ON runs (program) WHERE ended_at IS NULL;
