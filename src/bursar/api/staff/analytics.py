"""How payouts went: counted by day, kind, status and gateway."""

from typing import Any

from litestar import Response, Router, get
from litestar.datastructures import State

from bursar import identity
from bursar.api import exports, reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff.wire_analytics import ANALYTICS, COLUMNS, AnalyticsAnswer, AnalyticsQuery, GroupView, row
from bursar.house import House
from bursar.payouts import analytics


@get(
    "/",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="Show how payouts went",
        query=AnalyticsQuery,
        answers=AnalyticsAnswer,
        shows=ANALYTICS,
        answers_also={exports.MEDIA: exports.lines([COLUMNS])},
        refuses=(404,),
    ),
)
async def show_analytics(request: PersonRequest, state: State) -> Response[Any]:
    """Show what the payouts that were asked for in some days came to: counts, amounts, success, and time taken.

    They are counted as they stand now, so that the figures of a day add up to its list of payouts. As CSV with
    `format=csv` or `Accept: text/csv`.
    """
    house: House = state.house
    asked = reading.query(request, AnalyticsQuery)
    program = asked.program or None
    async with house.database.transaction(readonly=True) as tx:
        terms = (await house.book.judge(tx, {program}))[program] if program else None
        time_zone = terms.statements.time_zone if terms else "UTC"
        days = analytics.Days.chosen(asked.begin, asked.end, at=await tx.now(), time_zone=time_zone)
        found = await analytics.analyse(tx, days=days, by=asked.by, program=program)
    if exports.is_wanted(request, asked.format):
        content = exports.lines([COLUMNS, *(row(GroupView.of(group)) for group in found)])
        headers = {"content-disposition": 'attachment; filename="analytics.csv"'}
        return Response(content, media_type=exports.MEDIA, headers=headers)
    return Response(AnalyticsAnswer.of(program, days, asked.by, found))


router = Router(path="/api/admin/analytics", route_handlers=[show_analytics], tags=["Staff: monitoring"])
