"""``bursar people``: who may sign in, and what their roles are."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final

import typer

from bursar import identity
from bursar.cli import frame
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.identity import Person, Role

app = typer.Typer(
    name="people",
    help="People who sign in to the portals: who they are and what they may do.",
    no_args_is_help=True,
)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The e-mail address they sign in with.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]

_HEADINGS: Final = {"email": "E-mail", "name": "Name", "roles": "Roles", "disabled_at": "Disabled"}


@app.command()
def add(
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Their name.")],
    role: Annotated[list[Role], typer.Option(case_sensitive=False, help="What they are; may be given more than once.")],
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Let somebody sign in. Asks for their first password unless it comes on standard input."""
    chosen = _password(from_stdin=password_stdin)
    frame.run(_add(email, name=name, roles=role, chosen=chosen, json=json))


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


async def _add(email: str, *, name: str, roles: Sequence[Role], chosen: str, json: bool) -> None:
    stored = await identity.hash_password(chosen, email=email)
    async with frame.database() as database, database.transaction() as tx:
        person = await identity.add_person(
            tx, email=email, name=name, password_hash=stored, roles=roles, actor=frame.actor(), at=SystemClock().now()
        )
    _print(person, json=json)


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
