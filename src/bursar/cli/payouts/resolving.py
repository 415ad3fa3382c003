"""``bursar payouts resolve``: two people say what became of a payout when no gateway ever told."""

from typing import Annotated
from uuid import UUID

import typer

from bursar import approvals, dispatch, programs
from bursar.cli import frame
from bursar.cli.payouts.deciding import AsSomebody, PasswordStdin, password, somebody
from bursar.foundation.db import Transaction
from bursar.identity import Permission


def resolve(
    payout_id: Annotated[UUID, typer.Argument(metavar="ID", help="The payout, by its id.")],
    *,
    paid: Annotated[
        bool, typer.Option("--paid/--not-paid", help="What the gateway's own statement says.", prompt="Was it paid?")
    ],
    person: AsSomebody,
    reason: Annotated[str, typer.Option(help="How you know; kept with your word.")],
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Say whether a payout with an unknown outcome was paid.

    Nothing moves until two different people have said the same. Then it is completed, or it fails and its money is free
    again. Look at the gateway's statement first: what is called not paid may be paid again. Where some of the money has
    left, as a transfer whose payout is missing, take it back there before you call it not paid.
    """
    secret = password(person, from_stdin=password_stdin)
    frame.run(_resolve(payout_id, person, secret, paid=paid, reason=reason, json=json))


async def _resolve(payout_id: UUID, person: str, secret: str, *, paid: bool, reason: str, json: bool) -> None:
    scribe = dispatch.Scribe(programs.Book())
    async with frame.database() as database:
        voter = await somebody(database, person, secret, permission=Permission.APPROVE_PAYOUTS)

        async def work(tx: Transaction) -> approvals.Standing:
            return await dispatch.resolve(tx, payout_id, person=voter.id, paid=paid, reason=reason, scribe=scribe)

        standing = await database.retrying(work)
    if not paid and standing is not approvals.Standing.APPROVED:
        frame.note("Before a second person says the same: take back at the gateway whatever of it has left.")
    frame.show([{"id": payout_id, "standing": standing.value}], {"id": "Payout", "standing": "Standing"}, json=json)
