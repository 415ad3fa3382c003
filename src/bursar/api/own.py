"""A holder's own payouts: one by its id, and taking one back, through whichever door they come."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from bursar import payouts
from bursar.api import reading
from bursar.api.problems import TooLate
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.house import House


async def payout(tx: Transaction, payout_id: str, *, holder_id: UUID) -> payouts.Payout:
    """One of the holder's payouts, by its id as it was sent.

    Raises:
        NoSuchPayout: there is none, or it is somebody else's.
    """
    wanted = reading.identified(payout_id, payouts.NoSuchPayout, of="payout")
    return await payouts.get(tx, wanted, holder_id=holder_id)


async def take_back(
    tx: Transaction,
    found: payouts.Payout,
    house: House,
    *,
    actor: str,
    reason: str,
    words: Mapping[payouts.PayoutState, StrEnum],
) -> payouts.Payout:
    """Cancel a payout; where that is too late, ``words`` say where it stands.

    Raises:
        TooLate: it has gone too far.
        Refusal: something else stands in the way.
    """
    [result] = await payouts.cancel(tx, [found.id], actor=actor, book=house.book, reason=reason)
    if isinstance(result, payouts.WrongState):
        raise TooLate(status=words[found.state].value)
    if isinstance(result, Refusal):
        raise result
    return result
