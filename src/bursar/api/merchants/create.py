"""Creating one payout: the hot path. Many requests become one transaction, and each gets its own answer.

Everything that decides stands inside the transaction: the key is usable, the idempotency key is new, the terms allow
it, the money is there. A refusal stores nothing, so the same key may be used again once its reason is gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from bursar import dispatch, identity, payouts
from bursar.api import problems
from bursar.api.merchants.wire import PayoutBody, PayoutView, ask_of, encode
from bursar.foundation import idempotency
from bursar.foundation.db import Transaction, UniqueViolation
from bursar.foundation.errors import Refusal, Unauthorised
from bursar.foundation.gather import Gather
from bursar.foundation.idempotency import Answer
from bursar.house import House

IDEMPOTENCY_HEADER: Final = "X-IDEMPOTENCY-KEY"
BODY_BYTES_MAX: Final = 16 * 1024
CREATED: Final = 201
USE_NOTED_EVERY: Final = timedelta(minutes=1)

_decode = msgspec.json.Decoder(PayoutBody).decode


class Wanted(msgspec.Struct, frozen=True):
    """One request, read but not yet judged."""

    key_hash: bytes
    ip: str | None
    idempotency_key: str | None
    body: bytes
    parsed: PayoutBody
    request_id: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """An answer that was given before."""

    answer: Answer


class Creation:
    """Creates payouts for merchants' systems, gathered into batches."""

    def __init__(self, house: House) -> None:
        """Create in this house."""
        self._house = house
        self._used: set[UUID] = set()
        self._noted_at = house.clock.now()
        self._gather: Gather[Wanted, Answer | Replayed] = Gather(
            self._work,
            key=lambda wanted: (wanted.key_hash, wanted.idempotency_key),
            lane=lambda wanted: wanted.key_hash,  # Two batches of one merchant would only wait for each other's locks.
            in_flight=house.settings.gather_in_flight,
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
        answer = await self._gather.ask(Wanted(key_hash, ip, idempotency_key, body, parsed, request_id))
        if isinstance(answer, Answer):
            self._house.ringer.ring(dispatch.BELL)
        return answer

    async def drain(self) -> None:
        """Wait until every request that was taken in is answered."""
        await self._gather.drain()

    async def _work(self, batch: Sequence[Wanted]) -> list[Answer | Replayed | Exception]:
        """Create a batch in one transaction; once more if a twin in another process took one of its keys."""

        async def work(tx: Transaction) -> list[Answer | Replayed | Exception]:
            return await self._create(tx, batch)

        try:
            return await self._house.lanes.retrying(work)
        except UniqueViolation:  # By now the twin's answer is there to be found.
            return await self._house.lanes.retrying(work)

    async def _create(self, tx: Transaction, batch: Sequence[Wanted]) -> list[Answer | Replayed | Exception]:
        answers: dict[int, Answer | Replayed | Exception] = {}
        callers = await identity.callers(tx, [wanted.key_hash for wanted in batch])
        keyed: list[tuple[int, idempotency.Key, identity.Caller]] = []
        for place, (wanted, caller) in enumerate(zip(batch, callers, strict=True)):
            try:
                keyed.append((place, *_admit(wanted, caller)))
            except Refusal as refusal:
                answers[place] = refusal
        await self._note_use(tx, (caller for _, _, caller in keyed))
        fresh = await _without_replays(tx, keyed, answers) if keyed else []
        if fresh:
            await self._request(tx, batch, fresh, answers)
        return [answers[place] for place in range(len(batch))]

    async def _note_use(self, tx: Transaction, callers: Iterable[identity.Caller]) -> None:
        """Keep the keys' last use fresh, now and then: on every request it would cost as much as the request."""
        self._used.update(caller.key_id for caller in callers)
        now = self._house.clock.now()
        if now - self._noted_at >= USE_NOTED_EVERY and self._used:
            used, self._used, self._noted_at = self._used, set(), now
            await identity.touch(tx, used)

    async def _request(
        self,
        tx: Transaction,
        batch: Sequence[Wanted],
        fresh: Sequence[tuple[int, idempotency.Key, identity.Caller]],
        answers: dict[int, Answer | Replayed | Exception],
    ) -> None:
        """Ask for the payouts that are new, and store each answer beside the payout it reports."""
        asks: list[tuple[int, idempotency.Key, payouts.Ask]] = []
        for place, key, caller in fresh:
            try:
                wanted = batch[place]
                asks.append((place, key, ask_of(wanted.parsed, caller, correlation_id=wanted.request_id)))
            except Refusal as refusal:
                answers[place] = refusal
        if not asks:
            return
        at = self._house.clock.now()
        results = await payouts.request(tx, [ask for _, _, ask in asks], desk=self._house.desk, at=at)
        remembered = []
        for (place, key, _), result in zip(asks, results, strict=True):
            if isinstance(result, Refusal):
                answers[place] = result
            else:  # As it was born; what the terms made of it shows at the next look.
                answer = Answer(CREATED, encode(PayoutView.born(result)))
                answers[place] = answer
                remembered.append((key, answer))
        if remembered:
            await idempotency.remember(tx, remembered)


def _admit(wanted: Wanted, caller: identity.Caller | None) -> tuple[idempotency.Key, identity.Caller]:
    """Whether this caller may ask at all.

    Raises:
        Unauthorised, Forbidden, MissingKey: they may not, or brought no idempotency key.
    """
    if caller is None:
        raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
    identity.authorise(caller, identity.Scope.PAYOUTS_WRITE, ip=wanted.ip)
    key = idempotency.key(caller.holder, wanted.idempotency_key, wanted.body, header=IDEMPOTENCY_HEADER)
    return key, caller


async def _without_replays(
    tx: Transaction,
    keyed: Sequence[tuple[int, idempotency.Key, identity.Caller]],
    answers: dict[int, Answer | Replayed | Exception],
) -> list[tuple[int, idempotency.Key, identity.Caller]]:
    """Answer what was answered before, and give back what is new."""
    fresh = []
    recalled = await idempotency.recall(tx, [key for _, key, _ in keyed])
    for entry, before in zip(keyed, recalled, strict=True):
        if before is None:
            fresh.append(entry)
        else:
            answers[entry[0]] = Replayed(before) if isinstance(before, Answer) else before
    return fresh
