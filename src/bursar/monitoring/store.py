"""Statements that look across rooms, to check what no room can check alone. They read and change nothing."""

from typing import Final

from bursar.foundation.db import Record, Transaction

SHOWN_MAX: Final = 20  # Per law: the first ones lead to the cause.


async def be_patient(tx: Transaction) -> None:
    """Let the statements of this transaction take up to a quarter of an hour: they read everything there is."""
    await tx.run("SET LOCAL statement_timeout = '15min'")


async def forgotten_payouts(tx: Transaction) -> list[Record]:
    """Payouts that are not at rest and that nobody will look at again."""
    return await tx.many(
        """
        SELECT p.id, p.state FROM payouts p
        WHERE (p.state IN ('requested', 'in_review', 'sending', 'sent', 'on_hold')
               OR (p.state = 'retrying' AND p.due_at = 'infinity'))  -- An approved one waits for its program's run.
          AND NOT (p.state = 'in_review' AND EXISTS (SELECT FROM approval_requests r WHERE r.subject_id = p.id))
          AND NOT (p.state IN ('sending', 'sent', 'on_hold') AND EXISTS (
              SELECT FROM attempts a WHERE a.payout_id = p.id AND a.outcome IN ('open', 'unknown', 'accepted', 'held')
              AND (a.look_at IS NOT NULL OR EXISTS (
                  SELECT FROM breaks b WHERE b.payout_id = p.id AND b.closed_at IS NULL))))
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def broken_histories(tx: Transaction) -> list[Record]:
    """Payouts whose events have a gap, do not join, or do not lead to where the payout stands."""
    return await tx.many(
        """
        WITH steps AS (
            SELECT payout_id, seq, to_state, from_state,
                   lag(to_state) OVER (PARTITION BY payout_id ORDER BY seq) AS before,
                   row_number() OVER (PARTITION BY payout_id ORDER BY seq) AS place
            FROM payout_events)
        SELECT p.id, p.state FROM payouts p
        LEFT JOIN (
            SELECT payout_id, max(seq) AS steps,
                   bool_and(seq = place AND from_state IS NOT DISTINCT FROM before) AS joined,
                   (array_agg(to_state ORDER BY seq DESC))[1] AS ended
            FROM steps GROUP BY payout_id) h ON h.payout_id = p.id
        WHERE h.payout_id IS NULL OR NOT h.joined OR h.steps <> p.version OR h.ended <> p.state
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def unapproved_attempts(tx: Transaction) -> list[Record]:
    """Payouts that needed people and were sent without enough of them, or on other bytes.

    What was sent before an approval was reopened went by the approval before it.
    """
    return await tx.many(
        """
        SELECT p.id FROM payouts p
        LEFT JOIN approval_requests r ON r.subject_id = p.id
        WHERE p.reviewed
          AND EXISTS (SELECT FROM attempts a WHERE a.payout_id = p.id AND a.sent_at >= coalesce(r.opened_at, a.sent_at))
          AND (r.subject_id IS NULL OR r.digest <> p.digest OR r.needed > (
              SELECT count(DISTINCT v.person_id) FROM votes v
              WHERE v.subject_id = p.id AND v.round = r.round AND v.in_favour AND v.digest = p.digest
                AND v.person_id IS DISTINCT FROM r.requester))
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def reservations_out_of_step(tx: Transaction) -> list[Record]:
    """Payouts whose money does not stand where their state says: reserved while open, released or posted at rest."""
    return await tx.many(
        """
        WITH money AS (
            SELECT payout_id, count(*) FILTER (WHERE step = 0) - count(*) FILTER (WHERE step = 1) AS open,
                   count(*) FILTER (WHERE kind = 'post') AS posted, count(*) FILTER (WHERE step = 2) AS reversed
            FROM transfers WHERE payout_id IS NOT NULL GROUP BY payout_id)
        SELECT p.id, p.state FROM payouts p LEFT JOIN money m ON m.payout_id = p.id
        WHERE m.payout_id IS NULL
           OR m.open <> (p.state NOT IN ('completed', 'returned', 'failed', 'rejected', 'cancelled'))::integer
           OR m.posted <> (p.state IN ('completed', 'returned'))::integer
           OR m.reversed <> (p.state = 'returned')::integer
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def earnings_without_money(tx: Transaction) -> list[Record]:
    """Holders whose earnings are available or reserved beyond what their balance has."""
    return await tx.many(
        """
        WITH earned AS (
            SELECT holder_id, currency, sum(available) AS available, sum(reserved) AS reserved
            FROM earnings GROUP BY holder_id, currency)
        SELECT e.holder_id FROM earned e
        LEFT JOIN balances b ON b.holder_id = e.holder_id AND b.currency = e.currency
        WHERE b.holder_id IS NULL OR e.available > b.available OR e.reserved > b.reserved
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def uncredited_earnings(tx: Transaction) -> list[Record]:
    """Earnings for which no money was booked under the same reference, or another amount."""
    return await tx.many(
        """
        SELECT e.id FROM earnings e
        LEFT JOIN transfers t ON t.holder_id = e.holder_id AND t.kind = 'credit' AND t.reference = e.reference
        WHERE t.id IS NULL OR (t.amount, t.currency) <> (e.amount, e.currency)
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def earnings_out_of_step(tx: Transaction) -> list[Record]:
    """Earnings whose figures are not what payouts took of them and have not given back, and what was withheld."""
    return await tx.many(
        """
        WITH taken AS (
            SELECT earning_id, coalesce(sum(amount) FILTER (WHERE state = 'reserved'), 0) AS reserved,
                   coalesce(sum(amount) FILTER (WHERE state = 'paid'), 0) AS paid,
                   coalesce(sum(amount) FILTER (WHERE state = 'suspended'), 0) AS suspended
            FROM earning_payoffs GROUP BY earning_id),
        kept AS (SELECT earning_id, sum(amount) AS withheld FROM earning_withholdings GROUP BY earning_id)
        SELECT e.id FROM earnings e
        LEFT JOIN taken t ON t.earning_id = e.id
        LEFT JOIN kept k ON k.earning_id = e.id
        WHERE (e.reserved, e.paid, e.suspended, e.withheld)
              <> (coalesce(t.reserved, 0), coalesce(t.paid, 0), coalesce(t.suspended, 0), coalesce(k.withheld, 0))
           OR e.available <> e.amount - e.reserved - e.paid - e.suspended - e.withheld
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def withholdings_out_of_step(tx: Transaction) -> list[Record]:
    """Transfers that withheld more of earnings than they moved, somebody else's, or that took nothing from a holder."""
    return await tx.many(
        """
        WITH reasons (kind, why) AS (VALUES ('take_back', 'taken_back'), ('recover', 'recovered'))
        SELECT w.transfer_id FROM earning_withholdings w
        JOIN earnings e ON e.id = w.earning_id
        LEFT JOIN transfers t ON t.holder_id = w.holder_id AND t.id = w.transfer_id
        LEFT JOIN reasons r ON r.kind = t.kind
        GROUP BY w.transfer_id, t.amount, t.currency, r.why
        HAVING coalesce(sum(w.amount) > t.amount, true)
            OR bool_or((w.why, e.holder_id, e.currency) IS DISTINCT FROM (r.why, w.holder_id, t.currency))
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def debts_out_of_step(tx: Transaction) -> list[Record]:
    """Debts whose figures are not what brought them down, or that were never booked, or not in every part."""
    return await tx.many(
        """
        WITH parts AS (
            SELECT r.debt_id, coalesce(sum(r.amount) FILTER (WHERE r.how = 'recovered'), 0) AS recovered,
                   coalesce(sum(r.amount) FILTER (WHERE r.how = 'forgiven'), 0) AS forgiven, count(*) AS parts,
                   bool_and((t.kind, t.amount) IS NOT DISTINCT FROM (
                       CASE r.how WHEN 'recovered' THEN 'recover' ELSE 'forgive' END, r.amount)) AS booked
            FROM debt_recoveries r LEFT JOIN transfers t ON t.holder_id = r.holder_id AND t.id = r.transfer_id
            GROUP BY r.debt_id)
        SELECT d.id FROM debts d
        LEFT JOIN parts p ON p.debt_id = d.id
        LEFT JOIN transfers t ON t.holder_id = d.holder_id AND t.kind = 'owe' AND t.reference = d.reference
        WHERE (d.recovered, d.forgiven, d.parts)
              <> (coalesce(p.recovered, 0), coalesce(p.forgiven, 0), coalesce(p.parts, 0))
           OR NOT coalesce(p.booked, true)
           OR (t.amount, t.currency) IS DISTINCT FROM (d.amount, d.currency)
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def debts_beside_the_books(tx: Transaction) -> list[Record]:
    """Programs whose debts account is not as far below zero as their holders owe."""
    return await tx.many(
        """
        WITH owed AS (
            SELECT program, currency, sum(amount - recovered - forgiven) AS amount FROM debts GROUP BY 1, 2),
        booked AS (
            SELECT a.owner AS program, a.currency, sum(e.amount) AS amount
            FROM accounts a JOIN ledger_entries e ON e.account_id = a.id WHERE a.kind = 'debts' GROUP BY 1, 2)
        SELECT program FROM owed FULL JOIN booked USING (program, currency)
        WHERE coalesce(owed.amount, 0) + coalesce(booked.amount, 0) <> 0
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def orders_out_of_step(tx: Transaction) -> list[Record]:
    """Orders of which something was not booked as they say, or whose payout is somebody else's or of another price."""
    return await tx.many(
        """
        WITH booked (id, holder_id, kind, reference, amount) AS (
            SELECT id, seller_id, 'credit', 'order:' || reference, price FROM orders WHERE completed_at IS NOT NULL
            UNION ALL SELECT id, seller_id, 'fee', 'order:' || reference, fee FROM orders WHERE completed_at IS NOT NULL
            UNION ALL SELECT id, scout_id, 'credit', 'bounty:' || reference, bounty FROM orders
            UNION ALL SELECT id, seller_id, 'take_back', 'refund:' || reference, taken_back FROM orders
            UNION ALL SELECT id, seller_id, 'owe', 'refund:' || reference, owed FROM orders
            UNION ALL SELECT id, seller_id, 'fee_back', 'refund:' || reference, fee FROM orders
                WHERE state = 'refunded')
        SELECT booked.id FROM booked LEFT JOIN transfers t USING (holder_id, kind, reference)
        WHERE coalesce(t.amount, 0) <> booked.amount
        UNION SELECT o.id FROM orders o JOIN payouts p ON p.id = o.payout_id
        WHERE (p.order_id, p.holder_id, p.amount + p.netted + o.recovered) IS DISTINCT FROM (o.id, o.seller_id, o.price)
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def payoffs_out_of_step(tx: Transaction) -> list[Record]:
    """Payouts that took more of earnings than they pay, somebody else's, or whose parts are not where the money is."""
    return await tx.many(
        """
        WITH money AS (
            SELECT DISTINCT ON (payout_id, reservation) payout_id, reservation, kind
            FROM transfers WHERE payout_id IS NOT NULL ORDER BY payout_id, reservation, step DESC),
        ends (kind, state) AS (VALUES ('reserve', 'reserved'), ('post', 'paid'), ('void', 'released'),
            ('reverse', 'returned'), ('reverse_to_suspense', 'suspended'),
            ('release', 'returned'), ('reclaim', 'suspended'))
        SELECT p.payout_id FROM earning_payoffs p
        JOIN payouts o ON o.id = p.payout_id
        JOIN earnings e ON e.id = p.earning_id
        LEFT JOIN money m ON m.payout_id = p.payout_id AND m.reservation = p.reservation
        LEFT JOIN ends ON ends.kind = m.kind
        GROUP BY p.payout_id, p.reservation, o.amount, o.holder_id, o.currency
        HAVING sum(p.amount) > o.amount
            OR bool_or(p.state IS DISTINCT FROM ends.state)
            OR bool_or((e.holder_id, p.holder_id, e.currency) <> (o.holder_id, o.holder_id, o.currency))
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def answers_without_payout(tx: Transaction) -> list[Record]:
    """Stored answers that promise a payout that does not exist."""
    return await tx.many(
        """
        SELECT k.key FROM idempotency_keys k
        WHERE k.status = 201 AND NOT EXISTS (
            SELECT FROM payouts p WHERE p.id = (convert_from(k.answer, 'UTF8')::jsonb ->> 'id')::uuid)
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def stuck_deliveries(tx: Transaction) -> list[Record]:
    """Messages that were neither delivered nor given up, and that nobody has tried for a day after they were due.

    (That each waiting delivery is due at some time is a CHECK of its own table.)
    """
    return await tx.many(
        "SELECT id, message_id FROM deliveries WHERE due_at < now() - interval '1 day' LIMIT $1", SHOWN_MAX
    )


async def recent_payouts(tx: Transaction, limit: int) -> list[Record]:
    """The newest payouts' ids, for samples."""
    return await tx.many("SELECT id FROM payouts ORDER BY id DESC LIMIT $1", limit)


async def texts_about(tx: Transaction, payout_id: object) -> list[Record]:
    """Every text that is kept about a payout outside its envelope, and where."""
    return await tx.many(
        """
        SELECT 'payout_events' AS place, facts::text || coalesce(reason, '') AS text
        FROM payout_events WHERE payout_id = $1
        UNION ALL
        SELECT 'attempts', coalesce(answer::text, '') || coalesce(reason, '') FROM attempts WHERE payout_id = $1
        UNION ALL
        SELECT 'payouts', destination_shown::text || findings::text FROM payouts WHERE id = $1
        UNION ALL
        SELECT 'messages', convert_from(body, 'UTF8') FROM messages WHERE payout_id = $1
        UNION ALL
        SELECT 'reports', r.facts::text FROM reports r
        JOIN attempts a ON a.gateway = r.gateway AND a.key = r.attempt_key WHERE a.payout_id = $1
        """,
        payout_id,
    )
