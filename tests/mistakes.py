"""Mistakes that such systems are known for, as they would stand in our source. The fault lab makes each on purpose."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Mistake:
    """A mistake: in which file, what is written in the place of what, and which tests should see it."""

    file: str
    right: str
    wrong: str
    seen_by: str


MISTAKES: Final = {
    "an old lease counts": Mistake(
        "dispatch/record.py",
        "told.lease_no is not None and told.lease_no != attempt.lease_no",
        "False",
        "dispatch",
    ),
    "money is released when the outcome is not known": Mistake(
        "dispatch/model.py",
        "            return _unknown(attempt, outcome, terms=terms, now=now)",
        '            return Plan(AttemptState.REFUSED, ("fail",))',
        "dispatch",
    ),
    "it is tried again when the outcome is not known": Mistake(
        "dispatch/model.py",
        "            return _unknown(attempt, outcome, terms=terms, now=now)",
        '            return Plan(AttemptState.REFUSED, ("defer",), retry_in=0.1)',
        "journeys/test_journey_faults.py",
    ),
    "it is sent again beyond the gateway's window": Mistake(
        "dispatch/inquire.py", "and at < attempt.window_ends_at and not stopped", "and not stopped", "dispatch"
    ),
    "it is sent again though it was stopped": Mistake("dispatch/inquire.py", " and not stopped", "", "dispatch"),
    "it is sent again without asking first": Mistake(
        "dispatch/inquire.py",
        "if isinstance(answer, NeverArrived) and doubt.resend:",
        "if doubt.resend:",
        "dispatch",
    ),
    "the kill switch is not looked at": Mistake(
        "dispatch/prepare.py", "    if blocker is not None:", "    if False:", "dispatch"
    ),
    "two workers claim the same payout": Mistake(
        "payouts/store.py",
        "ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
        "ORDER BY due_at, id LIMIT $2",
        "payouts",
    ),
    "a balance is read and written without a lock": Mistake(
        "ledger/store.py",
        "ORDER BY b.holder_id, b.currency FOR UPDATE OF b",
        "ORDER BY b.holder_id, b.currency",
        "ledger",
    ),
    "a payout that came to nothing keeps its earnings": Mistake(
        "payouts/advance.py", "    await earnings.follow(tx, followed, at=at)\n", "    del followed\n", "earnings"
    ),
    "the newest earning is taken first": Mistake("earnings/queue.py", "waiting[0][1]", "waiting[-1][1]", "earnings"),
    "what was altered after its approval is sent": Mistake(
        "payouts/waiting.py", "if found != payout.digest:", "if False:", "dispatch"
    ),
    "what nobody approved is sent": Mistake(
        "dispatch/prepare.py", "elif payout.id not in approved:", "elif False:", "dispatch"
    ),
    "what may have been paid already is sent": Mistake(
        "dispatch/prepare.py", "if payout.id in disputed:", "if False:", "dispatch"
    ),
    "an answer about another amount is believed": Mistake(
        "gateways/model.py",
        "    if echo is None or outcome.word is Word.UNKNOWN:",
        "    if True:",
        "gateways",
    ),
    "a report is believed whoever signed it": Mistake(
        "gateways/mockbank/wire.py", "        raise ForgedReport\n", "        pass\n", "gateways"
    ),
    "an old report is believed": Mistake(
        "gateways/mockbank/wire.py",
        "abs(now.timestamp() - int(timestamp)) > SIGNATURE_AGE_MAX",
        "False",
        "gateways",
    ),
    "a key is made by chance": Mistake(
        "dispatch/model.py",
        'return f"{payout_id.hex}-{generation}"',
        'return f"{__import__("uuid").uuid4().hex}-{generation}"',
        "dispatch",
    ),
    "a dead worker's attempt has no end of its lease": Mistake(
        "dispatch/prepare.py",
        "lease_ends_at = at + timedelta(seconds=terms.dispatch.lease_seconds)",
        "lease_ends_at = None",
        "journeys/test_crash_matrix.py",
    ),
    "an answer is given and not remembered": Mistake(
        "api/gathered.py",
        "await idempotency.remember(tx, answered)",
        "pass",
        "journeys/test_journey_twins.py",
    ),
    "a reader goes by numbers alone": Mistake(
        "foundation/outbox.py",
        "AND xid < $4::text::xid8 ORDER BY xid, id LIMIT $3\n",
        "AND $4::text IS NOT NULL ORDER BY xid, id LIMIT $3\n",
        "foundation/test_outbox.py",
    ),
    "the world is called while a transaction is open": Mistake(
        "foundation/http.py",
        "    assert not transaction_is_open.get(),",
        "    assert True,",
        "foundation/test_http.py",
    ),
    "what a refund undid is paid all the same": Mistake(
        "payouts/decide.py", "for payout in failed if payout.barred}", "for payout in failed if False}", "orders"
    ),
    "an order that is completed twice is paid twice": Mistake(
        "orders/model.py", "return self.state is target", "return False", "orders"
    ),
    "a debt is noted and never netted": Mistake(
        "payouts/netting.py", "    if not owed:", "    if True:", "payouts/test_payouts_netting.py"
    ),
}
