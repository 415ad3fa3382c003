"""The scheduler's door: somebody else's cron says that it is time, and is told what the run has come to.

What begins runs by itself is a worker's clockwork; a call here begins none that has been begun there, and the other way
round. It is for installations whose schedules are kept elsewhere, and for those that want to hear of the end at once.
"""

from typing import Final

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import schedules
from bursar.api import reading
from bursar.api.entry import Needs
from bursar.api.openapi import Doc
from bursar.api.writers import examples, triggering
from bursar.api.writers.wire import OfProgramQuery, RunAnswer, TriggerBody
from bursar.house import House

PATH: Final = "/api/cron/automated-payouts"
ACTOR: Final = "system:cron"


@post(
    "/",
    status_code=200,
    needs=Needs.CRON,
    doc=Doc(
        summary="Process payouts automatically",
        query=OfProgramQuery,
        takes=TriggerBody,
        body_required=False,
        examples={"All that can be said": examples.BODY, "At its time": {"forceRun": False}},
        answers=RunAnswer,
        shows=examples.COMPLETED,
        answers_by_status={202: (RunAnswer, examples.UNDER_WAY)},
        refuses=(404, 409),
    ),
)
async def trigger_payouts(request: Request[None, None, State], state: State) -> Response[RunAnswer]:
    """Begin the run whose time has come, and answer with what it came to.

    Outside its schedule nothing is done (`status` is `skipped`), unless you say `forceRun`. Calls at the same time, and
    calls while a run is under way, are answered about that one run. A run that takes longer than a few seconds is
    answered with `202` and goes on; `Location` says where to look. A `dryRun` says who would be paid and changes
    nothing, at any time.
    """
    house: House = state.house
    program = reading.query(request, OfProgramQuery).program or house.settings.cron_program
    wanted = await reading.json(request, TriggerBody, optional=True)
    return _answered(await triggering.trigger(house, program, wanted, actor=ACTOR))


@get(
    "/{run_id:str}",
    needs=Needs.CRON,
    doc=Doc(
        summary="Look at a run",
        answers=RunAnswer,
        shows=examples.COMPLETED,
        answers_by_status={202: (RunAnswer, examples.UNDER_WAY)},
        refuses=(404,),
    ),
)
async def show_triggered_run(run_id: FromPath[str], state: State) -> Response[RunAnswer]:
    """Tell what a run has come to so far: `202` as long as it is under way."""
    known = reading.identified(run_id, schedules.NoSuchRun, of="run")
    return _answered(await triggering.look(state.house, known))


def _answered(answer: RunAnswer) -> Response[RunAnswer]:
    if answer.status != "running":
        return Response(answer)
    return Response(answer, status_code=202, headers=triggering.look_again(f"{PATH}/{answer.data.run_id}"))


router = Router(
    path=PATH,
    route_handlers=[trigger_payouts, show_triggered_run],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Scheduler"],
)
