"""Which payouts there are, and what people see of each: its state, and why it waits where it waits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import dispatch, holders, payouts, programs
from bursar.cli import frame
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.payouts import Payout, PayoutState, Query

EXAMPLES: Final = frame.examples(
    "bursar payouts list --state in_review --state on_hold",
    "bursar payouts list --program merchants --holder acme --since 2026-11-01 --min 5000",
    "bursar payouts list --search inv-2026 --json",
)

HEADINGS: Final = {
    "created_at": "Created",
    "id": "Id",
    "holder": "Holder",
    "reference": "Reference",
    "destination": "To",
    "amount": "Amount",
    "state": "State",
    "waiting": "Waits for",
}

Program = Annotated[str | None, typer.Option(help="Only payouts of this program.")]
HolderRef = Annotated[str | None, typer.Option("--holder", metavar="REF", help="Only this holder's; needs --program.")]
_MOMENTS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def list_payouts(
    *,
    program: Program = None,
    holder: HolderRef = None,
    state: Annotated[list[PayoutState] | None, typer.Option(help="Only in this state; repeatable.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Beginning of a reference, a gateway's reference or an id.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(formats=_MOMENTS, help="Created then or later, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_MOMENTS, help="Created before that, in UTC.")] = None,
    least: Annotated[str | None, typer.Option("--min", metavar="AMOUNT", help="Of this amount or more.")] = None,
    most: Annotated[str | None, typer.Option("--max", metavar="AMOUNT", help="Of this amount or less.")] = None,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the payout with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=payouts.PAGE_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """Which payouts there are, newest first."""
    if program is None and (holder or least or most):
        raise typer.BadParameter("a reference or an amount means something in its program only; add --program")
    query = Query(
        program=program,
        states=frozenset(state or ()),
        search=search,
        since=_utc(since),
        until=_utc(until),
        before=after,
        limit=limit,
    )
    frame.run(_list(query, holder=holder, least=least, most=most, json=json))


async def narrowed(
    tx: Transaction, query: Query, *, holder: str | None = None, least: str | None = None, most: str | None = None
) -> Query:
    """The query with what only the database can make sense of: a holder's reference, and amounts in major units.

    Raises:
        NoSuchHolder, NoSuchProgram, BadAmount: one of them means nothing.
    """
    if query.program is None:
        return query
    currency = (await programs.terms(tx, query.program)).currency
    return replace(
        query,
        holder_id=(await holders.by_reference(tx, query.program, holder)).id if holder else None,
        amount_min=Money.parse(least, currency, field="min").minor if least else None,
        amount_max=Money.parse(most, currency, field="max").minor if most else None,
    )


async def rows(tx: Transaction, found: Sequence[Payout]) -> list[dict[str, Any]]:
    """What people see of payouts; never an account number."""
    owners = await holders.find(tx, {payout.holder_id for payout in found})
    waiting = await _waiting(tx, found)
    return [
        {
            "id": payout.id,
            "program": payout.program,
            "holder": owners[payout.holder_id].reference,
            "reference": payout.reference,
            "kind": payout.kind,
            "order": payout.order_id,
            "amount": payout.amount,
            "netted": Money(payout.netted, payout.amount.currency) if payout.netted else None,
            "state": payout.state.value,
            "waiting": waiting.get(payout.id),
            "reason": payout.reason,
            "destination": _masked(payout.destination_shown),
            "gateway": payout.gateway,
            "gateway_reference": payout.gateway_reference,
            "tries": payout.tries,
            "created_at": payout.created_at,
            "updated_at": payout.updated_at,
            "processed_at": payout.processed_at,
        }
        for payout in found
    ]


async def _list(query: Query, *, holder: str | None, least: str | None, most: str | None, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        page = await payouts.page(tx, await narrowed(tx, query, holder=holder, least=least, most=most))
        shown = await rows(tx, page)
    frame.show(shown, HEADINGS, json=json, empty="No payouts.")
    if len(shown) == query.limit and not json:
        frame.note(f"There may be more: --after {shown[-1]['id']}")


async def _waiting(tx: Transaction, found: Sequence[Payout]) -> Mapping[UUID, str]:
    """Why payouts that are free to leave do not, and what those wait for that people have to decide."""
    stops, now = await dispatch.standing(tx), await tx.now()
    gateways = {terms.program: terms.route.gateway for terms in await programs.all(tx)}
    return {
        payout.id: reason
        for payout in found
        if (reason := _blocker(payout, stops, gateway=gateways[payout.program], now=now)) is not None
    }


def _blocker(payout: Payout, stops: dispatch.Standing, *, gateway: str, now: datetime) -> str | None:
    match payout.state:
        case PayoutState.IN_REVIEW:
            return "approval"
        case PayoutState.ON_HOLD:
            return "the gateway"
        case PayoutState.APPROVED | PayoutState.RETRYING:
            return _before_leaving(payout, stops, gateway=gateway, now=now)
    return None


def _before_leaving(payout: Payout, stops: dispatch.Standing, *, gateway: str, now: datetime) -> str | None:
    if stops.stops(program=payout.program, gateway=gateway, holder=payout.holder_id, run=payout.run_id):
        return stops.blocker(program=payout.program, gateway=gateway) or "kill switch"
    if payout.waits_for_run:
        return "the next run"
    if payout.due_at > now:
        why = "next attempt" if payout.state is PayoutState.RETRYING else payout.reason
        return f"{why}, {frame.said(payout.due_at)}"
    return dispatch.LOW_FLOAT if (gateway, payout.amount.currency) in stops.low else None


def _masked(shown: Mapping[str, Any]) -> str:
    account = shown.get("address", f"{shown['bankCode']} …{shown['last4']}")
    return f"{account}, {shown['accountTitle']}"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None else None
