-- Payouts that nobody may try again. Runs with search_path = bursar.

-- payouts -------------------------------------------------------------------------------------------------------------

ALTER TABLE payouts ADD COLUMN barred boolean NOT NULL DEFAULT false;  -- What it pays for was undone, as by a refund.
