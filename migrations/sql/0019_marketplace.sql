-- The marketplace's own words for what there is, for those who ask by SQL (docs/sql.md). Runs with search_path = bursar.

-- monitoring: marketplace ---------------------------------------------------------------------------------------------

-- A schema of its own, so that `SELECT * FROM payouts` can mean these words. Views read with their owner's rights: who may
-- read them needs no right to the tables, and no function in a query gets to see the rows of other programs.
DO $$
BEGIN
    -- Looked up first: IF NOT EXISTS asks for the right to create schemas even where there is nothing to create.
    IF to_regnamespace('marketplace') IS NULL THEN
        CREATE SCHEMA marketplace;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'the schema marketplace is missing, and % may not create it', current_user
        USING HINT = format('CREATE SCHEMA marketplace AUTHORIZATION %I; then migrate again.', current_user);
END $$;

-- The same words as in the API: user_id, scout_id and order_id are the platform's own names.
CREATE VIEW marketplace.payouts WITH (security_barrier) AS
    SELECT p.id AS payout_id,
           h.reference AS user_id,
           CASE h.kind WHEN 'scout' THEN 'scout_bounty' ELSE 'seller_payout' END AS payout_type,
           words.status,
           p.amount AS amount_paise,
           p.netted AS netted_paise,        -- What was kept back of what was asked for, for a debt.
           CASE h.kind WHEN 'scout' THEN h.reference END AS scout_id,
           o.reference AS order_id,
           p.gateway_reference AS payment_reference,
           CASE WHEN words.status IN ('failed', 'cancelled') OR p.state = 'retrying' THEN p.reason END AS failure_reason,
           (SELECT max(a.sent_at) FROM attempts a WHERE a.payout_id = p.id) AS processed_at,
           CASE p.state WHEN 'completed' THEN p.processed_at END AS completed_at,
           p.created_at,
           p.updated_at,
           p.program,
           p.currency,
           p.state                          -- The step of its life that `status` is the word for.
    FROM payouts p
    JOIN holders h ON h.id = p.holder_id
    JOIN (VALUES ('requested', 'pending'), ('in_review', 'pending'), ('approved', 'pending'),
                 ('sending', 'processing'), ('sent', 'processing'), ('on_hold', 'processing'), ('retrying', 'processing'),
                 ('completed', 'completed'), ('failed', 'failed'), ('returned', 'failed'),
                 ('cancelled', 'cancelled'), ('rejected', 'cancelled')) AS words (state, status)
         ON words.state = p.state
    LEFT JOIN orders o ON o.id = p.order_id
    WHERE h.kind IN ('scout', 'seller');

-- What there is of each holder's in each currency; nothing at all has no currency either. Still to be paid, as earnings,
-- is what is available and what is reserved for payouts on their way: a completed payout brings it down.
CREATE VIEW marketplace.scouts WITH (security_barrier) AS
    SELECT h.reference AS scout_id,
           h.reference AS user_id,
           h.name,
           h.email,
           coalesce(b.available + b.reserved, 0) AS earnings_paise,
           coalesce(b.available, 0) AS available_paise,
           coalesce(b.reserved, 0) AS reserved_paise,
           (SELECT coalesce(sum(p.amount), 0)::bigint FROM payouts p
            WHERE p.holder_id = h.id AND p.currency = b.currency AND p.state = 'completed') AS paid_paise,
           (SELECT coalesce(sum(d.amount - d.recovered - d.forgiven), 0)::bigint FROM debts d
            WHERE d.holder_id = h.id AND d.currency = b.currency AND d.ended_at IS NULL) AS debt_paise,
           (SELECT count(*) FROM recruits r WHERE r.scout_id = h.id) AS recruits,
           h.created_at,
           h.program,
           b.currency
    FROM holders h
    LEFT JOIN balances b ON b.holder_id = h.id
    WHERE h.kind = 'scout';

CREATE VIEW marketplace.sellers WITH (security_barrier) AS
    SELECT h.reference AS seller_id,
           h.reference AS user_id,
           h.name,
           h.email,
           coalesce(b.available + b.reserved, 0) AS earnings_paise,
           coalesce(b.available, 0) AS available_paise,
           coalesce(b.reserved, 0) AS reserved_paise,
           (SELECT coalesce(sum(p.amount), 0)::bigint FROM payouts p
            WHERE p.holder_id = h.id AND p.currency = b.currency AND p.state = 'completed') AS paid_paise,
           (SELECT coalesce(sum(d.amount - d.recovered - d.forgiven), 0)::bigint FROM debts d
            WHERE d.holder_id = h.id AND d.currency = b.currency AND d.ended_at IS NULL) AS debt_paise,
           s.reference AS recruiter_id,
           h.created_at,
           h.program,
           b.currency
    FROM holders h
    LEFT JOIN balances b ON b.holder_id = h.id
    LEFT JOIN recruits r ON r.seller_id = h.id
    LEFT JOIN holders s ON s.id = r.scout_id
    WHERE h.kind = 'seller';

CREATE VIEW marketplace.orders WITH (security_barrier) AS
    SELECT o.reference AS order_id,
           h.reference AS seller_id,
           o.buyer,
           o.item,
           o.state AS status,
           o.price AS price_paise,
           o.fee AS fee_paise,
           s.reference AS scout_id,
           o.bounty AS bounty_paise,
           o.payout_id,
           o.put_off_code AS payout_refused,
           o.recovered AS recovered_paise,  -- Of the price, what went to a debt before a payout was asked for.
           o.taken_back AS taken_back_paise,
           o.owed AS owed_paise,
           o.created_at,
           o.completed_at,
           o.ended_at,
           o.program,
           o.currency
    FROM orders o
    JOIN holders h ON h.id = o.seller_id
    LEFT JOIN holders s ON s.id = o.scout_id;
