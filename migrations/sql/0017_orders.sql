-- Orders, and who recruited whom. Runs with search_path = bursar.

-- orders --------------------------------------------------------------------------------------------------------------

-- What a seller sold. Completing it credits the price to the seller; the fee stands beside the price, and a bounty for
-- the scout who recruited the seller comes from the program.
CREATE TABLE orders (
    id           uuid        PRIMARY KEY,
    program      text        NOT NULL,
    reference    text        NOT NULL,  -- What the platform calls it.
    seller_id    uuid        NOT NULL,
    buyer        text,                  -- Whom the platform names, if anybody.
    item         text        NOT NULL,
    price        bigint      NOT NULL CHECK (price > 0),
    fee          bigint      NOT NULL CHECK (fee >= 0),
    currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_by   text        NOT NULL,  -- The actor.
    created_at   timestamptz NOT NULL,
    state        text        NOT NULL DEFAULT 'open' CONSTRAINT order_state_is_known
        CHECK (state IN ('open', 'completed', 'refunded', 'cancelled')),
    completed_at timestamptz,
    completed_by text,                  -- The actor.
    ended_at     timestamptz,           -- When it was cancelled or refunded.
    reason       text,                  -- Why it was, in somebody's words.
    scout_id     uuid,                  -- Who was credited the bounty.
    bounty       bigint      NOT NULL DEFAULT 0,
    payout_id    uuid        CONSTRAINT order_is_paid_by REFERENCES payouts,  -- What completing it asked for.
    recovered    bigint      NOT NULL DEFAULT 0,  -- Of the price, what went to a debt before a payout was asked for.
    put_off_code text,                  -- Why completing it asked for no payout, or was refused one.
    put_off_why  text,
    taken_back   bigint      NOT NULL DEFAULT 0,  -- Of the price, when it was refunded: what the seller still had ...
    owed         bigint      NOT NULL DEFAULT 0,  -- ... and what the seller owes since.
    CONSTRAINT one_order_per_reference UNIQUE (program, reference),
    CONSTRAINT order_is_a_sellers FOREIGN KEY (program, seller_id) REFERENCES holders (program, id),
    CONSTRAINT order_times_follow_its_life CHECK (
        (state IN ('completed', 'refunded')) = (completed_at IS NOT NULL)
        AND (completed_at IS NULL) = (completed_by IS NULL)
        AND (state IN ('cancelled', 'refunded')) = (ended_at IS NOT NULL)),
    CONSTRAINT only_sold_orders_move_money CHECK (
        completed_at IS NOT NULL OR (scout_id IS NULL AND payout_id IS NULL AND bounty = 0 AND recovered = 0)),
    CONSTRAINT a_refund_is_the_price CHECK (taken_back + owed = CASE WHEN state = 'refunded' THEN price ELSE 0 END),
    CONSTRAINT order_figures_never_below_zero CHECK (least(bounty, recovered, taken_back, owed) >= 0)
) WITH (fillfactor = 50);  -- Each is written once more, whole; beside itself that costs no index anything.
CREATE INDEX orders_by_seller ON orders (seller_id, id DESC);
CREATE INDEX orders_by_program ON orders (program, id DESC);
CREATE TRIGGER orders_keep_what_they_are_for
    BEFORE UPDATE OF id, program, reference, seller_id, buyer, item, price, fee, currency, created_by, created_at OR DELETE
    ON orders FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER orders_follow_their_life BEFORE UPDATE OF state ON orders FOR EACH ROW
    WHEN (OLD.state <> NEW.state
          AND (OLD.state, NEW.state) NOT IN (('open', 'completed'), ('open', 'cancelled'), ('completed', 'refunded')))
    EXECUTE FUNCTION refuse_change();

-- Which scout recruited a seller, and gets a bounty for what the seller sells from then on.
CREATE TABLE recruits (
    seller_id    uuid        PRIMARY KEY,
    scout_id     uuid        NOT NULL CHECK (scout_id <> seller_id),
    program      text        NOT NULL,
    since        timestamptz NOT NULL,
    recruited_by text        NOT NULL,            -- The actor who said so.
    bounties     integer     NOT NULL DEFAULT 0,  -- How many were credited for this seller's orders.
    CONSTRAINT recruit_is_a_seller FOREIGN KEY (program, seller_id) REFERENCES holders (program, id),
    CONSTRAINT recruiter_is_a_scout FOREIGN KEY (program, scout_id) REFERENCES holders (program, id)
);
CREATE INDEX recruits_by_scout ON recruits (scout_id, seller_id);

-- identity: keys for orders, and for asking in holders' places --------------------------------------------------------

ALTER TABLE api_keys DROP CONSTRAINT scopes_fit_the_key;
ALTER TABLE api_keys ADD CONSTRAINT scopes_fit_the_key CHECK (
    CASE WHEN holder_id IS NULL
        THEN scopes <@ ARRAY['earnings:write', 'earnings:read', 'holders:write', 'holders:read', 'orders:write', 'orders:read',
                             'payouts:request']
        ELSE NOT scopes && ARRAY['earnings:write', 'earnings:read', 'holders:write', 'holders:read', 'orders:write',
                                 'orders:read', 'payouts:request']
    END);
