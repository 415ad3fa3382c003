-- An approval that is void (its terms changed before the payout left) sends its payout back to review.
-- Runs with search_path = bursar.

ALTER TABLE payout_events DROP CONSTRAINT history_follows_the_table;
ALTER TABLE payout_events ADD CONSTRAINT history_follows_the_table CHECK ((verb, coalesce(from_state, ''), to_state) IN (
    ('request', '', 'requested'),
    ('review', 'requested', 'in_review'), ('review', 'approved', 'in_review'),
    ('approve', 'requested', 'approved'), ('approve', 'in_review', 'approved'),
    ('reject', 'requested', 'rejected'), ('reject', 'in_review', 'rejected'),
    ('cancel', 'requested', 'cancelled'), ('cancel', 'in_review', 'cancelled'),
    ('cancel', 'approved', 'cancelled'), ('cancel', 'retrying', 'cancelled'),
    ('send', 'approved', 'sending'), ('send', 'retrying', 'sending'),
    ('accept', 'sending', 'sent'),
    ('hold', 'sending', 'on_hold'), ('hold', 'sent', 'on_hold'),
    ('resume', 'on_hold', 'sent'),
    ('settle', 'sending', 'completed'), ('settle', 'sent', 'completed'), ('settle', 'on_hold', 'completed'),
    ('defer', 'sending', 'retrying'), ('defer', 'sent', 'retrying'),
    ('fail', 'sending', 'failed'), ('fail', 'sent', 'failed'), ('fail', 'retrying', 'failed'), ('fail', 'on_hold', 'failed'),
    ('retry', 'failed', 'approved'),
    ('return', 'completed', 'returned'))) NOT VALID;
ALTER TABLE payout_events VALIDATE CONSTRAINT history_follows_the_table;
