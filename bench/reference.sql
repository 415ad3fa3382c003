CREATE FUNCTION bench_create(
    merchant integer, wanted bigint, group_ text, sealed bytea, shown jsonb, blind bytea, digest_ bytea, body_hash_ bytea,
    answer_ bytea
) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    caller  record;
    figures record;
    key_    text := gen_random_uuid()::text;
    payout  uuid := uuidv7();
    trace   text := 'corr_' || left(replace(key_, '-', ''), 20);
    stored  bytea;
BEGIN
    SELECT id, holder_id, program INTO STRICT caller FROM api_keys
    WHERE key_hash = sha256(('key-' || merchant)::bytea)
      AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now());

    INSERT INTO idempotency_keys (caller, key, body_hash, status, answer)
    VALUES (caller.holder_id, key_, body_hash_, 201, answer_) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT answer INTO STRICT stored FROM idempotency_keys k
        WHERE k.caller = caller.holder_id AND key = key_ AND body_hash = body_hash_;
        RETURN stored;
    END IF;

    INSERT INTO payouts (
        id, program, terms_version, holder_id, reference, amount, currency, state, version, destination,
        destination_shown, destination_group, destination_index, digest, requester, correlation_id)
    VALUES (
        payout, caller.program, 1, caller.holder_id, 'order-' || left(key_, 13), wanted, 'PKR', 'approved', 2, sealed,
        shown, group_, blind, digest_, 'key:' || caller.id, trace);

    INSERT INTO payout_events (payout_id, holder_id, seq, verb, from_state, to_state, actor, correlation_id)
    VALUES (payout, caller.holder_id, 1, 'request', NULL, 'requested', 'key:' || caller.id, trace),
           (payout, caller.holder_id, 2, 'approve', 'requested', 'approved', 'system:terms', trace);

    UPDATE balances SET available = available - wanted, reserved = reserved + wanted
    WHERE holder_id = caller.holder_id AND currency = 'PKR' AND available >= wanted
    RETURNING available, reserved, available_account, reserved_account INTO STRICT figures;

    INSERT INTO transfers (
        id, kind, debit_account, credit_account, amount, currency, holder_id, payout_id, reservation, step,
        available_after, reserved_after)
    VALUES (
        uuidv7(), 'reserve', figures.available_account, figures.reserved_account, wanted, 'PKR', caller.holder_id,
        payout, 1, 0, figures.available, figures.reserved);
    RETURN answer_;
END $$;
