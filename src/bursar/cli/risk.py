"""``bursar risk``: why a payout was held, what other terms would have made of it, and the denied list."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from bursar import holders, monitoring, payouts, programs
from bursar.cli import frame
from bursar.cli.roof import Roof
from bursar.foundation.clock import SystemClock
from bursar.holders import Destination, NewDenial
from bursar.payouts import Backtest, Difference, Span

if TYPE_CHECKING:
    from bursar.foundation.crypto import Keyring
    from bursar.foundation.db import Transaction

app = typer.Typer(
    name="risk",
    help="Why payouts were held, what other terms would have made of them, and who is denied.",
    no_args_is_help=True,
)

DECISIONS: Final = frozenset({"review", "approve", "reject", "cancel"})
THRESHOLDS: Final = ("review.", "risk.")

_FINDINGS: Final = {"level": "Level", "rule": "Rule", "sentence": "What was found"}
_DECIDED: Final = {"at": "When", "text": "Who decided what"}
_DIFFERENCES: Final = {"difference": "Under the draft", "rule": "Rule", "count": "Payouts", "money": "Amounts"}
_DENIED: Final = {
    "id": "Id", "what": "What", "meant": "Who", "reason": "Why", "denied_by": "By", "denied_at": "Since",
}  # fmt: skip

Since = Annotated[datetime, typer.Option("--since", metavar="DATE", help="From this day or moment on (UTC).")]
Until = Annotated[datetime | None, typer.Option("--until", metavar="DATE", help="Up to before this one.")]


@app.command(epilog=frame.examples("bursar risk explain 0193f0c1-…", "bursar risk explain 0193f0c1-… --json"))
def explain(
    payout: Annotated[UUID, typer.Argument(metavar="PAYOUT", help="The payout's id.")], *, json: frame.Json = False
) -> None:
    """Show everything that was found about a payout, by which thresholds, and who decided what came of it."""
    frame.run(_explain(payout, json=json))


@app.command(epilog=frame.examples("bursar risk backtest --terms draft.yaml --since 2026-10-01"))
def backtest(
    *,
    terms: Annotated[Path, typer.Option("--terms", exists=True, dir_okay=False, help="The draft: a program file.")],
    since: Since,
    until: Until = None,
    program: Annotated[str | None, typer.Option(help="The program that the file must be about.")] = None,
    json: frame.Json = False,
) -> None:
    """Replay what was decided under draft terms, with what was known then: what would leave now, and what be held?"""
    draft = frame.refusing(lambda: programs.read(programs.load(terms), file=terms.name))
    if program is not None and draft.program != program:
        raise typer.BadParameter(f"this file is about the program {draft.program}, not {program}", param_hint="--terms")
    frame.run(_backtest(Span(draft.program, _utc(since), _utc(until or SystemClock().now())), draft, json=json))


@app.command(
    epilog=frame.examples(
        "bursar risk deny --program providers --holder ada --reason 'account taken over'",
        "bursar risk deny --name 'John Doe' --reason 'fraud ring, case 17'",
        "bursar risk deny --payout 0193f0c1-… --reason 'paid out stolen money'",
        "bursar risk deny --bank 044 --reason 'reported by the bank'",
        "bursar risk deny --upi --reason 'case 17'",
    )
)
def deny(
    context: typer.Context,
    *,
    reason: Annotated[str, typer.Option(help="Why; reviewers are shown it.")],
    holder: Annotated[str | None, typer.Option(metavar="REF", help="This holder; needs --program.")] = None,
    program: Annotated[str | None, typer.Option(help="The holder's program.")] = None,
    name: Annotated[str | None, typer.Option(help="Whoever is called so, holders and account owners.")] = None,
    payout: Annotated[UUID | None, typer.Option(metavar="ID", help="The destination of this payout.")] = None,
    bank: Annotated[str | None, typer.Option(metavar="CODE", help="An account there; its number is asked for.")] = None,
    upi: Annotated[bool, typer.Option("--upi", help="A UPI address, which is asked for.")] = False,
    json: frame.Json = False,
) -> None:
    """Hold all payouts of a holder, to a name or to a destination until somebody has looked at each of them."""
    if sum(given is not None for given in (holder, name, payout, bank, upi or None)) != 1:
        raise typer.BadParameter("give one of --holder, --name, --payout, --bank and --upi")
    if holder is not None and program is None:
        raise typer.BadParameter("a reference means something in its program only; add --program")
    wanted = {"holder": holder, "program": program, "name": name, "payout": payout, "bank": bank, "upi": upi}
    # Asked for, so that it stands in nobody's shell history.
    what = "UPI address" if upi else "Account number" if bank is not None else None
    number = typer.prompt(what, hide_input=True, err=True) if what else ""
    frame.run(_deny(Roof.over(context), wanted, number=number.strip(), reason=reason, json=json))


@app.command()
def allow(
    denial: Annotated[UUID, typer.Argument(metavar="ID", help="The entry, as bursar risk denied shows it.")],
    *,
    json: frame.Json = False,
) -> None:
    """Take an entry off the denied list. Payouts that were held for it stay with the people who review them."""
    frame.run(_allow(denial, json=json))


@app.command()
def denied(
    *,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the entry with this id.")] = None,
    json: frame.Json = False,
) -> None:
    """What stands on the denied list, newest first."""
    frame.run(_denied(after, json=json))


async def _explain(payout_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        payout = await payouts.get(tx, payout_id)
        terms = await programs.terms(tx, payout.program, payout.terms_version)
        entries = await monitoring.timeline(tx, payout)
    thresholds = {field: value for field, value in programs.fields(terms).items() if field.startswith(THRESHOLDS)}
    decided = [asdict(e) for e in entries if e.kind == "vote" or e.facts.get("verb") in DECISIONS]
    if json:
        about = {"payout": payout.id, "program": payout.program, "terms_version": payout.terms_version}
        about |= {"amount": payout.amount, "state": payout.state, "verdict": payout.verdict}
        about |= {"reviewed": payout.reviewed, "findings": payout.findings, "thresholds": thresholds}
        frame.show_json({**about, "decided": decided})
        return
    looked = "people had to look" if payout.reviewed else "nobody had to look"
    frame.say(f"{payout.amount} under {payout.program} version {payout.terms_version}: {payout.verdict}, {looked}.")
    frame.say(f"It is {payout.state} now.\n")
    findings = sorted(payout.findings, key=lambda one: _LEVELS.index(one["level"]), reverse=True)
    frame.show(findings, _FINDINGS, empty="Its terms asked nothing about it.")
    frame.show(decided, _DECIDED)
    rows = [{"field": field, "value": value} for field, value in thresholds.items()]
    frame.show(rows, {"field": "Threshold", "value": "Value"})


async def _backtest(span: Span, draft: programs.Terms, *, json: bool) -> None:
    result, place, more = Backtest(), None, True
    async with frame.database(patient=True) as database:
        with frame.progress("Payouts replayed") as advance:
            while more:
                before = result.count
                async with database.transaction(readonly=True) as tx:
                    place = await payouts.replay(tx, span, draft, into=result, after=place)
                advance(result.count - before)
                more = place is not None
    rows: list[dict[str, Any]] = []
    for difference in Difference:
        rows.append(_tallied(difference, "", result.differences[difference]))
        ruled = [(rule, tally) for (of, rule), tally in result.rules.items() if of is difference]
        rows += [_tallied(difference, rule, tally) for rule, tally in sorted(ruled, key=lambda one: -one[1].count)]
    if json:
        frame.show_json({"program": span.program, "since": span.since, "until": span.until, "count": result.count,
                         "differences": [row for row in rows if not row["rule"]],
                         "rules": [row for row in rows if row["rule"]]})  # fmt: skip
        return
    frame.say(f"{result.count} payouts of {span.program}, from {frame.said(span.since)} to {frame.said(span.until)}")
    frame.show(rows, _DIFFERENCES)


def _tallied(difference: Difference, rule: str, tally: payouts.Tally) -> dict[str, Any]:
    money = [tally.money[currency] for currency in sorted(tally.money)]
    return {"difference": difference, "rule": rule, "count": tally.count, "money": money}


async def _deny(roof: Roof, wanted: dict[str, Any], *, number: str, reason: str, json: bool) -> None:
    settings = frame.settled(roof)
    keyring, at = roof.keyring(settings), SystemClock().now()
    async with frame.database(settings) as database, database.transaction() as tx:
        new = await _meant(tx, wanted, number=number, reason=reason, keyring=keyring)
        [entry] = await holders.deny(tx, [new], keyring=keyring, actor=frame.actor(), at=at)
    if json:
        frame.show_json({"id": entry.id, "what": entry.what, "reason": entry.reason})
    else:
        frame.say(f"Denied from now on: a {entry.what}. To take it back: bursar risk allow {entry.id}")


async def _meant(
    tx: "Transaction", wanted: dict[str, Any], *, number: str, reason: str, keyring: "Keyring"
) -> NewDenial:
    """What is to be denied, as the command line says it.

    Raises:
        NoSuchHolder, NoSuchPayout: it is about nobody or nothing that is there.
        Invalid: what is to be a UPI address is none.
    """
    if wanted["holder"] is not None:
        holder = await holders.by_reference(tx, wanted["program"], wanted["holder"])
        return NewDenial(reason, holder_id=holder.id)
    if wanted["payout"] is not None:
        payout = await payouts.get(tx, wanted["payout"])
        return NewDenial(reason, destination=payouts.open_destination(payout, keyring))
    if wanted["bank"] is not None:
        return NewDenial(reason, destination=Destination(wanted["bank"], number, ""))
    if wanted["upi"]:
        return NewDenial(reason, destination=holders.upi(number, title=""))
    return NewDenial(reason, name=wanted["name"])


async def _allow(denial_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        if not await holders.allow(tx, [denial_id], actor=frame.actor(), at=SystemClock().now()):
            raise holders.NoSuchDenial
    if json:
        frame.show_json({"id": denial_id, "allowed": True})
    else:
        frame.say("Taken off the denied list.")


async def _denied(after: UUID | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        entries = await holders.denied(tx, after=after)
        named = await holders.find(tx, {entry.holder_id for entry in entries if entry.holder_id is not None})
    rows = [
        {
            "id": entry.id,
            "what": entry.what,
            "meant": _who(entry, named),
            "reason": entry.reason,
            "denied_by": entry.denied_by,
            "denied_at": entry.denied_at,
        }
        for entry in entries
    ]
    frame.show(rows, _DENIED, json=json, empty="Nobody is denied.")


def _who(entry: holders.Denial, named: dict[UUID, holders.Holder]) -> str:
    """Whom an entry is about, as far as that may be shown."""
    if entry.holder_id is not None:
        return f"{named[entry.holder_id].program}/{named[entry.holder_id].reference}"
    return entry.name or "a destination"


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_LEVELS: Final = ("pass", "low", "medium", "high")
