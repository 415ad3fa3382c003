-- Holders' destinations, the people who act for them, and keys of whole programs. Runs with search_path = bursar.

-- holders -------------------------------------------------------------------------------------------------------------

ALTER TABLE holders ADD COLUMN verified_at timestamptz;  -- Since when the platform vouches for who they are.

-- Where holders have said that their money is to go. Which account it is never changes; a removed row stays, because
-- whether a holder ever had another one decides about the cool-off.
CREATE TABLE destinations (
    id          uuid             PRIMARY KEY,
    holder_id   uuid             NOT NULL REFERENCES holders,
    sealed      bytea            NOT NULL,  -- Opened only to be checked or paid to.
    shown       jsonb            NOT NULL,  -- What people may see: type, bank, last four, title.
    fingerprint bytea            NOT NULL,  -- Blind index: equal destinations, unreadable.
    fingerprint_before bytea,               -- The same under the key before; payouts may carry it still.
    is_default  boolean          NOT NULL DEFAULT false,
    added_by    text             NOT NULL,
    added_at    timestamptz      NOT NULL,
    usable_at   timestamptz      NOT NULL,  -- The end of the cool-off.
    verdict     text             NOT NULL DEFAULT 'unchecked' CHECK (verdict IN ('unchecked', 'confirmed', 'denied')),
    title_found text,                       -- The name that the gateway has for this account.
    name_score  double precision CHECK (name_score BETWEEN 0 AND 1),
    checked_at  timestamptz,
    check_at    timestamptz      NOT NULL DEFAULT now(),  -- When an unchecked one may be taken: its lease's end.
    removed_at  timestamptz,
    CONSTRAINT checked_at_a_time CHECK ((verdict = 'unchecked') = (checked_at IS NULL)),
    CONSTRAINT removed_is_not_default CHECK (removed_at IS NULL OR NOT is_default)
);
CREATE UNIQUE INDEX one_live_destination_each ON destinations (holder_id, fingerprint) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX one_default_destination ON destinations (holder_id) WHERE is_default;
CREATE INDEX destinations_by_holder ON destinations (holder_id, id DESC);
CREATE INDEX destinations_by_fingerprint ON destinations (fingerprint) WHERE removed_at IS NULL;
CREATE INDEX destinations_by_fingerprint_before ON destinations (fingerprint_before)
    WHERE removed_at IS NULL AND fingerprint_before IS NOT NULL;
CREATE INDEX destinations_denied ON destinations (checked_at) WHERE verdict = 'denied' AND removed_at IS NULL;
CREATE INDEX destinations_to_check ON destinations (check_at) WHERE verdict = 'unchecked';

-- identity ------------------------------------------------------------------------------------------------------------

-- Who may act for which holder. What does not stand here is forbidden.
CREATE TABLE holder_people (
    person_id uuid        NOT NULL CONSTRAINT linked_person_exists REFERENCES people,
    holder_id uuid        NOT NULL CONSTRAINT linked_holder_exists REFERENCES holders,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, holder_id)
);
CREATE INDEX holder_people_by_holder ON holder_people (holder_id);

-- A key without a holder is one of a whole program, for other things than a holder's key.
ALTER TABLE api_keys ALTER COLUMN holder_id DROP NOT NULL;
ALTER TABLE api_keys ADD CONSTRAINT key_is_a_programs FOREIGN KEY (program) REFERENCES programs;
ALTER TABLE api_keys ADD CONSTRAINT scopes_fit_the_key CHECK (
    CASE WHEN holder_id IS NULL
        THEN scopes <@ ARRAY['earnings:write', 'earnings:read', 'holders:write', 'holders:read']
        ELSE NOT scopes && ARRAY['earnings:write', 'earnings:read', 'holders:write', 'holders:read']
    END);
