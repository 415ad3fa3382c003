-- The reference that the product is measured against: what a careful person writes when each payout is one call of one
-- function in one transaction, called by pgbench with 16 clients over prepared statements.
--
-- Fair to the product: same tables, indexes, constraints and triggers (the product's own migrations made this
-- database), the same rows in the same sizes, one commit for each payout, on the same durable server.
-- Fair to the reference: it is spared whatever the product does outside the database. It parses no JSON, checks no
-- field, judges no risk, seals no destination, hashes no body and builds no answer: those bytes are constants that pgbench
-- sends once, taken from a payout that the product made. Only what an index wants to be different is made anew: ids, the
-- idempotency key, the reference. There is no HTTP and no second look at the key's scopes, the terms or the amount.

-- One payout: the API key by its hash, the idempotency key with body hash and answer, the payout, two events, the
-- balance and the transfer. The balance comes last but one, so that its lock is held as briefly as possible.
CREATE OR REPLACE FUNCTION bench_create(
    merchant integer, wanted bigint, group_ text, sealed bytea, shown jsonb, blind bytea, digest_ bytea, findings_ jsonb,
    body_hash_ bytea, answer_ bytea
) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    asker   record;
    figures record;
    stored  bytea;
    key_    text := gen_random_uuid()::text;
    payout  uuid := bench_id();
    trace   text := 'corr_' || left(replace(key_, '-', ''), 20);
BEGIN
    SELECT id, holder_id, program INTO STRICT asker FROM api_keys
    WHERE key_hash = sha256(('key-' || merchant)::bytea)
      AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now());

    INSERT INTO idempotency_keys (caller, key, body_hash, status, answer)
    VALUES (asker.holder_id, key_, body_hash_, 201, answer_) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT answer INTO STRICT stored FROM idempotency_keys
        WHERE caller = asker.holder_id AND key = key_ AND body_hash = body_hash_;
        RETURN stored;
    END IF;

    INSERT INTO payouts (
        id, program, terms_version, holder_id, reference, amount, currency, state, version, destination,
        destination_shown, destination_group, destination_index, digest, findings, requester, correlation_id, kind)
    VALUES (
        payout, asker.program, 1, asker.holder_id, 'order-' || left(key_, 13), wanted, 'PKR', 'approved', 2, sealed,
        shown, group_, blind, digest_, findings_, 'key:' || asker.id, trace, 'merchant');

    INSERT INTO payout_events (payout_id, holder_id, seq, verb, from_state, to_state, actor, correlation_id)
    VALUES (payout, asker.holder_id, 1, 'request', NULL, 'requested', 'key:' || asker.id, trace),
           (payout, asker.holder_id, 2, 'approve', 'requested', 'approved', 'system:terms', trace);

    UPDATE balances SET available = available - wanted, reserved = reserved + wanted
    WHERE holder_id = asker.holder_id AND currency = 'PKR' AND available >= wanted
    RETURNING available, reserved, available_account, reserved_account INTO STRICT figures;

    INSERT INTO transfers (
        id, kind, debit_account, credit_account, amount, currency, holder_id, payout_id, reservation, step,
        available_after, reserved_after)
    VALUES (
        bench_id(), 'reserve', figures.available_account, figures.reserved_account, wanted, 'PKR', asker.holder_id,
        payout, 1, 0, figures.available, figures.reserved);
    RETURN answer_;
END $$;

-- One payout from waiting to completed: claimed past those that others hold, its attempt, its two events, the balance
-- and the transfer. The product moves the payout and its attempt twice, around the call to the gateway, in two
-- transactions; the reference writes where both end up, in one.
CREATE OR REPLACE FUNCTION bench_claim() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    waiting record;
    figures record;
    attempt uuid := bench_id();
    answer  text;
BEGIN
    SELECT id, holder_id, program, terms_version, amount, currency, version, correlation_id INTO STRICT waiting
    FROM payouts
    WHERE program = 'merchants' AND state IN ('approved', 'retrying') AND due_at <= now()
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED;

    answer := 'PSP' || left(replace(waiting.id::text, '-', ''), 22);
    UPDATE payouts SET state = 'completed', version = version + 2, gateway = 'mockbank', gateway_reference = answer,
                       tries = 1, updated_at = now(), processed_at = now()
    WHERE id = waiting.id;

    INSERT INTO attempts (
        id, payout_id, holder_id, program, terms_version, amount, currency, generation, gateway, key, batch_id, outcome,
        gateway_reference, window_ends_at, answer, answered_at, correlation_id)
    VALUES (
        attempt, waiting.id, waiting.holder_id, waiting.program, waiting.terms_version, waiting.amount, waiting.currency,
        1, 'mockbank', replace(waiting.id::text, '-', '') || '-1', attempt, 'paid', answer,
        now() + interval '19.2 hours', jsonb_build_object('status', 'SUCCESS', 'pspReference', answer), now(),
        waiting.correlation_id);

    INSERT INTO payout_events (payout_id, holder_id, seq, verb, from_state, to_state, facts, actor, correlation_id)
    VALUES (waiting.id, waiting.holder_id, waiting.version + 1, 'send', 'approved', 'sending', '{}', 'system:dispatch',
            waiting.correlation_id),
           (waiting.id, waiting.holder_id, waiting.version + 2, 'settle', 'sending', 'completed',
            '{"attempt": 1, "source": "answer"}', 'gateway:mockbank', waiting.correlation_id);

    UPDATE balances SET reserved = reserved - waiting.amount
    WHERE holder_id = waiting.holder_id AND currency = waiting.currency
    RETURNING available, reserved, reserved_account INTO STRICT figures;

    INSERT INTO transfers (
        id, kind, debit_account, credit_account, amount, currency, holder_id, payout_id, reservation, step,
        available_after, reserved_after)
    SELECT bench_id(), 'post', figures.reserved_account, a.id, waiting.amount, waiting.currency, waiting.holder_id,
           waiting.id, 1, 1, figures.available, figures.reserved
    FROM accounts a WHERE a.kind = 'clearing' AND a.owner = 'mockbank' AND a.currency = waiting.currency;
    RETURN waiting.id;
END $$;

-- Time-ordered where the server can make them, as the product's own ids are; random ones would cost it index pages.
DO $$ BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION bench_id() RETURNS uuid LANGUAGE sql RETURN %s()',
        CASE WHEN current_setting('server_version_num')::integer >= 180000 THEN 'uuidv7' ELSE 'gen_random_uuid' END);
END $$;
