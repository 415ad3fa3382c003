"""Many payouts in one request, each of which succeeds or fails on its own.

A file is asked for in parts, each a transaction of its own: a long one would hold the merchant's balance, and everybody
who waits for it, for seconds. What each part was answered is remembered beside its payouts, so a request that was cut
short (by a crash, say) and is sent again goes on where it stopped, and no row is asked for twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, Router, post
from litestar.datastructures import State, UploadFile

from bursar import dispatch, identity, payouts
from bursar.api import exports, problems, reading, requests
from bursar.api.entry import KeyRequest
from bursar.api.merchants import bulk_rows, examples
from bursar.api.merchants.bulk_rows import BadFile, Row
from bursar.api.merchants.create import IDEMPOTENCY_HEADER
from bursar.api.merchants.payouts import IDEMPOTENCY
from bursar.api.merchants.wire import PayoutStatus, ask_of, encode
from bursar.api.merchants.wire_bulk import FILES, MULTIPART, BulkAnswer, BulkQuery, RowResult
from bursar.api.openapi import JSON, Doc
from bursar.foundation import idempotency, log
from bursar.foundation.db import Database, Transaction, UniqueViolation
from bursar.foundation.errors import Refusal
from bursar.house import House

PART: Final = 500  # Rows in one transaction: about a tenth of a second, for which the balance is held.

T = TypeVar("T")

_log = log.get(__name__)


@post(
    "/bulk",
    status_code=200,
    needs=identity.Scope.PAYOUTS_WRITE,
    doc=Doc(
        summary="Ask for many payouts",
        query=BulkQuery,
        headers=[IDEMPOTENCY],
        takes_also=FILES,
        answers=BulkAnswer,
        shows=examples.BULK,
        refuses=(400, 409, 422),
    ),
)
async def upload_payouts(request: KeyRequest, state: State) -> Response[bytes]:
    """Ask for many payouts at once; each row succeeds or fails on its own, and is answered in its place.

    The file is a JSON array (or an object with the array under `payouts`), CSV in UTF-8 whose first line names the
    columns as the JSON fields are named, or either of them as the one file of a form. A file that was uploaded before
    is refused, unless you say `again=true`. If you got no answer, send the request again under the same key.
    """
    house: House = state.house
    asked = reading.query(request, BulkQuery)
    content, rows = await _read(request)
    caller = request.user
    await _insist_on_count(house, rows, caller.program)
    sent = requests.header(request.scope["headers"], b"x-idempotency-key", b"idempotency-key")
    key = idempotency.key(caller.holder, sent, content, header=IDEMPOTENCY_HEADER)
    if asked.dry_run:
        return _response(BulkAnswer.of(await _try_out(house, rows, caller), upload_id=None), replayed=False)
    upload, replayed = await _once(house.database, lambda tx: _begin(tx, house, content, key, rows, again=asked.again))
    answer = BulkAnswer.of(await _answer_all(house, upload, rows, caller=caller), upload_id=upload)
    async with house.database.transaction() as tx:
        await payouts.finish_upload(tx, upload, accepted=answer.accepted)
    _log.info("upload.answered", holder_id=str(caller.holder), count=answer.accepted, remaining=answer.refused)
    return _response(answer, replayed=replayed)


async def _read(request: KeyRequest) -> tuple[bytes, list[Row]]:
    """The file, by itself or in a form, and its rows."""
    media = request.content_type[0].lower() or JSON
    if media == MULTIPART:
        media, content = await _file_of(request)
    else:
        content = await reading.body(request)
    match media:
        case "application/json":
            return content, await asyncio.to_thread(bulk_rows.from_json, content)
        case exports.MEDIA:
            return content, await asyncio.to_thread(bulk_rows.from_csv, content)
        case _:
            raise reading.unsupported(JSON, exports.MEDIA, MULTIPART)


async def _file_of(request: KeyRequest) -> tuple[str, bytes]:
    """The one file of a form and its type; what is not called JSON is taken for CSV."""
    form = await reading.form(request)
    files = [part for part in form.values() if isinstance(part, UploadFile)]
    if len(files) != 1:
        raise BadFile(field="file", rule="exactly one file in the form")
    is_json = files[0].content_type == JSON or files[0].filename.lower().endswith(".json")
    return JSON if is_json else exports.MEDIA, await files[0].read()


async def _insist_on_count(house: House, rows: Sequence[Row], program: str) -> None:
    async with house.database.transaction(readonly=True) as tx:
        most = (await house.book.judge(tx, {program}))[program].bulk.rows_max
    if not 0 < len(rows) <= most:
        raise BadFile(field="body", rule=f"1 to {most} rows", given=len(rows))


async def _begin(
    tx: Transaction, house: House, content: bytes, key: idempotency.Key, rows: Sequence[Row], *, again: bool
) -> tuple[UUID, bool]:
    """The upload that this key stands for, and whether it was there before.

    What is remembered under the key is which upload it is; the answer is put together from those of its parts.

    Raises:
        KeyReused: the key was used for something else.
        UploadedBefore: the file was answered before, under another key.
    """
    [before] = await idempotency.recall(tx, [key])
    if isinstance(before, Refusal):
        raise before
    if before is not None:
        return UUID(before.body.decode()), True
    upload = await payouts.begin_upload(
        tx,
        content,
        holder_id=key.caller,
        rows=len(rows),
        again=key.text if again else None,
        at=house.clock.now(),
    )
    await idempotency.remember(tx, [(key, idempotency.Answer(200, str(upload.id).encode()))])
    return upload.id, False


async def _answer_all(house: House, upload: UUID, rows: Sequence[Row], *, caller: identity.Caller) -> list[RowResult]:
    """Ask for all rows, part by part, or recall what they were answered."""
    results: list[RowResult] = []
    while len(results) < len(rows):  # A part that was answered before may have been of another size.
        part = rows[len(results) : len(results) + PART]
        results += await _answer_part(house, upload, part, caller=caller, first=len(results) + 1)
    return results


async def _answer_part(
    house: House, upload: UUID, rows: Sequence[Row], *, caller: identity.Caller, first: int
) -> list[RowResult]:
    """Ask for some rows, or recall what they were answered; payouts and answers are stored together."""
    key = idempotency.Key(upload, f"rows from {first}", body_hash=b"")

    async def work(tx: Transaction) -> bytes:
        [before] = await idempotency.recall(tx, [key])
        if isinstance(before, idempotency.Answer):
            return before.body
        ask = partial(payouts.request, tx, desk=house.desk, at=house.clock.now())
        results = await _ask_for(rows, caller, ask)
        answer = encode([_told(result, row) for row, result in enumerate(results, first)])
        await idempotency.remember(tx, [(key, idempotency.Answer(200, answer))])
        return answer

    answer = await _once(house.database, work)
    house.ringer.ring(dispatch.BELL)
    return msgspec.json.decode(answer, type=list[RowResult])


async def _try_out(house: House, rows: Sequence[Row], caller: identity.Caller) -> list[RowResult]:
    """What the rows would be answered now."""
    async with house.database.transaction() as tx:
        ask = partial(payouts.check, tx, desk=house.desk, at=house.clock.now())
        results = await _ask_for(rows, caller, ask)
    told = [_told(result, row) for row, result in enumerate(results, 1)]
    return [msgspec.structs.replace(result, id=msgspec.UNSET) for result in told]


async def _ask_for(
    rows: Sequence[Row],
    caller: identity.Caller,
    ask: Callable[[Sequence[payouts.Ask]], Awaitable[Sequence[payouts.Payout | Refusal]]],
) -> list[payouts.Payout | Refusal]:
    """Ask for the rows that can be asked for; the answers stand in the rows' places."""
    asks = [_ask(row, caller) for row in rows]
    answers = iter(await ask([asked for asked in asks if isinstance(asked, payouts.Ask)]))
    return [asked if isinstance(asked, Refusal) else next(answers) for asked in asks]


def _ask(row: Row, caller: identity.Caller) -> payouts.Ask | Refusal:
    if isinstance(row, Refusal):
        return row
    try:
        return ask_of(row, caller, correlation_id=log.correlation_id())
    except Refusal as refusal:
        return refusal


def _told(result: payouts.Payout | Refusal, row: int) -> RowResult:
    if isinstance(result, Refusal):
        return RowResult(row, error=problems.told_of(result))
    return RowResult(row, id=result.id, status=PayoutStatus.PENDING)


async def _once(database: Database, work: Callable[[Transaction], Awaitable[T]]) -> T:
    """Run work that remembers its answer; if a twin was faster, run it again, to find the twin's."""
    try:
        return await database.retrying(work)
    except UniqueViolation:
        return await database.retrying(work)


def _response(answer: BulkAnswer, *, replayed: bool) -> Response[bytes]:
    extra = {"idempotent-replayed": "true"} if replayed else {}
    return Response(encode(answer), media_type=JSON, headers=extra)


router = Router(path="/api/v1/payouts", route_handlers=[upload_payouts], tags=["Payouts"])
