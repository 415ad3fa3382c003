"""Looking at notices, and sending again what was not sent."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar.cli import frame
from bursar.foundation.db import Transaction
from bursar.outbound import notices
from bursar.outbound.notices import Notice, State

EXAMPLES: Final = frame.examples(
    "bursar notices list --state failed", "bursar notices list --payout 0193f0c1-…", "bursar notices list --json"
)
RETRY_EXAMPLES: Final = frame.examples("bursar notices retry 0193f0c1-…", "bursar notices retry --all-unsent")
HEADINGS: Final = {
    "created_at": "When",
    "kind": "About",
    "channel": "By",
    "to": "To",
    "state": "State",
    "reason": "Reason",
    "tries": "Tries",
    "id": "Id",
}
_DETAILS: Final = HEADINGS | {
    "program": "Program",
    "holder_id": "Holder",
    "payout_id": "Payout",
    "status": "Answer",
    "next_try_at": "Next try",
    "finished_at": "Finished",
}


def list_notices(
    *,
    state: Annotated[State | None, typer.Option(help="Only those that stand there.")] = None,
    payout: Annotated[UUID | None, typer.Option(metavar="ID", help="Only those about this payout.")] = None,
    before: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on below the notice with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=notices.PAGE_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """What people were told, newest first, and what became of it."""
    frame.run(_list(state=state, payout=payout, before=before, limit=limit, json=json))


def show(
    notice: Annotated[UUID, typer.Argument(metavar="ID", help="The notice's id.")], *, json: frame.Json = False
) -> None:
    """Show one notice: to whom, about what, and what became of it."""
    frame.run(_show(notice, json=json))


def retry(
    ids: Annotated[list[UUID] | None, typer.Argument(metavar="ID...", help="The notices, by their ids.")] = None,
    *,
    all_unsent: Annotated[
        bool, typer.Option("--all-unsent", help="Those that failed or lacked a mail server or key, newest first.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=notices.PAGE_MAX, help="With --all-unsent: how many.")] = 200,
    json: frame.Json = False,
) -> None:
    """Let notices that were not sent wait anew, with all their tries: after a repair, say."""
    if bool(ids) == all_unsent:
        raise typer.BadParameter("name some ids, or say --all-unsent")
    frame.run(_retry(ids or [], limit=limit, json=json))


async def _list(*, state: State | None, payout: UUID | None, before: UUID | None, limit: int, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        if payout is not None:
            about = reversed(await notices.about(tx, payout))
            found = [notice for notice in about if state in {None, notice.state}][:limit]
        else:
            found = await notices.page(tx, state=state, before=before, limit=limit)
    frame.show([row(notice) for notice in found], HEADINGS, json=json, empty="Nobody was told anything.")


async def _show(notice_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        notice = await notices.get(tx, notice_id)
    found = row(notice)
    if json:
        frame.show_json(found | {"facts": notice.facts})
        return
    lines = [{"field": heading, "value": found[field]} for field, heading in _DETAILS.items()]
    frame.show([line for line in lines if line["value"] is not None], {"field": "", "value": ""})


async def _retry(ids: Sequence[UUID], *, limit: int, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction() as tx:
            again = await notices.retry(tx, ids or await _unsent(tx, limit))
        if again:
            await frame.ring(database, notices.BELL)
    frame.show([row(notice) for notice in again], HEADINGS, json=json, empty="Everything was sent.")


async def _unsent(tx: Transaction, limit: int) -> list[UUID]:
    """Those that another try can help: not what was not wanted, nor what has nobody to go to."""
    unsent = [notice for state in (State.FAILED, State.SKIPPED) for notice in await notices.page(tx, state=state)]
    helped = [notice.id for notice in unsent if notice.can_be_helped]
    return helped[:limit]


def row(notice: Notice) -> dict[str, object]:
    """One notice as a line of a table."""
    return {
        "id": notice.id,
        "kind": notice.kind.value,
        "channel": notice.address.channel.value,
        "to": notice.address.text if notice.address.channel is notices.Channel.EMAIL else notice.to,
        "state": notice.state.value,
        "reason": notice.last_error,
        "status": notice.last_status,
        "tries": notice.tries,
        "program": notice.program,
        "holder_id": notice.holder_id,
        "payout_id": notice.payout_id,
        "created_at": notice.created_at,
        "next_try_at": notice.due_at,
        "finished_at": notice.finished_at,
    }
