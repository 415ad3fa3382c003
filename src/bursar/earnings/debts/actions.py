"""What happens to debts: they are noted, recovered from what holders have, and forgiven."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bursar import ledger
from bursar.earnings.debts import store
from bursar.earnings.debts.errors import DebtEnded, NoSuchDebt, NothingToRecover
from bursar.earnings.debts.model import Debt, DebtPart, How, NewDebt, Recovery, Share, share_out
from bursar.earnings.withholding import withhold
from bursar.foundation import ids, journal
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money, total
from bursar.ledger import Movement, TransferKind


async def owe(tx: Transaction, news: Sequence[NewDebt], *, at: datetime) -> list[Debt]:
    """Note what holders owe, and book it on their program's debts account.

    One whose (holder, reference) was noted before is answered as it stands, and nothing is booked again. Holds the
    holders' balances. Costs a constant number of statements.
    """
    booked = await ledger.book(tx, [_owing(new) for new in news], at=at)
    names = ids.series(at, len(news))
    made = {
        (new.holder_id, new.reference): new.begin(name, at=at)
        for new, name, transfer in zip(news, names, booked, strict=True)
        if transfer is not None
    }
    await store.insert(tx, list(made.values()))
    places = {(new.holder_id, new.reference) for new in news}
    known = {**await store.at_references(tx, places - made.keys()), **made}
    return [known[new.holder_id, new.reference] for new in news]


async def recover(tx: Transaction, recoveries: Sequence[Recovery], *, at: datetime) -> list[Money]:
    """Settle what holders owe with what they have available; how much each of these recoveries has settled.

    The earnings behind the money are withheld, the oldest first. Holds the holders' balances. Costs a constant number
    of statements, and two where nothing is owed.
    """
    held = await ledger.hold(tx, {one.purse for one in recoveries})
    debts = await store.outstanding(tx, {one.holder_id for one in recoveries})
    available = {(b.holder_id, b.currency): Money(b.available, b.currency) for b in held}
    shares = list(share_out(recoveries, debts, available))
    if shares:
        parts = await _book(tx, shares, at=at)
        await store.bring_down(tx, _after(debts, parts), parts)
    return [total((share.amount for share in shares if share.recovery is one), one.most.currency) for one in recoveries]


async def settle(tx: Transaction, debt_ids: Sequence[UUID], *, actor: str, at: datetime) -> list[Debt | Refusal]:
    """Settle these very debts with what their holders have available, as far as that goes; how each stands then.

    Each is done or refused on its own: not there, ended already, or nothing is available. Written into the journal.
    """
    before = await _held(tx, debt_ids)
    going = [debt for debt in before.values() if debt.outstanding.minor]
    wishes = [Recovery(debt.holder_id, debt.outstanding, debt_id=debt.id, actor=actor) for debt in going]
    settled = {debt.id: part for debt, part in zip(going, await recover(tx, wishes, at=at), strict=True) if part.minor}
    notes = [
        (actor, str(debt_id), {"reference": before[debt_id].reference, "amount": str(part)})
        for debt_id, part in settled.items()
    ]
    await journal.note_many(tx, "debt.settled", notes)
    after = await store.by_ids(tx, settled)
    return [_answer(debt_id, before, after, otherwise=NothingToRecover) for debt_id in debt_ids]


async def forgive(
    tx: Transaction, debt_ids: Sequence[UUID], *, actor: str, reason: str, at: datetime
) -> list[Debt | Refusal]:
    """Write off what is left of these debts, which their programs bear; how each stands then.

    Each is done or refused on its own: not there, or ended already. Written into the journal, with the reason.
    """
    before = await _held(tx, debt_ids)
    going = [debt for debt in before.values() if debt.outstanding.minor]
    movements = [
        Movement(TransferKind.FORGIVE, debt.holder_id, debt.outstanding, debt.program, reference=debt.reference)
        for debt in going
    ]
    booked = await ledger.book(tx, movements, at=at)
    parts = [
        _forgiven(debt, transfer, actor=actor, reason=reason, at=at)
        for debt, transfer in zip(going, booked, strict=True)
    ]
    after = _after(going, parts)
    await store.bring_down(tx, after, parts)
    notes = [
        (actor, str(debt.id), {"reference": debt.reference, "amount": str(debt.outstanding), "reason": reason})
        for debt in going
    ]
    await journal.note_many(tx, "debt.forgiven", notes)
    return [_answer(debt_id, before, {debt.id: debt for debt in after}, otherwise=DebtEnded) for debt_id in debt_ids]


def _owing(new: NewDebt) -> Movement:
    return Movement(TransferKind.OWE, new.holder_id, new.amount, new.program, reference=new.reference)


async def _held(tx: Transaction, debt_ids: Sequence[UUID]) -> dict[UUID, Debt]:
    """These debts, with their holders' balances held: nobody else brings them down until the transaction ends."""
    found = await store.by_ids(tx, debt_ids)
    await ledger.hold(tx, {debt.purse for debt in found.values()})
    now = await store.by_ids(tx, debt_ids)
    return {debt_id: now[debt_id] for debt_id in dict.fromkeys(debt_ids) if debt_id in now}


async def _book(tx: Transaction, shares: Sequence[Share], *, at: datetime) -> list[DebtPart]:
    """Move the money of these shares, each by a transfer of its own, which is named after the debt's step."""
    movements = [
        Movement(
            TransferKind.RECOVER,
            share.debt.holder_id,
            share.amount,
            share.debt.program,
            payout_id=share.recovery.payout_id,
            reference=f"{share.debt.reference}#{share.number}",
        )
        for share in shares
    ]
    made = await withhold(tx, movements, at=at)
    return [share.booked(transfer_id, at=at) for share, transfer_id in zip(shares, made, strict=True)]


def _after(debts: Iterable[Debt], parts: Iterable[DebtPart]) -> list[Debt]:
    """Those of these debts that came down, as they stand then."""
    standing = {debt.id: debt for debt in debts}
    touched: dict[UUID, Debt] = {}
    for part in parts:
        touched[part.debt_id] = touched.get(part.debt_id, standing[part.debt_id]).less(part)
    return list(touched.values())


def _forgiven(debt: Debt, transfer_id: UUID | None, *, actor: str, reason: str, at: datetime) -> DebtPart:
    assert transfer_id is not None, "what is left of a debt is forgiven once, and then nothing is left"
    return DebtPart(
        debt_id=debt.id,
        number=debt.parts + 1,
        holder_id=debt.holder_id,
        how=How.FORGIVEN,
        amount=debt.outstanding,
        transfer_id=transfer_id,
        payout_id=None,
        actor=actor,
        reason=reason,
        at=at,
    )


def _answer(
    debt_id: UUID, before: Mapping[UUID, Debt], after: Mapping[UUID, Debt], *, otherwise: type[Refusal]
) -> Debt | Refusal:
    """How a debt stands that came down; or why it did not."""
    if debt_id not in before:
        return NoSuchDebt(debt=str(debt_id))
    if not before[debt_id].outstanding.minor:
        return DebtEnded(debt=str(debt_id), reference=before[debt_id].reference)
    return after.get(debt_id) or otherwise(debt=str(debt_id), reference=before[debt_id].reference)
