-- Low floats, reports that prove nothing by themselves. Runs with search_path = bursar.

-- dispatch ------------------------------------------------------------------------------------------------------------

-- Our own accounts at gateways that were found to hold too little. A row stays once it has been; low_since says whether it is.
CREATE TABLE floats (
    gateway      text        NOT NULL,
    currency     text        NOT NULL,
    low_since    timestamptz,           -- Null: as far as we know, it suffices.
    refused_at   timestamptz NOT NULL,  -- When a payout was last refused for want of funds.
    left_over    bigint      NOT NULL DEFAULT 0 CONSTRAINT float_is_not_overspent CHECK (left_over >= 0),
                                        -- While it is low: how much may still be sent, by the last look.
    held         bigint,                -- What it held at the last look; null where the gateway does not tell.
    looked_at    timestamptz,
    look_at      timestamptz NOT NULL,  -- When somebody looks next, while it is low.
    look_seconds float       NOT NULL,  -- And how long after that again.
    PRIMARY KEY (gateway, currency)
);

ALTER TABLE attempts ADD COLUMN lacked_funds boolean NOT NULL DEFAULT false;  -- Such an attempt does not count as a try.
ALTER TABLE attempts ADD COLUMN asked_at timestamptz;  -- When somebody last began to inquire; under way until answered_at.
