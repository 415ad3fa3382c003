"""``bursar alerts``: what is wrong, who has seen it, and what became of telling it."""

from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import monitoring, programs
from bursar.cli import frame
from bursar.monitoring.alerts import Alert, AlertType
from bursar.outbound import notices

app = typer.Typer(name="alerts", help="Alerts: what is wrong, and who takes care of it.", no_args_is_help=True)

COLUMNS: Final = {
    "severity": "Severity", "program": "Program", "type": "Type", "message": "What", "state": "State",
    "opened_at": "Since", "id": "Alert",
}  # fmt: skip
_TELLINGS: Final = {"by": "By", "to": "To", "about": "About", "state": "State", "tries": "Tries", "reason": "Why"}

_Id = Annotated[UUID, typer.Argument(metavar="ID", help="The alert's id.")]


@app.command("list", epilog=frame.examples("bursar alerts list", "bursar alerts list --all --program writers --json"))
def list_alerts(
    *,
    program: Annotated[str | None, typer.Option(help="Only of this program, and of the whole installation.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The history too: what has been resolved.")] = False,
    type_: Annotated[AlertType | None, typer.Option("--type", help="With --all: only of this type.")] = None,
    before: Annotated[UUID | None, typer.Option(metavar="ID", help="With --all: go on below this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=monitoring.alerts.PAGE_MAX, help="With --all: so many.")] = 50,
    json: frame.Json = False,
) -> None:
    """What is wrong now, the worst first."""
    page = {"type_": type_, "before": before, "limit": limit}
    frame.run(_list(program, page if everything else None, json=json))


@app.command(epilog=frame.examples("bursar alerts show 019a9f3e-0000-7000-8000-000000000000"))
def show(alert: _Id, *, json: frame.Json = False) -> None:
    """One alert: what was found, who was told of it, and what came of that."""
    frame.run(_show(alert, json=json))


@app.command(epilog=frame.examples("bursar alerts acknowledge 019a9f3e-0000-7000-8000-000000000000"))
def acknowledge(alert: _Id, *, json: frame.Json = False) -> None:
    """Say that you have seen it and take care of it."""
    frame.run(_acknowledge(alert, json=json))


@app.command(epilog=frame.examples('bursar alerts resolve 019a9f3e-0000-7000-8000-000000000000 --note "bank is back"'))
def resolve(
    alert: _Id,
    *,
    note: Annotated[str, typer.Option(help="What it was, for whoever reads the history.")] = "",
    json: frame.Json = False,
) -> None:
    """Say that it is dealt with. What is still wrong is not told again before it had gone away."""
    frame.run(_resolve(alert, note, json=json))


@app.command("test", epilog=frame.examples("bursar alerts test writers"))
def try_out(program: Annotated[str, typer.Argument(help="The program.")], *, json: frame.Json = False) -> None:
    """Send everybody who is told of a program's alerts one that says that nothing is wrong."""
    frame.run(_try_out(program, json=json))


async def _list(program: str | None, page: dict[str, Any] | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        if program is not None:
            await programs.current(tx, [program])
        if page is None:
            found = await monitoring.alerts.active(tx, program)
        else:
            found = await monitoring.alerts.page(tx, program, **page)
    frame.show([_row(alert) for alert in found], COLUMNS, json=json, empty="Nothing is wrong.")


async def _show(alert_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        alert = await monitoring.alerts.get(tx, alert_id)
        tellings = [
            *(_mailed(notice) for notice in await notices.about(tx, alert_id)),
            *(_posted(post) for post in await monitoring.alerts.posts(tx, alert_id)),
        ]
    if json:
        frame.show_json({**_row(alert), "told": tellings})
        return
    rows = [{"name": name.replace("_", " "), "value": value} for name, value in _row(alert).items()]
    frame.show([row for row in rows if row["value"] not in (None, "")], {"name": "", "value": ""})
    frame.show(tellings, _TELLINGS, json=False, empty="Nobody was told.")


async def _acknowledge(alert_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        alert = await monitoring.alerts.acknowledge(tx, alert_id, actor=frame.actor())
    _say(alert, f"Acknowledged by {alert.acknowledged_by}.", json=json)


async def _resolve(alert_id: UUID, note: str, *, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction() as tx:
            alert = await monitoring.alerts.resolve(tx, alert_id, actor=frame.actor(), note=note)
        await frame.ring(database, monitoring.alerts.BELL)
    _say(alert, "Resolved.", json=json)


async def _try_out(program: str, *, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction() as tx:
            alert = await monitoring.alerts.try_out(tx, program, actor=frame.actor())
            told = len(await notices.about(tx, alert.id)) + len(await monitoring.alerts.posts(tx, alert.id))
        await frame.ring(database, monitoring.alerts.BELL)
    _say(alert, f"A worker tells {told} addresses; see what came of it with: bursar alerts show {alert.id}", json=json)


def _say(alert: Alert, sentence: str, *, json: bool) -> None:
    if json:
        frame.show_json(_row(alert))
    else:
        frame.say(sentence)


def _row(alert: Alert) -> dict[str, Any]:
    state = "resolved" if not alert.is_active else "acknowledged" if alert.is_acknowledged else "open"
    return {**asdict(alert), "state": state}


def _mailed(notice: notices.Notice) -> dict[str, Any]:
    return {
        "by": "e-mail",
        "to": notice.address.text or notice.to,
        "about": notice.kind.value,
        "state": notice.state.value,
        "tries": notice.tries,
        "reason": notice.last_error,
    }


def _posted(post: monitoring.alerts.Post) -> dict[str, Any]:
    return {
        "by": "post",
        "to": post.url,
        "about": f"telling {post.number}",
        "state": post.state.value,
        "tries": post.tries,
        "reason": post.last_error or (f"HTTP {post.last_status}" if post.last_status else None),
    }
