-- Following one id through all rooms. Runs with search_path = bursar.

-- foundation ----------------------------------------------------------------------------------------------------------

-- Both columns are always asked for together, so this order serves as well, and finds a key whose caller is not known.
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, ADD PRIMARY KEY (key, caller);

CREATE INDEX audit_notes_by_correlation ON audit_notes (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_notes_by_subject ON audit_notes (subject, id);

-- payouts -------------------------------------------------------------------------------------------------------------

CREATE INDEX payouts_by_correlation ON payouts (correlation_id) WHERE correlation_id IS NOT NULL;

-- An asker's reference is what people have in hand, and nobody asks for one holder's alone; a run gives all of its
-- payouts the same, of which the latest are looked at.
DROP INDEX payouts_by_reference;
CREATE INDEX payouts_by_reference ON payouts (reference, id);

-- What people and their systems did to payouts bears their own request's id. All else bears the payout's, and is no
-- part of this index: the great mass of events costs nothing more.
CREATE INDEX payout_events_by_request ON payout_events (correlation_id)
    WHERE verb <> 'request' AND actor NOT LIKE 'system:%' AND actor NOT LIKE 'gateway:%' AND correlation_id IS NOT NULL;

-- dispatch ------------------------------------------------------------------------------------------------------------

ALTER TABLE attempts ADD COLUMN correlation_id text;  -- Its payout's: whoever hears of an attempt knows the story.
CREATE INDEX attempts_by_gateway_reference ON attempts (gateway_reference) WHERE gateway_reference IS NOT NULL;

-- outbound: webhooks --------------------------------------------------------------------------------------------------

ALTER TABLE messages ADD COLUMN correlation_id text;  -- The event's; null for a test.

-- schedules -----------------------------------------------------------------------------------------------------------

CREATE INDEX runs_by_correlation ON runs (correlation_id) WHERE correlation_id IS NOT NULL;
