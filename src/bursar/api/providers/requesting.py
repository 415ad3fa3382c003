"""Asking for payouts as a provider: many requests become one transaction, and each gets its own answer.

A destination that a request brings is stored first, with its cool-off, its check and its announcement, whatever
becomes of the payout; so nobody is paid to one that nobody was told of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from bursar import holders, ledger, payouts, programs
from bursar.api import amounts, gathered
from bursar.api.destinations import announce, new_destination
from bursar.api.entry import Acting
from bursar.api.gathered import IDEMPOTENCY_HEADER, Outcome, Replayed
from bursar.api.providers.wire import ProviderPayoutView, RequestBody
from bursar.foundation import idempotency, log
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Forbidden, Invalid, Kind, Refusal
from bursar.foundation.idempotency import Answer, Key
from bursar.foundation.money import Money
from bursar.holders import Choice, Destination, NewDestination
from bursar.house import House

CREATED: Final = 201

_encode = msgspec.json.Encoder().encode
_log = log.get(__name__)


class NotCovered(ledger.InsufficientFunds):
    """The available balance does not cover this amount."""

    kind = Kind.INVALID  # The providers document wants a 400, with the figures.

    def __init__(self, refused: ledger.InsufficientFunds) -> None:
        """Refuse as the ledger did, in the document's words."""
        told = refused.facts
        figures = {"available": told["available"], "requested": told["needed"], "currency": told["currency"]}
        Refusal.__init__(self, refused.message, **figures)


class NotForHolders(Forbidden):
    """In this program nobody asks for their money themselves."""

    code = "not_for_holders"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request, read but not yet judged; without a key it is done again whenever it is sent again."""

    acting: Acting
    key: Key | None
    body: RequestBody
    request_id: str

    @property
    def program(self) -> str:
        """Whose terms judge it."""
        return self.acting.holder.program


class Requesting:
    """Asks for payouts on behalf of people who act for holders, gathered into batches."""

    def __init__(self, house: House) -> None:
        """Ask in this house."""
        self._house = house
        self._batches: gathered.Batches[Wanted] = gathered.Batches(
            house,
            self._answer,
            key=lambda wanted: wanted.key or id(wanted),
            lane=lambda wanted: wanted.acting.holder.id,
        )

    async def request(
        self, acting: Acting, body: RequestBody, *, raw: bytes, idempotency_key: str | None, request_id: str
    ) -> Answer | Replayed:
        """Ask for one payout, or answer as before when this idempotency key was used for this very body.

        Raises:
            Refusal: whatever stands in the way; no payout was stored.
        """
        key = None
        if idempotency_key is not None:
            key = idempotency.key(acting.holder.id, idempotency_key, raw, header=IDEMPOTENCY_HEADER)
        if body.method and body.destination_id:
            raise Invalid(field="method", rule="left out where destinationId is given")
        return await self._batches.ask(Wanted(acting, key, body, request_id))

    async def drain(self) -> None:
        """Wait until every request that was taken in is answered."""
        await self._batches.drain()

    async def _answer(self, tx: Transaction, batch: Sequence[Wanted]) -> list[Outcome]:
        keys = {place: wanted.key for place, wanted in enumerate(batch) if wanted.key}
        answers = await gathered.once(tx, dict(enumerate(batch)), keys, lambda fresh: self._do(tx, fresh))
        return [answers[place] for place in range(len(batch))]

    async def _do(self, tx: Transaction, fresh: Mapping[int, Wanted]) -> dict[int, Outcome]:
        """Ask for the payouts that are new, once it is known where they go; the answer to each."""
        terms = await self._house.book.judge(tx, {wanted.program for wanted in fresh.values()})
        chosen = await self._destinations(tx, fresh, terms)
        return await self._request(tx, fresh, chosen, terms)

    async def _destinations(
        self, tx: Transaction, fresh: Mapping[int, Wanted], terms: Mapping[str, programs.Terms]
    ) -> dict[int, Destination | Refusal]:
        """Where each is to be paid to; accounts that were given are stored and announced first."""
        refused = {place: refusal for place, wanted in fresh.items() if (refusal := _unwelcome(wanted, terms))}
        welcome = {place: wanted for place, wanted in fresh.items() if place not in refused}
        added = await self._add(tx, welcome, terms)
        choices = {
            place: Choice(wanted.acting.holder.id, added.get(place) or wanted.body.destination_id or None)
            for place, wanted in welcome.items()
        }
        chosen = await holders.choose(tx, list(choices.values()), keyring=self._house.keyring) if choices else []
        opened = {
            place: choice if isinstance(choice, Refusal) else choice[1]
            for place, choice in zip(choices, chosen, strict=True)
        }
        return refused | opened

    async def _add(
        self, tx: Transaction, welcome: Mapping[int, Wanted], terms: Mapping[str, programs.Terms]
    ) -> dict[int, UUID]:
        """Store the accounts that were given, announce those that are new, and say which stored ones they are."""
        given = {place: _given(wanted, terms) for place, wanted in welcome.items() if wanted.body.method}
        if not given:
            return {}
        at = self._house.clock.now()
        added = await holders.add_destinations(tx, list(given.values()), keyring=self._house.keyring, at=at)
        await announce(tx, added, house=self._house)
        return {place: each.destination.id for place, each in zip(given, added, strict=True)}

    async def _request(
        self,
        tx: Transaction,
        fresh: Mapping[int, Wanted],
        chosen: Mapping[int, Destination | Refusal],
        terms: Mapping[str, programs.Terms],
    ) -> dict[int, Outcome]:
        """Ask for the payouts; the answer to each."""
        answers: dict[int, Outcome] = {}
        asks: dict[int, payouts.Ask] = {}
        for place, destination in chosen.items():
            try:
                asks[place] = _ask(fresh[place], destination, terms)
            except Refusal as refusal:
                answers[place] = refusal
        if not asks:
            return answers
        results = await payouts.request(tx, list(asks.values()), desk=self._house.desk, at=self._house.clock.now())
        for place, result in zip(asks, results, strict=True):
            answers[place] = _told(result)
        _log.info("payouts.requested", count=sum(isinstance(answer, Answer) for answer in answers.values()))
        return answers


def _unwelcome(wanted: Wanted, terms: Mapping[str, programs.Terms]) -> Refusal | None:
    """Why a request is not even looked at; its account would be stored for nothing."""
    try:
        if terms[wanted.program].funding is not programs.Funding.HOLDER:
            raise NotForHolders
        _amount(wanted, terms[wanted.program])
        if wanted.body.method:
            _given(wanted, terms)
    except Refusal as refusal:
        return refusal
    return None


def _given(wanted: Wanted, terms: Mapping[str, programs.Terms]) -> NewDestination:
    assert wanted.body.method, "only asked for where an account was given"
    acting = wanted.acting
    return new_destination(acting.holder, wanted.body.method, terms[wanted.program], added_by=acting.actor)


def _amount(wanted: Wanted, terms: programs.Terms) -> Money:
    return amounts.money(wanted.body.amount, wanted.body.currency or terms.currency)


def _ask(wanted: Wanted, destination: Destination | Refusal, terms: Mapping[str, programs.Terms]) -> payouts.Ask:
    if isinstance(destination, Refusal):
        raise destination
    acting = wanted.acting
    return payouts.Ask(
        holder_id=acting.holder.id,
        program=wanted.program,
        reference=wanted.body.reference,
        amount=_amount(wanted, terms[wanted.program]),
        destination=destination,
        requester=acting.actor,
        requester_person=acting.person.id,
        correlation_id=wanted.request_id,
        kind=payouts.kind_for(acting.holder.kind),
    )


def _told(result: payouts.Payout | Refusal) -> Answer | Refusal:
    match result:
        case ledger.InsufficientFunds():
            return NotCovered(result)
        case Refusal():
            return result
        case _:  # As it was born; what the terms made of it shows at the next look.
            return Answer(CREATED, _encode(ProviderPayoutView.born(result)))
