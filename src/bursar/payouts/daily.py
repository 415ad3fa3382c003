"""How much one holder may ask for in a day, where a program's terms limit it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from bursar import ledger, programs
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.payouts import store
from bursar.payouts.errors import NotAllowed
from bursar.payouts.model import Payout


async def over_the_day(
    tx: Transaction, born: Sequence[Payout], terms: Mapping[str, programs.Terms], *, at: datetime
) -> dict[UUID, NotAllowed]:
    """Those of the new payouts that would take their holder over the day's sum, each with its refusal.

    The day is counted in UTC. The holders' balances are locked before the day's sum is read, so that two requests at
    once cannot both see room for themselves. Costs nothing where no terms set a limit.
    """
    limited = [payout for payout in born if terms[payout.program].limits.per_day is not None]
    if not limited:
        return {}
    await ledger.hold(tx, {(payout.holder_id, payout.amount.currency) for payout in limited})
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    asked = await store.asked_since(tx, {payout.holder_id for payout in limited}, ids.first(midnight))
    refused = {}
    for payout in limited:
        limit = terms[payout.program].limits.per_day
        assert limit is not None, "only payouts with a limit are here"
        before = asked.get(payout.holder_id, Money.zero(limit.currency))
        if limit.covers(before + payout.amount):
            asked[payout.holder_id] = before + payout.amount
        else:
            rule = f"within {limit} a day, of which {before} is used"
            refused[payout.id] = NotAllowed(field="amount", rule=rule, given=payout.amount.text)
    return refused
