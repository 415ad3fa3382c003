"""Asking for what scouts and sellers have earned: many requests become one transaction, each with its own answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from bursar import holders, ledger, payouts, programs
from bursar.api import gathered
from bursar.api.gathered import Outcome, Replayed
from bursar.api.marketplace.wire import MarketPayoutView
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Conflict, Forbidden, Refusal
from bursar.foundation.idempotency import Answer, Key
from bursar.foundation.money import Money
from bursar.holders import Choice, Destination, Holder
from bursar.house import House

CREATED: Final = 201
REFERENCE: Final = "Earnings"  # What such a payout is called; nobody is asked for a name.

_encode = msgspec.json.Encoder().encode
_log = log.get(__name__)


class NothingEarned(Conflict):
    """There are no earnings that could be paid out."""

    code = "nothing_earned"


class NoEarnings(Forbidden):
    """In this program nobody's earnings are paid out on request."""

    code = "no_earnings"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request, read but not yet judged. Without an amount it is for all that is available then."""

    holder: Holder
    amount: int | None  # Minor units of the program's currency.
    actor: str
    person: UUID | None
    key: Key | None
    request_id: str


class EarningsRequesting:
    """Asks for payouts of earnings, gathered into batches."""

    def __init__(self, house: House) -> None:
        """Ask in this house."""
        self._house = house
        self._batches: gathered.Batches[Wanted] = gathered.Batches(
            house,
            self._answer,
            # Of two that want all there is, the second is to find what the first has left.
            key=lambda wanted: wanted.key or (wanted.holder.id if wanted.amount is None else id(wanted)),
            lane=lambda wanted: wanted.holder.id,
        )

    async def request(self, wanted: Wanted) -> Answer | Replayed:
        """Ask for one payout, or answer as before when its idempotency key was used for this very request.

        Raises:
            Refusal: whatever stands in the way; no payout was stored.
        """
        return await self._batches.ask(wanted)

    async def drain(self) -> None:
        """Wait until every request that was taken in is answered."""
        await self._batches.drain()

    async def _answer(self, tx: Transaction, batch: Sequence[Wanted]) -> list[Outcome]:
        keys = {place: wanted.key for place, wanted in enumerate(batch) if wanted.key}
        answers = await gathered.once(tx, dict(enumerate(batch)), keys, lambda fresh: self._request(tx, fresh))
        return [answers[place] for place in range(len(batch))]

    async def _request(self, tx: Transaction, fresh: Mapping[int, Wanted]) -> dict[int, Outcome]:
        """Ask for the payouts that are new; the answer to each."""
        terms = await self._house.book.judge(tx, {wanted.holder.program for wanted in fresh.values()})
        available = await _available(tx, fresh, terms)
        choices = [Choice(wanted.holder.id) for wanted in fresh.values()]
        chosen = await holders.choose(tx, choices, keyring=self._house.keyring)
        answers: dict[int, Outcome] = {}
        asks: dict[int, payouts.Ask] = {}
        for (place, wanted), choice in zip(fresh.items(), chosen, strict=True):
            try:
                amount = _amount(wanted, terms[wanted.holder.program], available)
                asks[place] = _ask(wanted, amount, choice if isinstance(choice, Refusal) else choice[1])
            except Refusal as refusal:
                answers[place] = refusal
        at = self._house.clock.now()
        results = await payouts.request(tx, list(asks.values()), desk=self._house.desk, at=at) if asks else []
        for place, result in zip(asks, results, strict=True):
            answers[place] = result if isinstance(result, Refusal) else _told(result, fresh[place].holder)
        _log.info("payouts.requested", count=sum(isinstance(answer, Answer) for answer in answers.values()))
        return answers


async def _available(
    tx: Transaction, fresh: Mapping[int, Wanted], terms: Mapping[str, programs.Terms]
) -> dict[UUID, Money]:
    """What each of them has, where somebody wants all of it; it is held, so it is still there when it is asked for."""
    if all(wanted.amount is not None for wanted in fresh.values()):
        return {}
    purses = {(wanted.holder.id, terms[wanted.holder.program].currency) for wanted in fresh.values()}
    return {each.holder_id: Money(each.available, each.currency) for each in await ledger.hold(tx, purses)}


def _amount(wanted: Wanted, terms: programs.Terms, available: Mapping[UUID, Money]) -> Money:
    if terms.credits is not programs.Credits.EARNINGS:
        raise NoEarnings
    if wanted.amount is not None:
        return Money(wanted.amount, terms.currency)
    everything = available.get(wanted.holder.id)
    if everything is None or not everything.minor:
        raise NothingEarned
    return everything


def _ask(wanted: Wanted, amount: Money, destination: Destination | Refusal) -> payouts.Ask:
    if isinstance(destination, Refusal):
        raise destination
    return payouts.Ask(
        holder_id=wanted.holder.id,
        program=wanted.holder.program,
        reference=REFERENCE,
        amount=amount,
        destination=destination,
        requester=wanted.actor,
        requester_person=wanted.person,
        correlation_id=wanted.request_id,
        is_stored=True,
        kind=payouts.kind_for(wanted.holder.kind),
    )


def _told(payout: payouts.Payout, holder: Holder) -> Answer:
    """As it was born; what the terms made of it shows at the next look."""
    return Answer(CREATED, _encode(MarketPayoutView.born(payout, holder)))
