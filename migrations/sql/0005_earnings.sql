-- Earnings and what paid them off. Runs with search_path = bursar.

-- earnings ------------------------------------------------------------------------------------------------------------

-- What a holder was credited for, and where its amount is now: the four figures always add up to it.
CREATE TABLE earnings (
    id          uuid        PRIMARY KEY,
    holder_id   uuid        NOT NULL,
    program     text        NOT NULL,
    reference   text        NOT NULL,  -- What its source calls it, such as an order's number.
    amount      bigint      NOT NULL CHECK (amount > 0),
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    description text        NOT NULL DEFAULT '',
    earned_at   timestamptz NOT NULL,  -- Its place in the queue, before the id.
    credited_by text        NOT NULL,  -- The actor.
    available   bigint      NOT NULL,
    reserved    bigint      NOT NULL DEFAULT 0,
    paid        bigint      NOT NULL DEFAULT 0,
    suspended   bigint      NOT NULL DEFAULT 0,  -- Came back after it was paid, and waits for a decision.
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT earning_is_a_holders FOREIGN KEY (program, holder_id) REFERENCES holders (program, id),
    CONSTRAINT each_source_counts_once UNIQUE (holder_id, reference),
    CONSTRAINT figures_add_up CHECK (available + reserved + paid + suspended = amount),
    CONSTRAINT figures_never_below_zero CHECK (least(available, reserved, paid, suspended) >= 0)
) WITH (fillfactor = 80);
CREATE INDEX earnings_to_pay_off ON earnings (holder_id, currency, earned_at, id) WHERE available > 0;
CREATE INDEX earnings_by_holder ON earnings (holder_id, id DESC);
CREATE INDEX earnings_by_program ON earnings (program, id DESC);
CREATE TRIGGER earnings_keep_what_they_are_for
    BEFORE UPDATE OF id, holder_id, program, reference, amount, currency, description, earned_at, created_at OR DELETE
    ON earnings FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Which part of which earning one reservation of a payout took, and what became of it.
CREATE TABLE earning_payoffs (
    payout_id   uuid        NOT NULL REFERENCES payouts,
    reservation smallint    NOT NULL,
    earning_id  uuid        NOT NULL REFERENCES earnings,
    holder_id   uuid        NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0),
    state       text        NOT NULL CONSTRAINT payoff_state_is_known
        CHECK (state IN ('reserved', 'paid', 'released', 'returned', 'suspended')),
    reserved_at timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    CONSTRAINT each_part_once PRIMARY KEY (payout_id, reservation, earning_id)
);
CREATE INDEX payoffs_by_earning ON earning_payoffs (earning_id);
CREATE TRIGGER payoffs_keep_their_part
    BEFORE UPDATE OF payout_id, reservation, earning_id, holder_id, amount, reserved_at OR DELETE
    ON earning_payoffs FOR EACH ROW EXECUTE FUNCTION refuse_change();
