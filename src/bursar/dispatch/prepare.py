"""Prepare: claim what is due, check everything once more, and write down what is about to be sent."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bursar import approvals, payouts, programs
from bursar.dispatch import floats, holds, store, switches
from bursar.dispatch.floats import LOW_FLOAT
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
HANDED_OVER_MAX: Final = 10_000  # At a time, of what was left waiting for a run when the program's terms changed.
ACTOR: Final = "system:dispatch"

_Opened = tuple[payouts.Payout, Destination]

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """What was claimed together.

    ``taken`` counts those too that may not leave and were made to wait. ``blocker`` says why nothing was claimed, when
    something forbids it. ``next_in`` is in how many seconds the next payout is due, as far as that is known; None when
    none waits.
    """

    taken: int = 0
    prepared: tuple[Prepared, ...] = ()
    blocker: str | None = None
    next_in: float | None = None


async def prepare(
    tx: Transaction, *, terms: programs.Terms, gateway: Gateway, keyring: Keyring, book: programs.Book
) -> Batch:
    """Claim the next batch of a program and write its attempts; once this commits, it may be sent.

    Checked inside the claim, so that no change can slip in between: kill switches and circuits, whether it was approved
    under today's terms, their limits, the approvals and that they are for these very bytes, that the destination is
    still the one that was judged, and that no break about it is open. What fails a check is not sent: it waits with a
    blocker that says why, or goes back to people.
    """
    allowed = await switches.standing(tx)
    blocker = allowed.blocker(program=terms.program, gateway=gateway.name)
    if blocker is not None:
        return Batch(blocker=blocker)
    left = await _left_over(tx, gateway, terms.currency) if (gateway.name, terms.currency) in allowed.low else None
    if left is not None and not left.minor:
        return Batch(blocker=LOW_FLOAT)
    taken, at = await payouts.take_waiting(
        tx,
        terms.program,
        limit=terms.dispatch.batch_size,
        except_holders=allowed.holders,
        except_runs=allowed.runs,
        except_banks=allowed.banks_down(gateway.name),
        most=left,
    )
    next_in = None
    if len(taken) < terms.dispatch.batch_size:  # Else more may be due already, which the next claim will find.
        next_in = await _next_in(tx, terms)
    if not (count := len(taken)):
        return Batch(next_in=next_in)
    if left is None and await _came_back(tx, taken, gateway, terms.currency):
        return Batch(blocker=LOW_FLOAT)
    fault("dispatch.before_intent")
    taken = await payouts.judge_again(tx, taken, terms=terms, keyring=keyring, book=book, at=at)
    taken = await holds.clear(tx, taken, terms=terms, gateway=gateway, book=book, at=at)
    opened = await _opened(tx, taken, terms=terms, gateway=gateway, keyring=keyring, at=at)
    if left is not None:
        opened = await _spend(tx, opened, left, gateway=gateway)
    if not opened:
        return Batch(taken=count, next_in=next_in)
    prepared = await _commit_to(tx, opened, taken, terms=terms, gateway=gateway, book=book, at=at)
    return Batch(taken=count, prepared=prepared, next_in=next_in)


async def _came_back(tx: Transaction, taken: Mapping[UUID, payouts.Payout], gateway: Gateway, currency: str) -> bool:
    """Whether some of these were refused for want of funds only after we had looked whether our account is low."""
    if all(payout.reason != LOW_FLOAT for payout in taken.values()):
        return False
    return await floats.left_over(tx, gateway.name, currency) is not None


async def _left_over(tx: Transaction, gateway: Gateway, currency: str) -> Money | None:
    left = await floats.left_over(tx, gateway.name, currency)
    return Money(left, currency) if left is not None else None


async def _spend(tx: Transaction, opened: Sequence[_Opened], left: Money, *, gateway: Gateway) -> list[_Opened]:
    """Those that what is left over covers, the longest waiting first; the others stay where they are."""
    covered, rest = [], left
    for payout, destination in opened:
        if rest.currency == payout.amount.currency and rest.covers(payout.amount):
            covered.append((payout, destination))
            rest -= payout.amount
    await floats.spend(tx, gateway.name, left.currency, amount=(left - rest).minor)
    return covered


async def _next_in(tx: Transaction, terms: programs.Terms) -> float | None:
    """In how many seconds the next payout is due. One that waits for a run where there are none any more is due now."""
    if terms.dispatch.mode is programs.Mode.CONTINUOUS:
        left_behind, _ = await payouts.hand_over(tx, terms.program, limit=HANDED_OVER_MAX)
        if left_behind:
            return 0.0
    return await payouts.seconds_to_next(tx, terms.program)


async def _opened(
    tx: Transaction,
    taken: Mapping[UUID, payouts.Payout],
    *,
    terms: programs.Terms,
    gateway: Gateway,
    keyring: Keyring,
    at: datetime,
) -> list[_Opened]:
    """Those that may leave now, with their destinations; all others are made to wait."""
    disputed = await store.disputed(tx, taken)
    approved = await _approved(tx, taken)
    opened, blocked = _check(taken.values(), terms=terms, keyring=keyring, approved=approved, disputed=disputed)
    await _block(tx, blocked, told=disputed, gateway=gateway.name, at=at)
    return opened


async def _approved(tx: Transaction, taken: Mapping[UUID, payouts.Payout]) -> set[UUID]:
    """Those that needed no person, and those on whose present bytes enough people agreed."""
    reviewed = [payout for payout in taken.values() if payout.reviewed]
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
) -> tuple[list[_Opened], dict[str, list[payouts.Payout]]]:
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
    opened: Sequence[_Opened],
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
        prepared.append(Prepared(attempt_id, 1, instruction, payout.destination_group, payout.correlation_id))
        rows.append(
            (attempt_id, payout.id, payout.holder_id, payout.program, payout.terms_version, payout.amount.minor,
             payout.amount.currency, generation, gateway.name, key, batch_id, AttemptState.OPEN.value, at,
             lease_ends_at, window_ends_at, payout.correlation_id, payout.tries_max)
        )  # fmt: skip
        steps.append(payouts.Step(payout_id=payout.id, verb="send", actor=ACTOR, gateway=gateway.name))
    await store.insert_attempts(tx, rows)
    await payouts.advance(tx, steps, book=book, locked=taken, at=at)
    return tuple(prepared)


def break_row(kind: str, payout: payouts.Payout, *, gateway: str, at: datetime) -> tuple[object, ...]:
    """One row of breaks about a payout."""
    return (ids.new(at), kind, payout.id, gateway, payout.amount.minor, payout.amount.currency, {})
