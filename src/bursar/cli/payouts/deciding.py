"""What people decide about payouts: approve, reject, cancel, try again. Each payout is done or refused on its own."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import dispatch, identity, payouts, programs
from bursar.cli import frame
from bursar.cli.payouts import listing
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Refusal
from bursar.identity import Permission, Person
from bursar.payouts import Payout

EXAMPLES: Final = frame.examples(
    "bursar payouts approve 0193f0c1-… --as amina@example.com",
    "bursar payouts approve 0193f0c1-… 0193f0c2-… --as amina@example.com --password-stdin < secret",
)

Ids = Annotated[list[UUID], typer.Argument(metavar="ID...", help="The payouts, by their ids.")]
As = Annotated[str | None, typer.Option("--as", metavar="EMAIL", help="Act as this person. Asks for their password.")]
AsSomebody = Annotated[str, typer.Option("--as", metavar="EMAIL", help="Who decides. Asks for their password.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.")]

Decision = Callable[[Transaction, Sequence[UUID]], Awaitable[list[Payout | Refusal]]]


def approve(
    ids: Ids,
    *,
    person: AsSomebody,
    reason: Reason = "",
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Agree that payouts in review may leave. Nobody can agree to what they asked for themselves."""
    secret = password(person, from_stdin=password_stdin)

    async def decide(database: Database) -> Decision:
        voter = await somebody(database, person, secret, permission=Permission.APPROVE_PAYOUTS)
        return lambda tx, wanted: payouts.approve(tx, wanted, person=voter.id, reason=reason, book=programs.Book())

    frame.run(_decide(ids, decide, json=json))


def reject(
    ids: Ids,
    *,
    person: AsSomebody,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision, and shown to whoever asked.")],
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Turn payouts in review down; one word is enough, and their money is free again."""
    secret = password(person, from_stdin=password_stdin)

    async def decide(database: Database) -> Decision:
        voter = await somebody(database, person, secret, permission=Permission.REJECT_PAYOUTS)
        return lambda tx, wanted: payouts.reject(tx, wanted, person=voter.id, reason=reason, book=programs.Book())

    frame.run(_decide(ids, decide, json=json))


def cancel(
    ids: Ids, *, person: As = None, reason: Reason = "", password_stdin: PasswordStdin = False, json: frame.Json = False
) -> None:
    """Withdraw payouts that have not been sent; their money is free again."""
    secret = password(person, from_stdin=password_stdin)

    async def decide(database: Database) -> Decision:
        actor = await _actor(database, person, secret, permission=Permission.CANCEL_PAYOUTS)
        return lambda tx, wanted: payouts.cancel(tx, wanted, actor=actor, reason=reason, book=programs.Book())

    frame.run(_decide(ids, decide, json=json))


def retry(
    ids: Ids, *, person: As = None, reason: Reason = "", password_stdin: PasswordStdin = False, json: frame.Json = False
) -> None:
    """Send failed payouts again; their money is reserved anew."""
    secret = password(person, from_stdin=password_stdin)

    async def decide(database: Database) -> Decision:
        actor = await _actor(database, person, secret, permission=Permission.RETRY_PAYOUTS)
        return lambda tx, wanted: payouts.retry(tx, wanted, actor=actor, reason=reason, book=programs.Book())

    frame.run(_decide(ids, decide, json=json))


def password(person: str | None, *, from_stdin: bool) -> str:
    """The password of whoever acts; empty when nobody in particular does."""
    if person is None:
        return ""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt(f"Password of {person}", hide_input=True, err=True)
    return asked


async def somebody(database: Database, email: str, secret: str, *, permission: Permission = Permission.VIEW) -> Person:
    """The person with this e-mail and password, if they may do this. No session of theirs stays.

    Raises:
        SignInRefused: nobody, disabled, wrong password, or too many tries.
        NotPermitted: none of their roles allows it.
    """
    now = SystemClock().now()
    signed_in = await identity.sign_in(database, email=email, password=secret, now=now)
    async with database.transaction() as tx:
        await identity.sign_out(tx, signed_in.token, at=now)
    signed_in.person.insist(permission)
    return signed_in.person


async def _actor(database: Database, email: str | None, secret: str, *, permission: Permission) -> str:
    """Who acts, as history names them: a person, or whoever is at the keyboard."""
    if email is None:
        return frame.actor()
    return (await somebody(database, email, secret, permission=permission)).actor


async def _decide(ids: Sequence[UUID], decide: Callable[[Database], Awaitable[Decision]], *, json: bool) -> None:
    wanted = list(dict.fromkeys(ids))
    async with frame.database() as database:
        decision = await decide(database)
        results = dict(zip(wanted, await database.retrying(lambda tx: decision(tx, wanted)), strict=True))
        await frame.ring(database, dispatch.BELL)
        async with database.transaction(readonly=True) as tx:
            moved = await listing.rows(tx, [result for result in results.values() if isinstance(result, Payout)])
    _report(results, {row["id"]: row for row in moved}, json=json)


def _report(results: Mapping[UUID, Payout | Refusal], rows: Mapping[UUID, Mapping[str, Any]], *, json: bool) -> None:
    """Show what was done, and say of each that was refused why; exit code 1 if any was."""
    refused = {payout_id: result for payout_id, result in results.items() if isinstance(result, Refusal)}
    if json:
        frame.show_json([rows.get(payout_id) or _refused(payout_id, refused[payout_id]) for payout_id in results])
    elif rows:
        frame.show(list(rows.values()), listing.HEADINGS)
    for payout_id, refusal in refused.items():
        frame.note(f"error[{refusal.code}]: {payout_id}: {refusal.message}")
    if refused:
        raise typer.Exit(1)


def _refused(payout_id: UUID, refusal: Refusal) -> dict[str, Any]:
    return {"id": payout_id, "error": {"code": refusal.code, "message": refusal.message, **refusal.facts}}
