-- Notices to people: by e-mail, and to their browsers. Runs with search_path = bursar.

-- outbound: notices ---------------------------------------------------------------------------------------------------

-- One row is one notice to one address, with what became of it.
CREATE TABLE notices (
    id          uuid        PRIMARY KEY,
    kind        text        NOT NULL CONSTRAINT kind_is_known CHECK (kind IN (
        'completed', 'failed', 'rejected', 'returned', 'destination_changed', 'destination_denied',
        'payout_flagged', 'review_overdue')),
    program     text        NOT NULL REFERENCES programs,
    holder_id   uuid        NOT NULL REFERENCES holders,  -- Whom it is about; who is told stands in address.
    subject_id  uuid        NOT NULL,  -- The payout, or the destination.
    seq         integer     NOT NULL DEFAULT 0,  -- Which event of that payout; 0 for what has no number.
    channel     text        NOT NULL CHECK (channel IN ('email', 'push')),
    address     text        NOT NULL,  -- An e-mail address, a push subscription's id, or empty where nobody could be told.
    facts       jsonb       NOT NULL,  -- What its text is made of: never an account number beyond the last four digits.
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed', 'skipped')),
    tries       smallint    NOT NULL DEFAULT 0,
    due_at      timestamptz DEFAULT now(),  -- The next try, or the end of the lease while one is under way.
    lease_no    integer     NOT NULL DEFAULT 0,  -- The fencing number: whoever holds a lower one is too late.
    last_status smallint,              -- What the mail server or push service answered with.
    last_error  text,                  -- A word; never what the other side said.
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT one_notice_each UNIQUE (subject_id, seq, kind, channel, address),
    CONSTRAINT notice_waits_for_something CHECK ((state = 'waiting') = (due_at IS NOT NULL))
);
CREATE INDEX notices_due ON notices (channel, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notices_by_holder ON notices (holder_id, id DESC);
CREATE INDEX notices_unsent ON notices (id DESC) WHERE state IN ('failed', 'skipped');

-- What holders do not want to be told. What does not stand here is wanted.
CREATE TABLE notice_refusals (
    holder_id  uuid        NOT NULL REFERENCES holders,
    kind       text        NOT NULL CONSTRAINT kind_is_optional CHECK (kind IN (
        'completed', 'failed', 'rejected', 'returned')),
    channel    text        NOT NULL CHECK (channel IN ('email', 'push')),
    refused_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (holder_id, kind, channel)
);

-- A browser of somebody who acts for a holder (RFC 8030, RFC 8291). What stands here sends nothing by itself: a push
-- service takes messages only under the installation's own key, which is not in the database.
CREATE TABLE push_subscriptions (
    id         uuid        PRIMARY KEY,
    holder_id  uuid        NOT NULL REFERENCES holders,
    person_id  uuid        NOT NULL REFERENCES people,
    endpoint   text        NOT NULL CHECK (length(endpoint) <= 2000),
    p256dh     bytea       NOT NULL CHECK (octet_length(p256dh) = 65),
    auth       bytea       NOT NULL CHECK (octet_length(auth) = 16),
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz,
    ended_why  text CHECK (ended_why IN ('gone', 'removed', 'replaced')),
    CONSTRAINT ended_for_a_reason CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE UNIQUE INDEX one_subscription_per_browser ON push_subscriptions (endpoint) WHERE ended_at IS NULL;
CREATE INDEX subscriptions_by_holder ON push_subscriptions (holder_id) WHERE ended_at IS NULL;

-- Reviews that are under way, and when they will have waited for too long.
CREATE TABLE review_watches (
    payout_id  uuid        PRIMARY KEY REFERENCES payouts,
    seq        integer     NOT NULL,  -- The event that began the review.
    overdue_at timestamptz NOT NULL
);
CREATE INDEX review_watches_due ON review_watches (overdue_at);
