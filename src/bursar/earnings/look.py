"""Looking at earnings without changing them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from bursar.earnings import store
from bursar.earnings.errors import NoSuchEarning
from bursar.earnings.model import Earning, Payoff, Query, Withholding
from bursar.foundation.db import Transaction

PAGE_MAX: Final = 1_000


async def get(
    tx: Transaction, earning_id: UUID, *, holder_id: UUID | None = None, program: str | None = None
) -> Earning:
    """One earning; only if it is this holder's or this program's, where one is given.

    Raises:
        NoSuchEarning: not there, or somebody else's; the caller cannot tell which.
    """
    found = await store.by_id(tx, earning_id, holder_id=holder_id, program=program)
    if found is None:
        raise NoSuchEarning(earning=str(earning_id))
    return found


async def page(tx: Transaction, query: Query) -> list[Earning]:
    """One page, newest first; continue with ``before`` set to the last one's id. At most ``PAGE_MAX`` at once."""
    return await store.page(tx, replace(query, limit=min(query.limit, PAGE_MAX)))


async def descriptions(tx: Transaction, holder_id: UUID, references: Collection[str]) -> Mapping[str, str]:
    """By reference: how a holder's earnings were described, where there are such. One statement."""
    found = await store.at_references(tx, {(holder_id, reference) for reference in references})
    return {reference: earning.description for (_, reference), earning in found.items()}


async def of_earnings(tx: Transaction, earning_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Payoff]]:
    """By earning: every part that a payout took of it, the oldest first. One statement."""
    found: dict[UUID, list[Payoff]] = defaultdict(list)
    for _, payoff in await store.of_earnings(tx, earning_ids):
        found[payoff.earning_id].append(payoff)
    return found


async def withheld_of(tx: Transaction, earning_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Withholding]]:
    """By earning: every part that was taken back or kept for a debt, the oldest first. One statement."""
    found: dict[UUID, list[Withholding]] = defaultdict(list)
    for withholding in await store.withheld_of(tx, earning_ids):
        found[withholding.earning_id].append(withholding)
    return found


async def of_payouts(tx: Transaction, payout_ids: Collection[UUID]) -> Mapping[UUID, Sequence[tuple[Earning, Payoff]]]:
    """By payout: what it took of which earnings, those taken first at the front. One statement.

    A payout that was retried by a person has taken twice; what its first reservation took was released.
    """
    found: dict[UUID, list[tuple[Earning, Payoff]]] = defaultdict(list)
    for earning, payoff in await store.of_payouts(tx, payout_ids):
        found[payoff.payout_id].append((earning, payoff))
    return found
