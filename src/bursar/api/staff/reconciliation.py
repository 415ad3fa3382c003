"""What differs between us, the gateways and the banks, and correcting it, two people at a time."""

import io
from typing import Final

from litestar import Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import dispatch, identity
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.paging import Page, PageQuery, page
from bursar.api.staff import examples
from bursar.api.staff import examples_reconciliation as shown
from bursar.api.staff.wire import Envelope, MustReasonBody, ReasonBody, envelope
from bursar.api.staff.wire_reconciliation import (
    AskedView,
    CompareBody,
    ComparisonView,
    CorrectionBody,
    CorrectionView,
    ItemDetail,
    ItemQuery,
    ItemView,
    RecoveryBody,
    RecoveryView,
    StatementQuery,
)
from bursar.house import House
from bursar.monitoring import reconciliation, recovery

P: Final = identity.Permission
PATH: Final = "/api/admin/reconciliation"
STATEMENT_BYTES_MAX: Final = 16 * 1024 * 1024  # Larger ones are for the command line, which reads them as a stream.
STATEMENTS: Final = {
    "text/csv": {
        "schema": {"type": "string"},
        "example": "reference,key,amount,currency,date,status\nT-77,,1000.00,PKR,2026-11-20,paid\n",
    },
    "application/xml": {"schema": {"type": "string"}, "example": "<Document>…</Document>"},
}


@get(
    "/comparisons",
    needs=P.VIEW,
    doc=Doc(
        summary="List comparisons",
        query=PageQuery,
        answers=Page[ComparisonView],
        shows={"data": [shown.COMPARISON], "nextCursor": None, "hasMore": False},
    ),
)
async def list_comparisons(request: PersonRequest, state: State) -> Page[ComparisonView]:
    """List what was compared, newest first, and what it came to."""
    house: House = state.house
    asked = reading.query(request, PageQuery)
    async with house.database.transaction(readonly=True) as tx:
        found = await reconciliation.recent(tx, limit=asked.limit + 1, before=asked.before)
    return page(found, limit=asked.limit, show=ComparisonView.of)


@post(
    "/comparisons",
    status_code=202,
    needs=P.RECONCILE,
    doc=Doc(
        summary="Compare now",
        takes=CompareBody,
        body_required=False,
        examples={"Everything": {}, "One gateway": {"gateway": "somebank", "since": "2026-11-20T00:00:00Z"}},
        answers=Envelope[AskedView],
        shows=examples.envelope({"comparisons": f"{PATH}/comparisons"}, "A worker compares"),
        refuses=(404, 400),
    ),
)
async def compare_now(request: PersonRequest, state: State) -> Envelope[AskedView]:
    """Have a worker compare our books and the gateways' lists now; what comes of it stands among the comparisons."""
    house: House = state.house
    body = await reading.json(request, CompareBody, optional=True)
    if body.gateway is not None:
        if body.gateway not in house.gateways:
            raise dispatch.NoSuchGateway(gateway=body.gateway)
        if not house.gateways[body.gateway].capabilities.lists:
            raise reconciliation.CannotCompare(gateway=body.gateway)
    async with house.database.transaction() as tx:
        await reconciliation.ask(tx, gateway=body.gateway, since=body.since, actor=request.user.actor)
    return envelope(AskedView(f"{PATH}/comparisons"), "A worker compares", at=house.clock.now())


@get(
    "/comparisons/{comparison_id:str}",
    needs=P.VIEW,
    doc=Doc(
        summary="Show a comparison",
        answers=Envelope[ComparisonView],
        shows=examples.envelope(shown.COMPARISON, "Comparison"),
        refuses=(404,),
    ),
)
async def show_comparison(comparison_id: FromPath[str], state: State) -> Envelope[ComparisonView]:
    """Show one comparison."""
    house: House = state.house
    known = reading.identified(comparison_id, reconciliation.NoSuchComparison, of="comparison")
    async with house.database.transaction(readonly=True) as tx:
        found = await reconciliation.get(tx, known)
    return envelope(ComparisonView.of(found), "Comparison", at=house.clock.now())


@post(
    "/statements",
    status_code=200,
    needs=P.RECONCILE,
    request_max_body_size=STATEMENT_BYTES_MAX,
    doc=Doc(
        summary="Compare a statement",
        query=StatementQuery,
        takes_also=STATEMENTS,
        answers=Envelope[ComparisonView],
        shows=examples.envelope(shown.COMPARISON | {"way": "statement"}, "Compared"),
        refuses=(400, 404, 409),
    ),
)
async def compare_statement(request: PersonRequest, state: State) -> Envelope[ComparisonView]:
    """Compare a gateway's or bank's statement with our payouts: CSV in UTF-8, or camt.053. A file counts once."""
    house: House = state.house
    asked = reading.query(request, StatementQuery)
    if asked.gateway not in house.gateways:
        raise dispatch.NoSuchGateway(gateway=asked.gateway)
    content = await reading.body(request)
    made = await reconciliation.compare_statement(
        house.database,
        io.BytesIO(content),
        gateway=asked.gateway,
        form=asked.format,
        actor=request.user.actor,
        columns=asked.columns,
    )
    return envelope(ComparisonView.of(made), "Compared", at=house.clock.now())


@get(
    "/items",
    needs=P.VIEW,
    doc=Doc(
        summary="List what differs",
        query=ItemQuery,
        answers=Page[ItemView],
        shows={"data": [shown.ITEM], "nextCursor": None, "hasMore": False},
    ),
)
async def list_items(request: PersonRequest, state: State) -> Page[ItemView]:
    """List differences, newest first; those that are open, unless you ask for others."""
    house: House = state.house
    asked = reading.query(request, ItemQuery)
    async with house.database.transaction(readonly=True) as tx:
        found = await reconciliation.items(tx, asked.asked(limit=asked.limit + 1, before=asked.before))
    now = house.clock.now()
    return page(found, limit=asked.limit, show=lambda item: ItemView.of(item, at=now))


@get(
    "/items/{item_id:str}",
    needs=P.VIEW,
    doc=Doc(
        summary="Show a difference",
        answers=Envelope[ItemDetail],
        shows=examples.envelope(shown.ITEM | {"corrections": [shown.CORRECTION]}, "Item"),
        refuses=(404,),
    ),
)
async def show_item(item_id: FromPath[str], state: State) -> Envelope[ItemDetail]:
    """Show one difference, with all that was proposed about it."""
    house: House = state.house
    known = reading.identified(item_id, reconciliation.NoSuchItem, of="item")
    async with house.database.transaction(readonly=True) as tx:
        item, corrections = await reconciliation.item(tx, known)
    now = house.clock.now()
    return envelope(ItemDetail.whole(ItemView.of(item, at=now), corrections), "Item", at=now)


@post(
    "/items/{item_id:str}/corrections",
    status_code=201,
    needs=P.RECONCILE,
    doc=Doc(
        summary="Propose a correction",
        takes=CorrectionBody,
        examples={"It was paid": {"action": "settle", "reason": "It is on the statement of the 19th"}},
        answers=Envelope[CorrectionView],
        shows=examples.envelope(shown.CORRECTION, "Proposed; somebody else has to agree"),
        refuses=(400, 404, 409),
    ),
)
async def propose_correction(item_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[CorrectionView]:
    """Propose what is to be done about a difference. Nothing moves until somebody else agrees."""
    house: House = state.house
    body = await reading.json(request, CorrectionBody)
    known = reading.identified(item_id, reconciliation.NoSuchItem, of="item")
    async with house.database.transaction() as tx:
        made = await reconciliation.propose(
            tx, known, action=body.action, person=request.user.id, reason=body.reason, program=body.program
        )
    return envelope(CorrectionView.of(made), "Proposed; somebody else has to agree", at=house.clock.now())


@post(
    "/corrections/{correction_id:str}/approve",
    status_code=200,
    needs=P.RECONCILE,
    doc=Doc(
        summary="Approve a correction",
        takes=ReasonBody,
        body_required=False,
        examples={"With a reason": {"reason": "I see it too"}},
        answers=Envelope[ItemView],
        shows=examples.envelope(shown.ITEM | {"resolution": "settle"}, "Corrected"),
        refuses=(400, 404, 409),
    ),
)
async def approve_correction(correction_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[ItemView]:
    """Agree to somebody else's correction; it is carried out at once, or refused and left waiting."""
    house: House = state.house
    body = await reading.json(request, ReasonBody, optional=True)
    known = reading.identified(correction_id, reconciliation.NoSuchCorrection, of="correction")
    async with house.database.transaction() as tx:
        item = await reconciliation.approve(
            tx, known, person=request.user.id, reason=body.reason, scribe=dispatch.Scribe(house.book)
        )
    house.ringer.ring(dispatch.BELL)
    now = house.clock.now()
    return envelope(ItemView.of(item, at=now), "Corrected", at=now)


@post(
    "/corrections/{correction_id:str}/reject",
    status_code=200,
    needs=P.RECONCILE,
    doc=Doc(
        summary="Reject a correction",
        takes=MustReasonBody,
        examples={"With a reason": {"reason": "That is another payment"}},
        answers=Envelope[ItemView],
        shows=examples.envelope(shown.ITEM, "Rejected"),
        refuses=(404, 409),
    ),
)
async def reject_correction(correction_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[ItemView]:
    """Turn a correction down, or withdraw your own; the difference stays open."""
    house: House = state.house
    body = await reading.json(request, MustReasonBody)
    known = reading.identified(correction_id, reconciliation.NoSuchCorrection, of="correction")
    async with house.database.transaction() as tx:
        item = await reconciliation.reject(tx, known, person=request.user.id, reason=body.reason)
    now = house.clock.now()
    return envelope(ItemView.of(item, at=now), "Rejected", at=now)


@get(
    "/recovery",
    needs=P.VIEW,
    doc=Doc(
        summary="Is sending off for a recovery?",
        answers=Envelope[RecoveryView],
        shows=examples.envelope(shown.RECOVERY, "Recovery"),
    ),
)
async def show_recovery(state: State) -> Envelope[RecoveryView]:
    """Show whether sending is off because these books may lack payments, and what that waits for."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        seen = await recovery.outlook(tx)
    return envelope(RecoveryView.of(seen), "Recovery", at=house.clock.now())


@post(
    "/recovery",
    status_code=200,
    needs=P.STOP_SENDING,
    doc=Doc(
        summary="Begin a recovery",
        takes=RecoveryBody,
        examples={"A snapshot": {"since": "2026-11-20T08:00:00Z", "reason": "The disk was restored from a snapshot"}},
        answers=Envelope[RecoveryView],
        shows=examples.envelope(shown.RECOVERY, "Sending is off"),
    ),
)
async def begin_recovery(request: PersonRequest, state: State) -> Envelope[RecoveryView]:
    """Turn sending off until everything since a moment has been compared, and nothing differs."""
    house: House = state.house
    body = await reading.json(request, RecoveryBody)
    async with house.database.transaction() as tx:
        await dispatch.recovery.begin(tx, known_until=body.since, reason=body.reason, actor=request.user.actor)
    async with house.database.transaction(readonly=True) as tx:
        seen = await recovery.outlook(tx)
    return envelope(RecoveryView.of(seen), "Sending is off", at=house.clock.now())


router = Router(
    path=PATH,
    route_handlers=[
        list_comparisons,
        compare_now,
        show_comparison,
        compare_statement,
        list_items,
        show_item,
        propose_correction,
        approve_correction,
        reject_correction,
        show_recovery,
        begin_recovery,
    ],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Staff: reconciliation"],
)
