"""Everything that happened to a payout, in one line: its order, checks, votes, moves, attempts, money, messages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from bursar import approvals, dispatch, identity, ledger, orders, payouts
from bursar.foundation.db import Transaction
from bursar.outbound import notices, webhooks


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline; ``facts`` are for programs, ``text`` is for people."""

    at: datetime
    kind: str
    text: str
    facts: Mapping[str, Any]


async def timeline(tx: Transaction, payout: payouts.Payout) -> list[Entry]:
    """All that happened, oldest first; what is of one moment in the order in which one leads to the next."""
    history = await payouts.history(tx, payout.id)
    votes = await approvals.votes(tx, payout.id)
    deliveries = await webhooks.deliveries_about(tx, payout.id, since=payout.created_at)
    endpoints = {e.id: e.url for e in await webhooks.endpoints(tx, holder_id=payout.holder_id)} if deliveries else {}
    names = await identity.emails_of(tx, (*(move.actor for move in history), *(_actor(vote) for vote in votes)))
    moves = list(_moves(history, names))
    sold = (await orders.get_many(tx, [payout.order_id])).values() if payout.order_id else ()
    entries = [
        *(entry for order in sold for entry in of_order(order)),
        *moves[:1],  # The request: everything else follows from it.
        *_checks(payout, history),
        *_votes(votes, history, names),
        *_attempts(await dispatch.happenings(tx, payout.id)),
        *moves[1:],
        *_money(await ledger.transfers_of(tx, payout.id)),
        *_messages(deliveries, endpoints),
        *_notices(await notices.about(tx, payout.id)),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def of_order(order: orders.Order) -> Iterator[Entry]:
    """What happened to an order."""
    facts = {"order": order.id, "reference": order.reference, "price": order.price.text, "actor": order.created_by}
    yield Entry(order.created_at, "order", f"{order.item} for {order.price} is ordered, as {order.reference}", facts)
    if order.completed_at is not None:
        put_off = order.put_off
        text = "completed" if put_off is None else f"completed without a payout: {put_off.why}"
        facts = {"order": order.id, "fee": order.fee.text, "bounty": order.bounty.text, "actor": order.completed_by}
        more = {"recovered": order.recovered.text, "put_off": put_off.code if put_off else None}
        yield Entry(order.completed_at, "order", f"the order is {text}", facts | more)
    if order.ended_at is not None:
        facts = {"order": order.id, "taken_back": order.taken_back.text, "owed": order.owed.text}
        yield Entry(order.ended_at, "order", f"the order is {order.state}{_because(order.reason)}", facts)


def _checks(payout: payouts.Payout, history: Sequence[payouts.Moved]) -> Iterator[Entry]:
    """What was found about it when it was asked for, or when it was judged again because its terms had changed."""
    again = [move.at for move in history if move.verb == "review" and move.from_state is payouts.PayoutState.APPROVED]
    judged_at = again[-1] if again else history[0].at
    for finding in payout.findings:
        yield Entry(judged_at, "check", f"{finding['level']}: {finding['sentence']}", finding)


def _votes(
    votes: Sequence[approvals.Vote], history: Sequence[payouts.Moved], names: Mapping[str, str]
) -> Iterator[Entry]:
    """Votes; one that decided is of the same moment as the move that it led to."""
    decided, round_ = {}, 0
    for move in history:
        round_ += move.verb == "review"  # Each review is a round of its own.
        if move.verb in {"approve", "reject"}:
            decided[move.actor, round_] = move.at
    for vote in votes:
        who = names.get(_actor(vote), str(vote.person_id))
        word = "agreed" if vote.in_favour else "refused"
        facts = {"person": who, "in_favour": vote.in_favour, "reason": vote.reason, "round": vote.round}
        at = decided.get((_actor(vote), vote.round), vote.cast_at)
        yield Entry(at, "vote", f"{who} {word}{_because(vote.reason)}", facts)


def _attempts(happenings: Sequence[dispatch.Happening]) -> Iterator[Entry]:
    for one in happenings:
        yield Entry(one.at, one.what.partition("_")[0], _happened(one.what, one.facts), one.facts)


def _happened(what: str, facts: Mapping[str, Any]) -> str:
    match what:
        case "attempt_sent":
            return f"attempt {facts['attempt']} handed to {facts['gateway']} as {facts['key']}"
        case "attempt_answered":
            return f"attempt {facts['attempt']}: {facts['outcome']}{_because(facts['reason'])}"
        case "report":
            return f"{facts['gateway']} reported {facts['outcome']} of attempt {facts['attempt']}: {facts['result']}"
        case _:
            return ", ".join(f"{name} {value}" for name, value in facts.items())


def _moves(history: Sequence[payouts.Moved], names: Mapping[str, str]) -> Iterator[Entry]:
    for move in history:
        facts = {
            "seq": move.seq,
            "verb": move.verb,
            "from": move.from_state,
            "to": move.to_state,
            "reason": move.reason,
            "actor": move.actor,
            "correlation_id": move.correlation_id,
        }
        text = f"{move.verb}: {move.to_state}{_because(move.reason)}, by {names.get(move.actor, move.actor)}"
        yield Entry(move.at, "move", text, facts)


def _money(transfers: Sequence[ledger.Transfer]) -> Iterator[Entry]:
    for transfer in transfers:
        facts = {"transfer": transfer.id, "kind": transfer.kind, "amount": transfer.amount.text}
        places = {"from": transfer.debit.kind, "to": transfer.credit.kind}
        text = f"{transfer.kind} {transfer.amount}: {transfer.debit.kind} → {transfer.credit.kind}"
        yield Entry(transfer.at, "money", text, {**facts, **places})


def _messages(deliveries: Sequence[webhooks.Delivery], endpoints: Mapping[UUID, str]) -> Iterator[Entry]:
    for delivery in deliveries:
        host = urlsplit(endpoints.get(delivery.endpoint_id, "")).hostname or "an endpoint that was removed"
        answer = f"HTTP {delivery.last_status}" if delivery.last_status else delivery.last_error or "not tried yet"
        facts = {
            "message": delivery.name,
            "type": delivery.type,
            "endpoint": delivery.endpoint_id,
            "host": host,
            "state": delivery.state,
            "tries": delivery.tries,
            "status": delivery.last_status,
            "error": delivery.last_error,
        }
        text = f"{delivery.type} to {host}: {delivery.state} after {delivery.tries} of {delivery.tries_max} ({answer})"
        yield Entry(delivery.finished_at or delivery.created_at, "message", text, facts)


def _notices(told: Sequence[notices.Notice]) -> Iterator[Entry]:
    for notice in told:
        facts = {
            "notice": notice.id,
            "about": notice.kind,
            "channel": notice.address.channel,
            "to": notice.to,
            "state": notice.state,
            "tries": notice.tries,
            "error": notice.last_error,
        }
        text = f"{notice.kind} to {notice.to}: {notice.state}{_because(notice.last_error)}"
        yield Entry(notice.finished_at or notice.created_at, "notice", text, facts)


def _actor(vote: approvals.Vote) -> str:
    return identity.actor("person", vote.person_id)


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""
