"""``bursar keys``: make, list and revoke API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import holders, identity
from bursar.cli import frame, resealing
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.holders import Holder
from bursar.identity import HOLDER_SCOPES, PROGRAM_SCOPES, ApiKey, Mode, NewKey, Scope

app = typer.Typer(
    name="keys",
    help="API keys: what a holder's own systems call with, or the platform behind a whole program.",
    no_args_is_help=True,
)

app.command("rotate-encryption")(resealing.rotate)

_HEADINGS: Final = {
    "name": "Name",
    "prefix": "Key",
    "holder": "Holder",
    "scopes": "Scopes",
    "allowed_ips": "Allowed from",
    "state": "State",
    "last_used_at": "Last used",
    "id": "Id",
}


@app.command()
def create(
    *,
    program: Annotated[str, typer.Option(help="The program it is for.")],
    holder: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="The holder whose key it is. Without it: the platform's, for the whole program."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="What the key is for, so that you know it again.")] = "key",
    test: Annotated[bool, typer.Option("--test", help="A test key instead of a live one.")] = False,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="Only for this; repeatable. Without it: everything.")
    ] = None,
    ip: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Only from there; repeatable. Without it: anywhere.")
    ] = None,
    expires: Annotated[
        int | None, typer.Option(min=1, max=3_650, metavar="DAYS", help="When it ends. Without it: never.")
    ] = None,
    json: frame.Json = False,
) -> None:
    """Make a key. It is printed once and cannot be shown again; what is stored is a hash."""
    wanted = _Wanted(
        program=program,
        reference=holder,
        name=name,
        mode=Mode.TEST if test else Mode.LIVE,
        scopes=frozenset(scope) if scope else HOLDER_SCOPES if holder else PROGRAM_SCOPES,
        ips=ip or [],
        days=expires,
    )
    frame.run(_create(wanted, json=json))


@app.command("list")
def list_keys(
    *,
    program: Annotated[str | None, typer.Option(help="Only keys of this program.")] = None,
    holder: Annotated[str | None, typer.Option(metavar="REF", help="Only this holder's; needs --program.")] = None,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the key with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=identity.PAGE_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """Which keys there are, newest first: what may be seen of them, what they may do, and when they were last used."""
    if holder is not None and program is None:
        raise typer.BadParameter("a reference means something in its program only; add --program")
    frame.run(_list(program, holder, after=after, limit=limit, json=json))


@app.command()
def revoke(
    keys: Annotated[list[UUID], typer.Argument(metavar="ID...", help="The ids, as list shows them.")],
    *,
    json: frame.Json = False,
) -> None:
    """End keys, for good and at once: all of them, or none when one does not exist."""
    frame.run(_revoke(keys, json=json))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A key as the command line describes it."""

    program: str
    reference: str | None
    name: str
    mode: Mode
    scopes: frozenset[Scope]
    ips: Sequence[str]
    days: int | None


async def _create(wanted: _Wanted, *, json: bool) -> None:
    allowed = identity.networks(wanted.ips)
    now = SystemClock().now()
    async with frame.database() as database, database.transaction() as tx:
        holder = await holders.by_reference(tx, wanted.program, wanted.reference) if wanted.reference else None
        new = NewKey(
            holder.id if holder else None,
            wanted.program,
            wanted.name,
            mode=wanted.mode,
            scopes=wanted.scopes,
            allowed_ips=allowed,
            expires_at=now + timedelta(days=wanted.days) if wanted.days else None,
        )
        [issued] = await identity.issue_keys(tx, [new], actor=frame.actor(), at=now)
    if json:
        frame.show_json({"key": issued.text, **_row(issued.key, holder, now)})
        return
    typer.echo(issued.text)
    typer.echo("Keep it now: it is stored as a hash and cannot be shown again.", err=True)


async def _list(program: str | None, reference: str | None, *, after: UUID | None, limit: int, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        holder = await holders.by_reference(tx, program, reference) if program and reference else None
        holder_id = holder.id if holder else None
        page = await identity.list_keys(tx, program=program, holder_id=holder_id, after=after, limit=limit)
        rows = await _rows(tx, page)
    frame.show(rows, _HEADINGS, json=json, empty="No keys.")


async def _revoke(key_ids: Sequence[UUID], *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        revoked = await identity.revoke_keys(tx, key_ids, actor=frame.actor(), at=SystemClock().now())
        missing = set(key_ids) - {key.id for key in revoked}
        if missing:
            raise identity.NoSuchKey(f"There is no API key {min(missing)}.")
        rows = await _rows(tx, revoked)
    frame.show(rows, _HEADINGS, json=json)


async def _rows(tx: Transaction, keys: Sequence[ApiKey]) -> list[dict[str, object]]:
    owners = await holders.find(tx, {key.holder_id for key in keys if key.holder_id})
    now = SystemClock().now()
    return [_row(key, owners[key.holder_id] if key.holder_id else None, now) for key in keys]


def _row(key: ApiKey, holder: Holder | None, now: datetime) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "program": key.program,
        "holder": holder.reference if holder else None,
        "holder_id": key.holder_id,
        "scopes": sorted(key.scopes),
        "allowed_ips": [str(network) for network in key.allowed_ips],
        "state": _state(key, now),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "usable" if key.usable(now) else "expired"
