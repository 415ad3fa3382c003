-- What holders owe, and earnings that are taken back. Runs with search_path = bursar.

-- ledger --------------------------------------------------------------------------------------------------------------

-- A program's debts: what its holders owe it, as far below zero as they do.
ALTER TABLE accounts
    DROP CONSTRAINT accounts_kind_check,
    ADD CONSTRAINT accounts_kind_check
        CHECK (kind IN ('available', 'reserved', 'funding', 'fees', 'suspense', 'clearing', 'debts'));

-- earnings ------------------------------------------------------------------------------------------------------------

-- What was taken back of an earning, or kept for a debt, reaches its holder no more.
ALTER TABLE earnings
    ADD COLUMN withheld bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT figures_add_up,
    DROP CONSTRAINT figures_never_below_zero,
    ADD CONSTRAINT figures_add_up CHECK (available + reserved + paid + suspended + withheld = amount),
    ADD CONSTRAINT figures_never_below_zero CHECK (least(available, reserved, paid, suspended, withheld) >= 0);

-- Which part of which earning one transfer took back or kept. It stays so: nothing gives it back.
CREATE TABLE earning_withholdings (
    transfer_id uuid        NOT NULL,  -- Of the kind take_back or recover.
    earning_id  uuid        NOT NULL REFERENCES earnings,
    holder_id   uuid        NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0),
    why         text        NOT NULL CONSTRAINT withheld_for_a_known_reason CHECK (why IN ('taken_back', 'recovered')),
    reference   text        NOT NULL,  -- The transfer's: what it was taken back for, or the debt it was kept for.
    payout_id   uuid,                  -- The payout from which it was kept, if it was from one.
    withheld_at timestamptz NOT NULL,
    CONSTRAINT each_part_is_withheld_once PRIMARY KEY (transfer_id, earning_id)
);
CREATE INDEX withholdings_by_earning ON earning_withholdings (earning_id);
CREATE INDEX withholdings_by_payout ON earning_withholdings (payout_id) WHERE payout_id IS NOT NULL;
CREATE TRIGGER withholdings_are_append_only BEFORE UPDATE OR DELETE ON earning_withholdings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What a holder owes the program, and how much of that is no longer owed.
CREATE TABLE debts (
    id          uuid        PRIMARY KEY,
    holder_id   uuid        NOT NULL,
    program     text        NOT NULL,
    reference   text        NOT NULL,  -- What it is for, such as refund:order-17.
    amount      bigint      NOT NULL CHECK (amount > 0),
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    description text        NOT NULL DEFAULT '',
    owed_since  timestamptz NOT NULL,
    noted_by    text        NOT NULL,  -- The actor.
    recovered   bigint      NOT NULL DEFAULT 0,
    forgiven    bigint      NOT NULL DEFAULT 0,
    parts       integer     NOT NULL DEFAULT 0,  -- How many rows it has in debt_recoveries.
    ended_at    timestamptz,                     -- When nothing was left of it.
    CONSTRAINT debt_is_a_holders FOREIGN KEY (program, holder_id) REFERENCES holders (program, id),
    CONSTRAINT each_debt_counts_once UNIQUE (holder_id, reference),
    CONSTRAINT nothing_beyond_the_debt CHECK (least(recovered, forgiven) >= 0 AND recovered + forgiven <= amount),
    CONSTRAINT debt_ends_when_nothing_is_left CHECK ((ended_at IS NOT NULL) = (recovered + forgiven = amount))
);
CREATE INDEX debts_outstanding ON debts (holder_id, id) WHERE ended_at IS NULL;
CREATE INDEX debts_by_holder ON debts (holder_id, id DESC);
CREATE INDEX debts_by_program ON debts (program, id DESC);
CREATE TRIGGER debts_keep_what_they_are_for
    BEFORE UPDATE OF id, holder_id, program, reference, amount, currency, description, owed_since, noted_by OR DELETE
    ON debts FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What brought a debt down: part by part, each with the transfer that it was booked by.
CREATE TABLE debt_recoveries (
    debt_id     uuid        NOT NULL REFERENCES debts,
    part        integer     NOT NULL,  -- From 1 on.
    holder_id   uuid        NOT NULL,
    how         text        NOT NULL CONSTRAINT brought_down_in_a_known_way CHECK (how IN ('recovered', 'forgiven')),
    amount      bigint      NOT NULL CHECK (amount > 0),
    transfer_id uuid        NOT NULL,
    payout_id   uuid,                  -- Recovered: the payout that was netted, if it was one.
    actor       text        NOT NULL,
    reason      text        NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    PRIMARY KEY (debt_id, part),
    CONSTRAINT forgiven_for_a_reason CHECK (how = 'recovered' OR reason <> '')
);
CREATE INDEX recoveries_by_payout ON debt_recoveries (payout_id) WHERE payout_id IS NOT NULL;
CREATE TRIGGER recoveries_are_append_only BEFORE UPDATE OR DELETE ON debt_recoveries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
