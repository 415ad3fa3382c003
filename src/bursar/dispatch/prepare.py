"""Prepare: claim what is due, check everything once more, and write down what is about to be sent."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bursar import approvals, payouts, programs
from bursar.dispatch import store, switches
from bursar.dispatch.model import RESEND_SHARE, AttemptState, Prepared, gateway_key
from bursar.foundation import ids, log
from bursar.foundation.crypto import CannotOpen, Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.faults import fault
from bursar.foundation.money import Money
from bursar.gateways import Gateway, Instruction
from bursar.holders import Destination

BLOCKED_SECONDS: Final = 3600.0  # How long a payout that needs a person's eye stays out of the queue's way.
ACTOR: Final = "system:dispatch"

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """What was claimed together.

    ``blocker`` says why nothing was, when something forbids it. ``next_in`` is in how many seconds the next payout is
    due, as far as that is known; None when none waits.
    """

    prepared: tuple[Prepared, ...] = ()
    blocker: str | None = None
    next_in: float | None = None


async def prepare(
    tx: Transaction, *, terms: programs.Terms, gateway: Gateway, keyring: Keyring, book: programs.Book
) -> Batch:
    """Claim the next batch of a program and write its attempts; once this commits, it may be sent.

    Checked inside the claim, so that no change can slip in between: kill switches and circuit, today's limits, the
    approvals and that they are for these very bytes, that the destination is still the one that was judged, and that
    no break about it is open. What fails a check is not sent: it waits with a blocker that says why.
    """
    allowed = await switches.standing(tx)
    blocker = allowed.blocker(program=terms.program, gateway=gateway.name)
    if blocker is not None:
        return Batch(blocker=blocker)
    taken, at = await payouts.take_waiting(
        tx, terms.program, limit=terms.dispatch.batch_size, except_holders=allowed.holders
    )
    next_in = None
    if len(taken) < terms.dispatch.batch_size:  # Else more may be due already, which the next claim will find.
        next_in = await payouts.seconds_to_next(tx, terms.program)
    if not taken:
        return Batch(next_in=next_in)
    fault("dispatch.before_intent")
    disputed = await store.disputed(tx, taken)
    approved = await _approved(tx, taken)
    opened, blocked = _check(taken.values(), terms=terms, keyring=keyring, approved=approved, disputed=disputed)
    await _block(tx, blocked, told=disputed, gateway=gateway.name, at=at)
    if not opened:
        return Batch(next_in=next_in)
    prepared = await _commit_to(tx, opened, taken, terms=terms, gateway=gateway, book=book, at=at)
    return Batch(prepared=prepared, next_in=next_in)


async def _approved(tx: Transaction, taken: Mapping[UUID, payouts.Payout]) -> set[UUID]:
    """Those that needed no person, and those on whose present bytes enough people agreed."""
    reviewed = [payout for payout in taken.values() if payout.findings]
    fine = set(taken) - {payout.id for payout in reviewed}
    if reviewed:
        polls = await approvals.polls(tx, [payout.id for payout in reviewed])
        fine |= {payout.id for payout in reviewed if _agreed(polls.get(payout.id), payout)}
    return fine


def _agreed(poll: approvals.Poll | None, payout: payouts.Payout) -> bool:
    return poll is not None and poll.standing is approvals.Standing.APPROVED and poll.request.digest == payout.digest


def _check(
    taken: Iterable[payouts.Payout],
    *,
    terms: programs.Terms,
    keyring: Keyring,
    approved: set[UUID],
    disputed: Mapping[UUID, str],
) -> tuple[list[tuple[payouts.Payout, Destination]], dict[str, list[payouts.Payout]]]:
    """Open each destination; those that may not leave come back under the reason why."""
    opened, blocked = [], defaultdict(list)
    for payout in taken:
        if payout.id in disputed:
            blocked[disputed[payout.id]].append(payout)
        elif payout.id not in approved:
            blocked["not_approved"].append(payout)
        elif (destination := _open(payout, keyring)) is None:
            blocked["destination_altered"].append(payout)
        elif _is_over(terms.limits.maximum, payout.amount):
            blocked["over_limit"].append(payout)
        else:
            opened.append((payout, destination))
    return opened, blocked


def _open(payout: payouts.Payout, keyring: Keyring) -> Destination | None:
    try:
        return payouts.open_destination(payout, keyring)
    except (CannotOpen, Refusal):
        return None


def _is_over(maximum: Money | None, amount: Money) -> bool:
    """Whether today's terms no longer allow this much; the program may even have changed its currency since."""
    return maximum is not None and (maximum.currency != amount.currency or not maximum.covers(amount))


async def _block(
    tx: Transaction,
    blocked: Mapping[str, Sequence[payouts.Payout]],
    *,
    told: Collection[UUID],
    gateway: str,
    at: datetime,
) -> None:
    """Make these wait, and tell people, once, about those that nothing but tampering or a lost key explains."""
    for reason, held in blocked.items():
        _log.warning("payouts.blocked", reason_code=reason, count=len(held))
        await payouts.wait_longer(tx, [payout.id for payout in held], reason=reason, seconds=BLOCKED_SECONDS)
        news = [payout for payout in held if payout.id not in told]
        if news and reason != "over_limit":
            await store.open_breaks(tx, [break_row(reason, payout, gateway=gateway, at=at) for payout in news])


async def _commit_to(
    tx: Transaction,
    opened: Sequence[tuple[payouts.Payout, Destination]],
    taken: Mapping[UUID, payouts.Payout],
    *,
    terms: programs.Terms,
    gateway: Gateway,
    book: programs.Book,
    at: datetime,
) -> tuple[Prepared, ...]:
    """Write one attempt for each payout and move it to sending."""
    batch_id, *attempt_ids = ids.series(at, len(opened) + 1)
    window_ends_at = at + gateway.capabilities.key_window * RESEND_SHARE
    lease_ends_at = at + timedelta(seconds=terms.dispatch.lease_seconds)
    prepared, rows, steps = [], [], []
    for attempt_id, (payout, destination) in zip(attempt_ids, opened, strict=True):
        generation = payout.tries + 1
        key = gateway_key(payout.id, generation)
        instruction = Instruction(key=key, payout_id=payout.id, amount=payout.amount, destination=destination)
        prepared.append(Prepared(attempt_id, 1, instruction, payout.destination_group))
        rows.append(
            (attempt_id, payout.id, payout.holder_id, payout.program, payout.terms_version, payout.amount.minor,
             payout.amount.currency, generation, gateway.name, key, batch_id, AttemptState.OPEN.value, at,
             lease_ends_at, window_ends_at)
        )  # fmt: skip
        steps.append(payouts.Step(payout_id=payout.id, verb="send", actor=ACTOR, gateway=gateway.name))
    await store.insert_attempts(tx, rows)
    await payouts.advance(tx, steps, book=book, locked=taken, at=at)
    return tuple(prepared)


def break_row(kind: str, payout: payouts.Payout, *, gateway: str, at: datetime) -> tuple[object, ...]:
    """One row of breaks about a payout."""
    return (ids.new(at), kind, payout.id, gateway, payout.amount.minor, payout.amount.currency, {})
