-- What a payout is for. Runs with search_path = bursar.

-- payouts -------------------------------------------------------------------------------------------------------------

ALTER TABLE payouts
    ADD COLUMN kind     text,                        -- What it pays: seller_payout, or its holder's kind; null: not said.
    ADD COLUMN order_id uuid,                        -- The order that it pays for; null: none in particular.
    ADD COLUMN netted   bigint NOT NULL DEFAULT 0    -- What was kept back of what was asked for, for a debt.
        CHECK (netted >= 0);
UPDATE payouts p SET kind = h.kind FROM holders h WHERE h.id = p.holder_id;
CREATE INDEX payouts_by_order ON payouts (order_id, id) WHERE order_id IS NOT NULL;
