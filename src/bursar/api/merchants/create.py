"""Creating one payout: the hot path. Many requests become one transaction, and each gets its own answer.

Everything that decides stands inside the transaction: the key is usable, the idempotency key is new, the terms allow
it, the money is there. A refusal stores nothing, so the same key may be used again once its reason is gone.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bursar import identity, payouts
from bursar.api import gathered, problems
from bursar.api.gathered import Outcome, Replayed
from bursar.api.merchants.wire import PayoutBody, PayoutView, ask_of, encode
from bursar.foundation import idempotency
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal, Unauthorised
from bursar.foundation.idempotency import Answer
from bursar.house import House

IDEMPOTENCY_HEADER: Final = "X-IDEMPOTENCY-KEY"
BODY_BYTES_MAX: Final = 16 * 1024
CREATED: Final = 201

_decode = msgspec.json.Decoder(PayoutBody).decode


class Wanted(msgspec.Struct, frozen=True):
    """One request, read but not yet judged."""

    key_hash: bytes
    ip: str | None
    idempotency_key: str | None
    body: bytes
    parsed: PayoutBody
    request_id: str


class Creation:
    """Creates payouts for merchants' systems, gathered into batches."""

    def __init__(self, house: House) -> None:
        """Create in this house."""
        self._house = house
        self._keys = gathered.KeysInUse(house.clock)
        self._batches: gathered.Batches[Wanted] = gathered.Batches(
            house,
            self._answer,
            key=lambda wanted: (wanted.key_hash, wanted.idempotency_key),
            lane=lambda wanted: wanted.key_hash,  # Two batches of one merchant would only wait for each other's locks.
        )

    async def create(
        self,
        *,
        api_key: str | None,
        idempotency_key: str | None,
        body: bytes,
        is_json: bool,
        ip: str | None,
        request_id: str,
    ) -> Answer | Replayed:
        """Create one payout, or answer as before when this idempotency key was used for this very body.

        Raises:
            Refusal: whatever stands in the way; nothing was stored.
        """
        key_hash = identity.key_hash(api_key) if api_key else None
        if key_hash is None:
            raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
        if not is_json:
            raise problems.UnsupportedMedia(field="Content-Type", rule="application/json")
        try:
            parsed = _decode(body)
        except msgspec.MsgspecError as unreadable:
            raise problems.from_decoding(unreadable, of=PayoutBody) from unreadable
        return await self._batches.ask(Wanted(key_hash, ip, idempotency_key, body, parsed, request_id))

    async def drain(self) -> None:
        """Wait until every request that was taken in is answered."""
        await self._batches.drain()

    async def _answer(self, tx: Transaction, batch: Sequence[Wanted]) -> list[Outcome]:
        answers: dict[int, Outcome] = {}
        found = await identity.callers(tx, [wanted.key_hash for wanted in batch])
        callers: dict[int, identity.Caller] = {}
        keys: dict[int, idempotency.Key] = {}
        for place, (wanted, caller) in enumerate(zip(batch, found, strict=True)):
            try:
                callers[place], keys[place] = _admit(wanted, caller)
            except Refusal as refusal:
                answers[place] = refusal
        await self._keys.note(tx, callers.values())
        answers |= await gathered.once(tx, callers, keys, lambda fresh: self._request(tx, batch, fresh))
        return [answers[place] for place in range(len(batch))]

    async def _request(
        self, tx: Transaction, batch: Sequence[Wanted], fresh: Mapping[int, identity.Caller]
    ) -> dict[int, Outcome]:
        """Ask for the payouts that are new; the answer to each."""
        answers: dict[int, Outcome] = {}
        asks: dict[int, payouts.Ask] = {}
        for place, caller in fresh.items():
            try:
                asks[place] = ask_of(batch[place].parsed, caller, correlation_id=batch[place].request_id)
            except Refusal as refusal:
                answers[place] = refusal
        if not asks:
            return answers
        at = self._house.clock.now()
        results = await payouts.request(tx, list(asks.values()), desk=self._house.desk, at=at)
        for place, result in zip(asks, results, strict=True):
            # As it was born; what the terms made of it shows at the next look.
            answers[place] = result if isinstance(result, Refusal) else Answer(CREATED, encode(PayoutView.born(result)))
        return answers


def _admit(wanted: Wanted, caller: identity.Caller | None) -> tuple[identity.Caller, idempotency.Key]:
    """Whether this caller may ask at all.

    Raises:
        Unauthorised, Forbidden, MissingKey: they may not, or brought no idempotency key.
    """
    if caller is None:
        raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
    identity.authorise(caller, identity.Scope.PAYOUTS_WRITE, ip=wanted.ip)
    key = idempotency.key(caller.holder, wanted.idempotency_key, wanted.body, header=IDEMPOTENCY_HEADER)
    return caller, key
