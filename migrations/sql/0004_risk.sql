-- What risk looks at and found. Runs with search_path = bursar.

-- holders -------------------------------------------------------------------------------------------------------------

-- Holders, names and destinations whose payouts are held. An entry that was lifted stays, because a replay asks how
-- things stood then.
CREATE TABLE denied (
    id                uuid        PRIMARY KEY,
    holder_id         uuid        REFERENCES holders,
    name              text,
    name_keys         text[],                -- How its words begin: what finds names that may be meant.
    destination       bytea,                 -- Sealed, so that its index can follow the key.
    destination_index bytea,                 -- Blind index, as payouts have it.
    reason            text        NOT NULL,
    denied_by         text        NOT NULL,
    denied_at         timestamptz NOT NULL,
    lifted_by         text,
    lifted_at         timestamptz,
    CONSTRAINT denies_one_thing CHECK (num_nonnulls(holder_id, name, destination_index) = 1),
    CONSTRAINT names_have_keys CHECK ((name IS NULL) = (name_keys IS NULL)),
    CONSTRAINT indexes_have_destinations CHECK ((destination_index IS NULL) = (destination IS NULL)),
    CONSTRAINT lifted_by_somebody CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
CREATE UNIQUE INDEX denied_once_holder ON denied (holder_id) WHERE lifted_at IS NULL;
CREATE UNIQUE INDEX denied_once_name ON denied (lower(name)) WHERE lifted_at IS NULL;
CREATE UNIQUE INDEX denied_once_destination ON denied (destination_index) WHERE lifted_at IS NULL;
CREATE INDEX denied_by_holder ON denied (holder_id) WHERE holder_id IS NOT NULL;
CREATE INDEX denied_by_destination ON denied (destination_index) WHERE destination_index IS NOT NULL;
CREATE INDEX denied_by_name ON denied USING gin (name_keys) WHERE name_keys IS NOT NULL;

-- payouts -------------------------------------------------------------------------------------------------------------

-- A constant default is kept in the catalogue, so no row is rewritten. Before, every finding asked for people.
ALTER TABLE payouts
    ADD COLUMN verdict  text    NOT NULL DEFAULT 'pass' CONSTRAINT verdict_is_known CHECK (verdict IN ('pass', 'low', 'medium', 'high')),
    ADD COLUMN reviewed boolean NOT NULL DEFAULT false;  -- Whether people had to look.
UPDATE payouts SET verdict = 'high', reviewed = true WHERE findings <> '[]';

-- Who else is paid there, and since when a holder is; a step from holder to holder, however many payouts each has.
CREATE INDEX payouts_by_destination ON payouts (destination_index, holder_id, id);
-- How a holder's payouts ended. Most events are neither, so writing them costs nothing more.
CREATE INDEX payout_events_by_outcome ON payout_events (holder_id, verb, at) WHERE verb IN ('settle', 'fail');

-- approvals -----------------------------------------------------------------------------------------------------------

-- A new round may need another number of people: it is asked for under other terms.
DROP TRIGGER requests_keep_their_terms ON approval_requests;
CREATE TRIGGER requests_keep_their_terms BEFORE UPDATE OF subject_id, requester OR DELETE ON approval_requests
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rounds_keep_their_terms BEFORE UPDATE OF needed ON approval_requests
    FOR EACH ROW WHEN (NEW.needed <> OLD.needed AND NEW.round = OLD.round) EXECUTE FUNCTION refuse_change();
