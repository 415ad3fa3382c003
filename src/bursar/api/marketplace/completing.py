"""Completing orders: the marketplace's hot path. Many requests become one transaction, and each gets its own answer.

A platform's key is looked up in the transaction that does the work, as when payouts are created: that is cheaper than a
transaction of its own, and nothing is done for a key that was revoked meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from bursar import holders, identity, orders
from bursar.api import gathered
from bursar.api.gathered import IDEMPOTENCY_HEADER, Outcome, Replayed
from bursar.api.marketplace import whose
from bursar.api.marketplace.whose import Known
from bursar.api.marketplace.wire_orders import CompletionView
from bursar.foundation import idempotency
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal, Unauthorised
from bursar.foundation.idempotency import Answer, Key
from bursar.house import House
from bursar.orders import Step

DONE: Final = 200

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ByKey:
    """A platform's system, of which no more is known than the key that it brought, and from where."""

    key_hash: bytes
    ip: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One order that is to be completed; ``order`` is the platform's name for it, or our id."""

    by: ByKey | Known
    order: str
    idempotency_key: str | None
    request_id: str

    @property
    def key(self) -> tuple[object, ...]:
        """What only one request of a batch has: its idempotency key or, without one, its order."""
        asker = self.by.key_hash if isinstance(self.by, ByKey) else self.by.asker
        return (asker, True, self.idempotency_key) if self.idempotency_key else (asker, False, self.order)


class Completing:
    """Completes orders, gathered into batches."""

    def __init__(self, house: House) -> None:
        """Complete in this house."""
        self._house = house
        self._keys = gathered.KeysInUse(house.clock)
        self._batches: gathered.Batches[Wanted] = gathered.Batches(
            house, self._answer, key=lambda wanted: wanted.key, lane=lambda wanted: wanted.order
        )

    async def complete(self, wanted: Wanted) -> Answer | Replayed:
        """Complete one order, or answer as before when its idempotency key was used for this very order.

        Raises:
            Refusal: whatever stands in the way; nothing was done.
        """
        if not whose.is_name(wanted.order):
            raise orders.NoSuchOrder(order=wanted.order[:40])
        return await self._batches.ask(wanted)

    async def drain(self) -> None:
        """Wait until every request that was taken in is answered."""
        await self._batches.drain()

    async def _answer(self, tx: Transaction, batch: Sequence[Wanted]) -> list[Outcome]:
        known, answers = await self._admit(tx, batch)
        keys: dict[int, Key] = {}
        for place, who in known.items():
            try:
                if (given := batch[place].idempotency_key) is not None:
                    keys[place] = _key_of(who, batch[place].order, given)
            except Refusal as refusal:
                answers[place] = refusal
        steps = {
            place: who.step(batch[place].order, correlation_id=batch[place].request_id)
            for place, who in known.items()
            if place not in answers
        }
        answers |= await gathered.once(tx, steps, keys, lambda fresh: self._complete(tx, fresh))
        return [answers[place] for place in range(len(batch))]

    async def _admit(self, tx: Transaction, batch: Sequence[Wanted]) -> tuple[dict[int, Known], dict[int, Outcome]]:
        """Who asks, and why others may not."""
        known = {place: wanted.by for place, wanted in enumerate(batch) if isinstance(wanted.by, Known)}
        by_key = {place: wanted.by for place, wanted in enumerate(batch) if isinstance(wanted.by, ByKey)}
        found = await identity.callers(tx, [by.key_hash for by in by_key.values()]) if by_key else []
        answers: dict[int, Outcome] = {}
        callers: list[identity.Caller] = []
        for (place, by), caller in zip(by_key.items(), found, strict=True):
            try:
                callers.append(_authorised(caller, ip=by.ip))
            except Refusal as refusal:
                answers[place] = refusal
            else:
                known[place] = whose.known_by(callers[-1])
        await self._keys.note(tx, callers)
        return known, answers

    async def _complete(self, tx: Transaction, fresh: Mapping[int, Step]) -> dict[int, Outcome]:
        at = self._house.clock.now()
        results = await orders.complete(tx, list(fresh.values()), desk=self._house.desk, at=at)
        done = [result for result in results if isinstance(result, orders.Completion)]
        sellers = await holders.find(tx, {result.order.seller_id for result in done}) if done else {}
        return {
            place: result
            if isinstance(result, Refusal)
            else Answer(DONE, _encode(CompletionView.whole(result, sellers[result.order.seller_id])))
            for place, result in zip(fresh, results, strict=True)
        }


def _key_of(who: Known, order: str, given: str) -> Key:
    """An idempotency key for completing one order.

    Raises:
        MissingKey: it is empty, overlong, or not printable ASCII.
    """
    return idempotency.key(who.asker, given, f"complete {order}".encode(), header=IDEMPOTENCY_HEADER)


def _authorised(caller: identity.Caller | None, *, ip: str | None) -> identity.Caller:
    if caller is None:
        raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
    identity.authorise(caller, identity.Scope.ORDERS_WRITE, ip=ip)
    return caller
