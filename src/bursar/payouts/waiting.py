"""Payouts that are free to leave: taking them, opening what they carry, and making them wait."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from bursar.foundation.crypto import Keyring, Place
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.payouts import store
from bursar.payouts.errors import DestinationAltered, NoSuchPayout, WrongState
from bursar.payouts.model import MOVES, Payout, can, digest
from bursar.payouts.request import SEALED


async def take_waiting(
    tx: Transaction,
    program: str,
    *,
    limit: int,
    except_holders: Collection[UUID],
    except_runs: Collection[UUID] = (),
    except_banks: Collection[str] = (),
    most: Money | None = None,
) -> tuple[Mapping[UUID, Payout], datetime]:
    """Hold the payouts of a program that are due, longest waiting first; also the database's time.

    Other workers pass over what is held here. Payouts of ``except_holders`` and ``except_runs``, those to banks whose
    codes begin with one of ``except_banks``, and those of more than ``most`` stay where they are. They come without
    their ``findings``, which whoever sends them has no use for.
    """
    return await store.take_waiting(
        tx,
        program,
        limit=limit,
        except_holders=except_holders,
        except_runs=except_runs,
        except_banks=except_banks,
        most=most.minor if most is not None else None,
    )


async def hold(tx: Transaction, payout_ids: Collection[UUID]) -> tuple[Mapping[UUID, Payout], datetime]:
    """Hold payouts that were sent, in id order, to ``advance`` them; also the database's time. Without ``findings``."""
    return await store.hold(tx, payout_ids)


async def on_their_way(tx: Transaction, payout_ids: Collection[UUID]) -> dict[UUID, Payout]:
    """Payouts that were sent, by id, to ask their gateways about them. Without their ``findings``."""
    return {payout.id: payout for payout in await store.on_their_way(tx, payout_ids)}


async def seconds_to_next(tx: Transaction, program: str) -> float | None:
    """In how many seconds the next payout that is not due yet will be; None when none is waiting for its time."""
    return await store.seconds_to_next(tx, program)


async def wait_longer(tx: Transaction, payout_ids: Collection[UUID], *, reason: str, seconds: float) -> None:
    """Give payouts that cannot leave now a blocker: its reason, and when it is looked at again."""
    await store.wait_longer(tx, payout_ids, reason=reason, seconds=seconds)


async def measure_due(tx: Transaction, programs: Collection[str], *, currency: str) -> tuple[int, Money, Money]:
    """How many payouts of these programs are due to leave, the smallest amount and all of them together."""
    count, smallest, total = await store.measure_due(tx, programs, currency)
    return count, Money(smallest, currency), Money(total, currency)


async def wait_until(tx: Transaction, waits: Sequence[tuple[UUID, str, datetime]]) -> None:
    """Give payouts that cannot leave now a blocker: (payout, its reason, until when)."""
    await store.wait_until(tx, waits)


async def end_waits(tx: Transaction, places: Collection[tuple[UUID, bytes]], *, reasons: Collection[str]) -> int:
    """Make payouts due again that wait for one of these reasons, wherever their destination is one of ``places``.

    A place is a holder and the destination's blind index. Ring ``BELL`` after the commit; how many payouts that were.
    """
    return await store.end_waits(tx, places, reasons=reasons)


async def hand_over(
    tx: Transaction,
    program: str,
    *,
    limit: int | None = None,
    run_id: UUID | None = None,
    tries_max: int | None = None,
    except_runs: Collection[UUID] = (),
) -> tuple[int, list[Money]]:
    """Let payouts leave that were approved and wait for their program's run, those asked for first.

    How many they are, and what they add up to in each currency. A run is this, and a job rung after the commit: they
    are that run's from then on, and tried as often as it says; those of ``except_runs`` go on to wait. It is also what
    a program's leftovers need once its terms let payouts leave as they come. One statement, whatever the number;
    ``limit`` keeps one from lasting too long.
    """
    rows = await store.hand_over(tx, program, limit=limit, run_id=run_id, tries_max=tries_max, except_runs=except_runs)
    return sum(row["count"] for row in rows), [Money(row["amount"], row["currency"]) for row in rows]


async def with_due(tx: Transaction, programs: Collection[str], *, except_runs: Collection[UUID] = ()) -> set[str]:
    """Which of these programs have a payout that is due to leave, of no run of these.

    Costs the same however many wait, but for those of ``except_runs``.
    """
    return await store.with_due(tx, programs, except_runs=except_runs)


async def hurry(tx: Transaction, payout_ids: Collection[UUID]) -> list[Payout | Refusal]:
    """Make payouts that wait to leave due at once, whatever time they were waiting for; ring ``BELL`` after the commit.

    A payout in any other state is refused. What stops it (a switch, say) goes on to stop it.
    """
    locked, at = await store.lock(tx, payout_ids)
    answers = [_due(locked.get(payout_id), payout_id, at) for payout_id in payout_ids]
    await store.make_due(tx, [payout.id for payout in answers if isinstance(payout, Payout)])
    return answers


def _due(payout: Payout | None, payout_id: UUID, at: datetime) -> Payout | Refusal:
    if payout is None:
        return NoSuchPayout(payout=str(payout_id))
    if not can(payout.state, "send"):
        return WrongState(verb="leave", state=payout.state, allowed_from=sorted(MOVES["send"].sources))
    return msgspec.structs.replace(payout, due_at=min(payout.due_at, at))


def open_destination(payout: Payout, keyring: Keyring) -> Destination:
    """Open a payout's destination, for sending alone, and make sure that it is the one that was judged and approved.

    Raises:
        DestinationAltered: amount, currency, destination or terms are not the ones in the payout's digest.
        CannotOpen: the envelope was altered, or its key is gone.
    """
    destination = Destination.from_bytes(keyring.open(payout.destination, Place(*SEALED, payout.id)))
    found = digest(payout.amount, destination, program=payout.program, terms_version=payout.terms_version)
    if found != payout.digest:
        raise DestinationAltered(payout=str(payout.id))
    return destination
