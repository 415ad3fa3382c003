-- The marketplace's own words for its payouts, for those who ask by SQL (docs/sql.md). Runs with search_path = bursar.

-- monitoring: marketplace ---------------------------------------------------------------------------------------------

-- A schema of its own, so that `SELECT * FROM payouts` can mean these words. Views read with their owner's rights: who may
-- read them needs no right to the tables, and no function in a query of theirs gets to see the rows of other programs.
DO $$
BEGIN
    -- Looked up first: IF NOT EXISTS asks for the right to create schemas even where there is nothing to create.
    IF to_regnamespace('marketplace') IS NULL THEN
        CREATE SCHEMA marketplace;
    END IF;
END $$;

CREATE VIEW marketplace.payouts WITH (security_barrier) AS
    SELECT p.id AS payout_id,
           h.reference AS user_id,          -- What the platform calls them.
           CASE h.kind WHEN 'scout' THEN 'scout_bounty' ELSE 'seller_payout' END AS payout_type,
           words.status,
           p.amount AS amount_paise,
           p.netted AS netted_paise,        -- What was kept back of what was asked for, for a debt.
           CASE h.kind WHEN 'scout' THEN h.reference END AS scout_id,
           p.order_id::text AS order_id,
           p.gateway_reference AS payment_reference,
           CASE WHEN words.status IN ('failed', 'cancelled') OR p.state = 'retrying' THEN p.reason END AS failure_reason,
           (SELECT max(a.sent_at) FROM attempts a WHERE a.payout_id = p.id) AS processed_at,
           CASE p.state WHEN 'completed' THEN p.processed_at END AS completed_at,
           p.created_at,
           p.updated_at,
           p.program,
           p.currency,
           p.state                          -- The step of its life, of which `status` is the document's word.
    FROM payouts p
    JOIN holders h ON h.id = p.holder_id
    JOIN (VALUES ('requested', 'pending'), ('in_review', 'pending'), ('approved', 'pending'),
                 ('sending', 'processing'), ('sent', 'processing'), ('on_hold', 'processing'), ('retrying', 'processing'),
                 ('completed', 'completed'), ('failed', 'failed'), ('returned', 'failed'),
                 ('cancelled', 'cancelled'), ('rejected', 'cancelled')) AS words (state, status) USING (state)
    WHERE h.kind IN ('scout', 'seller');
