"""``bursar people``: who may sign in, what their roles are, and for which holders they act."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import holders, identity
from bursar.cli import frame
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.identity import Person, Role

app = typer.Typer(
    name="people",
    help="People who sign in: staff, and those who act for holders.",
    no_args_is_help=True,
)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The e-mail address they sign in with.")]
HolderRefs = Annotated[
    list[str], typer.Argument(metavar="PROGRAM/REFERENCE...", help="Holders, by program and reference.")
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]

Place = tuple[str, str]
"""A holder by program and reference."""

_HEADINGS: Final = {"email": "E-mail", "name": "Name", "roles": "Roles", "disabled_at": "Disabled"}
_ACTING: Final = {"email": "E-mail", "name": "Name", "acts_for": "Acts for"}


@app.command()
def add(
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Their name.")],
    role: Annotated[
        list[Role] | None, typer.Option(case_sensitive=False, help="What they are to us; may be given more than once.")
    ] = None,
    holder: Annotated[
        list[str] | None,
        typer.Option(metavar="PROGRAM/REFERENCE", help="A holder for whom they act; may be given more than once."),
    ] = None,
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Let somebody sign in, as staff or for holders. Asks for a first password unless it comes on standard input."""
    if not role and not holder:
        raise typer.BadParameter("say what they are, with --role, or for whom they act, with --holder")
    places = [_place(text) for text in holder or []]
    chosen = _password(from_stdin=password_stdin)
    frame.run(_add(email, name=name, roles=role or [], places=places, chosen=chosen, json=json))


@app.command("list")
def list_people(*, json: frame.Json = False) -> None:
    """Who may sign in, and who no longer may."""
    frame.run(_list(json=json))


@app.command()
def roles(
    email: Email,
    role: Annotated[list[Role], typer.Argument(metavar="ROLE...", case_sensitive=False, help="All their new roles.")],
    *,
    json: frame.Json = False,
) -> None:
    """Replace somebody's roles; it counts from their next click on."""
    frame.run(
        _change(email, lambda tx, person: identity.set_roles(tx, person.id, roles=role, actor=frame.actor()), json=json)
    )


@app.command()
def password(email: Email, *, password_stdin: PasswordStdin = False, json: frame.Json = False) -> None:
    """Give somebody a new password. Ends their sessions, and the lock that too many tries have brought."""
    chosen = _password(from_stdin=password_stdin)
    frame.run(_set_password(email, chosen, json=json))


@app.command()
def disable(email: Email, *, json: frame.Json = False) -> None:
    """Shut somebody out and end their sessions."""
    now = SystemClock().now()
    frame.run(
        _change(
            email, lambda tx, person: identity.disable_person(tx, person.id, actor=frame.actor(), at=now), json=json
        )
    )


@app.command()
def enable(email: Email, *, json: frame.Json = False) -> None:
    """Let a disabled person sign in again."""
    frame.run(_change(email, lambda tx, person: identity.enable_person(tx, person.id, actor=frame.actor()), json=json))


@app.command()
def link(email: Email, holder: HolderRefs, *, json: frame.Json = False) -> None:
    """Let somebody act for holders: see their payouts and balance, and ask for their money."""
    frame.run(_link(email, [_place(text) for text in holder], json=json))


@app.command()
def unlink(email: Email, holder: HolderRefs, *, json: frame.Json = False) -> None:
    """Let somebody act for holders no longer; it counts from their next click on."""
    frame.run(_unlink(email, [_place(text) for text in holder], json=json))


async def _add(
    email: str, *, name: str, roles: Sequence[Role], places: Sequence[Place], chosen: str, json: bool
) -> None:
    stored = await identity.hash_password(chosen, email=email)
    async with frame.database() as database, database.transaction() as tx:
        person = await identity.add_person(
            tx, email=email, name=name, password_hash=stored, roles=roles, actor=frame.actor(), at=SystemClock().now()
        )
        await identity.link(tx, await _links(tx, person, places), actor=frame.actor(), at=SystemClock().now())
    _print(person, json=json)


async def _link(email: str, places: Sequence[Place], *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        person = await identity.person_by_email(tx, email)
        await identity.link(tx, await _links(tx, person, places), actor=frame.actor(), at=SystemClock().now())
        row = await _acting(tx, person)
    frame.show([row], _ACTING, json=json)


async def _unlink(email: str, places: Sequence[Place], *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        person = await identity.person_by_email(tx, email)
        await identity.unlink(tx, await _links(tx, person, places), actor=frame.actor())
        row = await _acting(tx, person)
    frame.show([row], _ACTING, json=json)


async def _links(tx: Transaction, person: Person, places: Sequence[Place]) -> list[tuple[UUID, UUID]]:
    """A person with each of these holders.

    Raises:
        NoSuchHolder: one of them is not there.
    """
    return [(person.id, (await holders.by_reference(tx, *place)).id) for place in places]


async def _acting(tx: Transaction, person: Person) -> dict[str, object]:
    """A person with the holders for whom they act."""
    found = await holders.find(tx, await identity.holders_of(tx, person.id))
    return {**_row(person), "acts_for": sorted(f"{holder.program}/{holder.reference}" for holder in found.values())}


async def _list(*, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        people = await identity.list_people(tx)
    empty = "Nobody yet; begin with: bursar people add you@example.com --name You --role 'Super Admin'"
    frame.show([_row(person) for person in people], _HEADINGS, json=json, empty=empty)


async def _set_password(email: str, chosen: str, *, json: bool) -> None:
    stored = await identity.hash_password(chosen, email=email)
    now = SystemClock().now()
    await _change(
        email,
        lambda tx, person: identity.set_password(tx, person.id, password_hash=stored, actor=frame.actor(), at=now),
        json=json,
    )


async def _change(email: str, change: Callable[[Transaction, Person], Awaitable[Person]], *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        person = await change(tx, await identity.person_by_email(tx, email))
    _print(person, json=json)


def _place(text: str) -> Place:
    """Program and reference, as ``providers/ada``; the reference may hold slashes of its own."""
    program, slash, reference = text.partition("/")
    if not (program and slash and reference):
        raise typer.BadParameter(f"{text!r} is not PROGRAM/REFERENCE, such as providers/ada")
    return program, reference


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


def _print(person: Person, *, json: bool) -> None:
    if json:
        frame.show_json(_row(person))
    else:
        frame.show([_row(person)], _HEADINGS)


def _row(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "roles": sorted(person.roles),
        "created_at": person.created_at,
        "disabled_at": person.disabled_at,
    }
