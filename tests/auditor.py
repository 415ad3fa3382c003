"""Checks the laws of the design (section 11) from the outside.

It judges by SQL of its own, the gateway's own book, and what clients were told, and shares no code with the product: a
mistake there is not repeated here.

    assert await complaints(connection, book=book, asked=asked, told=told, secrets=[...], outputs=[...]) == []

Law 9 (one run per occurrence) begins to be checked when there are runs.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from auditor_debts import debts_are_explained
from auditor_earnings import earnings_follow_their_payouts, earnings_stand_for_money
from auditor_money import accounts_balance, nothing_is_overdrawn, reservations_end_once
from auditor_orders import orders_pay_once

Row = dict[str, Any]

# The table of section 3 with the steps of decisions 0016 and 0025, written out once more: verb, from, to.
STEPS: Final = {
    ("request", None, "requested"),
    *(("review", state, "in_review") for state in ("requested", "approved")),
    *(("approve", state, "approved") for state in ("requested", "in_review")),
    *(("reject", state, "rejected") for state in ("requested", "in_review")),
    *(("cancel", state, "cancelled") for state in ("requested", "in_review", "approved", "retrying")),
    *(("send", state, "sending") for state in ("approved", "retrying")),
    ("accept", "sending", "sent"),
    *(("hold", state, "on_hold") for state in ("sending", "sent")),
    ("resume", "on_hold", "sent"),
    *(("settle", state, "completed") for state in ("sending", "sent", "on_hold")),
    *(("defer", state, "retrying") for state in ("sending", "sent")),
    *(("fail", state, "failed") for state in ("sending", "sent", "retrying", "on_hold")),
    ("retry", "failed", "approved"),
    *(("reopen", state, "sending") for state in ("failed", "cancelled")),
    ("return", "completed", "returned"),
}

CLAIMING: Final = timedelta(seconds=5)
"""An attempt is dated by the beginning of its transaction, which may have waited so long before it saw the approval."""

LIVE: Final = {"open", "unknown", "accepted", "held"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for: amount in minor units, and where the money goes."""

    amount: int
    currency: str
    bank_code: str
    account_number: str

    @property
    def destination_hash(self) -> str:
        """As the sandbox writes it into its book."""
        return hashlib.sha256(f"{self.bank_code}|{self.account_number}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told for one idempotency key."""

    caller: UUID
    key: str
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything there is to judge by."""

    rows: Mapping[str, Sequence[Row]]
    book: Mapping[str, Any] | None
    asked: Mapping[UUID, Asked]
    told: Sequence[Told]

    def of(self, table: str) -> Sequence[Row]:
        """A table's rows."""
        return self.rows[table]

    def grouped(self, table: str, column: str) -> Mapping[Any, Sequence[Row]]:
        """A table's rows by one of their columns, in the order they were read."""
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in self.rows[table]:
            groups[row[column]].append(row)
        return groups


async def complaints(
    connection: "asyncpg.Connection[Any]",
    *,
    book: Mapping[str, Any] | None = None,
    asked: Mapping[UUID, Asked] | None = None,
    told: Sequence[Told] = (),
    secrets: Collection[str] = (),
    outputs: Collection[str] = (),
) -> list[str]:
    """Everything that must not be, once all is quiet; an empty list is the proof that there is nothing."""
    rows = {
        table: [dict(row) for row in await connection.fetch(f"SELECT * FROM bursar.{table} ORDER BY {order}")]
        for table, order in _TABLES.items()
    }
    evidence = Evidence(rows, book, asked or {}, told)
    found = [f"{law.__name__}: {sentence}" for law in LAWS for sentence in law(evidence)]
    found += [f"secrets_stay_secret: {sentence}" async for sentence in _leaks(connection, secrets)]
    found += [
        f"secrets_stay_secret: an output holds {secret[:6]}…"
        for secret in secrets
        for output in outputs
        if secret in output
    ]
    return found


def paid_once_for_what_was_asked(evidence: Evidence) -> Iterator[str]:
    """Law 3: in the gateway's own book each payout was paid at most once, for the same amount and destination."""
    if evidence.book is None:
        return
    payouts = {str(payout["id"]): payout for payout in evidence.of("payouts")}
    keys = {attempt["key"] for attempt in evidence.of("attempts")}
    paid: Counter[str] = Counter()
    for line in evidence.book["transfers"]:
        payout = payouts.get(line["orderId"])
        if payout is None or line["reference"] not in keys:
            yield f"the gateway knows {line['reference']}, and we do not"
            continue
        if (line["amountMinor"], line["currency"]) != (payout["amount"], payout["currency"]):
            yield f"payout {payout['id']} was sent as {line['amountMinor']} {line['currency']}"
        asked = evidence.asked.get(payout["id"])
        if asked and line["destinationHash"] != asked.destination_hash:
            yield f"payout {payout['id']} was sent to another account than was asked for"
        if asked and (payout["amount"], payout["currency"]) != (asked.amount, asked.currency):
            yield f"payout {payout['id']} is not for the amount that was asked for"
        paid[line["orderId"]] += line["status"] in {"SUCCESS", "RETURNED"}
    yield from (f"payout {order} was paid {times} times" for order, times in paid.items() if times > 1)


def clearing_is_the_book(evidence: Evidence) -> Iterator[str]:
    """Law 3: once all is quiet, a payout is completed just where the book says so, and clearing equals the book."""
    if evidence.book is None:
        return
    disputed = {entry["payout_id"] for entry in evidence.of("breaks") if entry["closed_at"] is None}
    said = {line["orderId"]: line for line in evidence.book["transfers"] if line["status"] in {"SUCCESS", "RETURNED"}}
    for payout in evidence.of("payouts"):
        line = said.get(str(payout["id"]))
        ours = {"completed": "SUCCESS", "returned": "RETURNED"}.get(payout["state"])
        if ours != (line["status"] if line else None) and payout["id"] not in disputed:
            yield f"payout {payout['id']} is {payout['state']}, the book says {line and line['status']}"
    accounts = {row["id"]: row for row in evidence.of("accounts") if row["kind"] == "clearing"}
    cleared: Counter[str] = Counter()
    for transfer in evidence.of("transfers"):
        cleared[transfer["currency"]] += transfer["amount"] * (
            (transfer["credit_account"] in accounts) - (transfer["debit_account"] in accounts)
        )
    book = {currency: total["net_minor"] for currency, total in evidence.book["totals"].items()}
    for currency in {*book, *cleared} if not disputed else ():
        if cleared[currency] != book.get(currency, 0):
            yield f"clearing holds {cleared[currency]} {currency}, the book says {book.get(currency, 0)}"


def nobody_is_forgotten(evidence: Evidence) -> Iterator[str]:
    """Law 4: what is not at rest has an owner and a next action."""
    attempts = evidence.grouped("attempts", "payout_id")
    watched = {entry["payout_id"] for entry in evidence.of("breaks") if entry["closed_at"] is None}
    under_vote = {request["subject_id"] for request in evidence.of("approval_requests")}
    for payout in evidence.of("payouts"):
        live = [attempt for attempt in attempts.get(payout["id"], []) if attempt["outcome"] in LIVE]
        if payout["state"] == "retrying" and payout["due_at"].tzinfo is None:  # The driver's word for infinity.
            yield f"payout {payout['id']} is to be tried again, and at no time"
        match payout["state"]:
            case "requested":
                yield f"payout {payout['id']} was never judged"
            case "in_review" if payout["id"] not in under_vote:
                yield f"payout {payout['id']} is in review, and nobody was asked"
            case "sending" | "sent" | "on_hold":
                if len(live) != 1:
                    yield f"payout {payout['id']} is {payout['state']} with {len(live)} live attempts"
                elif live[0]["look_at"] is None and payout["id"] not in watched:
                    yield f"payout {payout['id']} is {payout['state']}, and nobody will look"
            case state if live and state not in {"sending", "sent", "on_hold"}:
                yield f"payout {payout['id']} is {state} with a live attempt"


def attempts_are_numbered(evidence: Evidence) -> Iterator[str]:
    """Law 3: one key for each attempt, derived from payout and number, one after the other."""
    attempts = evidence.grouped("attempts", "payout_id")
    for payout in evidence.of("payouts"):
        made = sorted(attempts.get(payout["id"], []), key=lambda attempt: attempt["generation"])
        if [attempt["generation"] for attempt in made] != list(range(1, payout["tries"] + 1)):
            yield f"payout {payout['id']} says {payout['tries']} tries, and has {len(made)} attempts"
        for attempt in made:
            if attempt["key"] != f"{payout['id'].hex}-{attempt['generation']}":
                yield f"attempt {attempt['id']} has the key {attempt['key']}"


def history_follows_the_table(evidence: Evidence) -> Iterator[str]:
    """Law 5: each step is in the table, begins where the last one ended, and the last leads to where it stands."""
    events = evidence.grouped("payout_events", "payout_id")
    for payout in evidence.of("payouts"):
        state = None
        for place, event in enumerate(events.get(payout["id"], []), start=1):
            if event["seq"] != place:
                yield f"payout {payout['id']} has a gap before step {event['seq']}"
            if event["from_state"] != state or (event["verb"], state, event["to_state"]) not in STEPS:
                yield f"payout {payout['id']} took the step {event['verb']} from {state} to {event['to_state']}"
            state = event["to_state"]
        if (state, len(events.get(payout["id"], []))) != (payout["state"], payout["version"]):
            yield f"payout {payout['id']} is {payout['state']} at {payout['version']}, its history ends in {state}"


def enough_people_agreed(evidence: Evidence) -> Iterator[str]:
    """Law 6: before the first attempt, enough different people agreed, none of them the requester, on these bytes.

    A review that began again covers what was sent after it.
    """
    requests = {request["subject_id"]: request for request in evidence.of("approval_requests")}
    votes = evidence.grouped("votes", "subject_id")
    reviewed = {event["payout_id"]: event["at"] for event in evidence.of("payout_events") if event["verb"] == "review"}
    firsts: dict[UUID, Any] = {}
    for attempt in evidence.of("attempts"):
        name, sent_at = attempt["payout_id"], attempt["sent_at"]
        if name in reviewed and sent_at >= reviewed[name]:
            firsts[name] = min(sent_at, firsts.get(name, sent_at))
    for payout in evidence.of("payouts"):
        if payout["reviewed"] != (payout["id"] in reviewed):
            yield f"payout {payout['id']} says reviewed: {payout['reviewed']}, and its history says otherwise"
        if payout["id"] not in firsts:
            continue
        request = requests[payout["id"]]
        agreed = {
            vote["person_id"]
            for vote in votes.get(payout["id"], [])
            if vote["in_favour"] and vote["digest"] == payout["digest"] and vote["round"] == request["round"]
            and vote["cast_at"] <= firsts[payout["id"]] + CLAIMING
        } - {payout["requester_person"]}  # fmt: skip
        if len(agreed) < request["needed"] or request["digest"] != payout["digest"]:
            yield f"payout {payout['id']} was sent with {len(agreed)} of {request['needed']} approvals"


def what_clients_heard_is_true(evidence: Evidence) -> Iterator[str]:
    """Law 7: one payout and one answer for each key, and what a 2xx said still stands."""
    payouts = {str(payout["id"]): payout for payout in evidence.of("payouts")}
    stored = {(row["caller"], row["key"]): row for row in evidence.of("idempotency_keys")}
    ids: dict[tuple[UUID, str], str] = {}
    for told in evidence.told:
        if not 200 <= told.status < 300:
            continue
        said = json.loads(told.body)
        payout = payouts.get(said["id"])
        if payout is None or payout["reference"] != said["merchantReference"]:
            yield f"a client was told of payout {said['id']}, which does not exist so"
        if ids.setdefault((told.caller, told.key), said["id"]) != said["id"]:
            yield f"key {told.key} gave two payouts"
        kept = stored.get((told.caller, told.key))
        if kept is None or (kept["status"], kept["answer"]) != (told.status, told.body):
            yield f"key {told.key} was answered otherwise than is stored"
    heard = set(ids.values())
    yield from (f"payout {one} has two keys" for one, times in Counter(ids.values()).items() if times > 1)
    references = Counter(payouts[one]["reference"] for one in payouts if one in heard)
    yield from (f"{reference} was made {times} times" for reference, times in references.items() if times > 1)


def reports_and_messages_are_settled(evidence: Evidence) -> Iterator[str]:
    """Law 8: reports are applied at most once each, messages are delivered at least once or exhausted."""
    for report in evidence.of("reports"):
        if report["result"] is None or (report["apply_at"] is not None and report["result"] != "unmatched"):
            yield f"report {report['event_id']} was never settled"
    for delivery in evidence.of("deliveries"):
        if delivery["state"] == "waiting":
            yield f"delivery {delivery['id']} still waits"
    told = {(message["payout_id"], message["seq"]) for message in evidence.of("messages") if message["payout_id"]}
    known = {(event["payout_id"], event["seq"]) for event in evidence.of("payout_events")}
    yield from (
        f"a message tells of step {seq} of {payout_id}, which was never taken" for payout_id, seq in told - known
    )


async def _leaks(connection: "asyncpg.Connection[Any]", secrets: Collection[str]) -> AsyncIterator[str]:
    """Law 10: no secret in any table, neither as text nor as bytes."""
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'bursar'")
    for secret in secrets:
        shapes = [f"%{secret}%", f"%{secret.encode().hex()}%"]
        for (table,) in tables:
            looking = f"SELECT true FROM bursar.{table} t WHERE t::text LIKE ANY($1) LIMIT 1"
            if await connection.fetchval(looking, shapes):
                yield f"the table {table} holds {secret[:6]}…"


Law = Callable[[Evidence], Iterator[str]]

LAWS: Final[tuple[Law, ...]] = (
    accounts_balance,
    nothing_is_overdrawn,
    reservations_end_once,
    earnings_stand_for_money,
    earnings_follow_their_payouts,
    debts_are_explained,
    orders_pay_once,
    paid_once_for_what_was_asked,
    clearing_is_the_book,
    nobody_is_forgotten,
    attempts_are_numbered,
    history_follows_the_table,
    enough_people_agreed,
    what_clients_heard_is_true,
    reports_and_messages_are_settled,
)

_TABLES: Final = {
    "accounts": "id",
    "approval_requests": "subject_id",
    "attempts": "payout_id, generation",
    "balances": "holder_id, currency",
    "breaks": "id",
    "debt_recoveries": "debt_id, part",
    "debts": "id",
    "deliveries": "id",
    "earning_payoffs": "payout_id, reservation, earning_id",
    "earning_withholdings": "transfer_id, earning_id",
    "earnings": "id",
    "idempotency_keys": "caller, key",
    "messages": "id",
    "orders": "id",
    "payout_events": "payout_id, seq",
    "payouts": "id",
    "recruits": "seller_id",
    "reports": "gateway, event_id",
    "transfers": "holder_id, id",
    "votes": "subject_id, cast_at",
}
