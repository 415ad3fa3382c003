"""``bursar programs``: look at terms, try program files out, and apply them."""

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from bursar import gateways, programs, schedules
from bursar.cli import frame
from bursar.foundation.clock import SystemClock

app = typer.Typer(
    name="programs",
    help="Payout programs: their terms, as files and as versions in the database.",
    no_args_is_help=True,
)

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE", help="Program files, or names of the ready ones such as merchants."),
]
Program = Annotated[str, typer.Argument(metavar="PROGRAM", help="The program's name.")]


@app.command()
def check(files: Files, *, json: frame.Json = False) -> None:
    """Read program files and name everything that is wrong with them. Needs no database."""
    reports = [_report(file) for file in files]
    if json:
        frame.show_json(reports)
    else:
        frame.say("\n".join(line for report in reports for line in report.lines))
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


@app.command()
def apply(
    files: Files,
    *,
    note: Annotated[str, typer.Option(help="Why; kept with the new versions.")] = "",
    json: frame.Json = False,
) -> None:
    """Make program files the terms that count from now on: all of them, or none when one is wrong."""
    frame.run(_apply(files, note=note, json=json))


@app.command(
    "set", epilog=frame.examples("bursar programs set writers schedule.hour=10 'alerts.emails=[ada@example.com]'")
)
def set_fields(
    program: Program,
    fields: Annotated[
        list[str],
        typer.Argument(metavar="FIELD=VALUE", help="Fields by their paths; [a, b] is a list, null nothing at all."),
    ],
    *,
    note: Annotated[str, typer.Option(help="Why; kept with the new version.")] = "",
    json: frame.Json = False,
) -> None:
    """Give single fields of a program's terms other values, as a new version. Its file keeps its comments."""
    frame.run(_set(program, dict(_field(text) for text in fields), note=note, json=json))


@app.command("list")
def list_programs(*, json: frame.Json = False) -> None:
    """Which programs there are, and how they pay."""
    frame.run(_list(json=json))


@app.command()
def show(
    program: Program,
    *,
    version: Annotated[int | None, typer.Option(min=1, help="An older version; without it the current one.")] = None,
    source: Annotated[bool, typer.Option("--source", help="The file it was made of, comments and all.")] = False,
    history: Annotated[bool, typer.Option("--history", help="All versions: when, by whom and why.")] = False,
    json: frame.Json = False,
) -> None:
    """Show a program's terms, the file they were made of, or all their versions."""
    if history and (source or version):
        raise typer.BadParameter("--history goes with neither --version nor --source")
    if history:
        frame.run(_show_history(program, json=json))
    elif source:
        frame.run(_show_source(program, version, json=json))
    else:
        frame.run(_show_terms(program, version, json=json))


@app.command()
def diff(
    program: Program,
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="A program file, or a ready one's name.")] = None,
    *,
    versions: Annotated[
        tuple[int, int] | None, typer.Option(min=1, metavar="OLD NEW", help="Two versions to compare instead.")
    ] = None,
    json: frame.Json = False,
) -> None:
    """Show what would change if a file were applied, or what changed between two versions."""
    if (file is None) == (versions is None):
        raise typer.BadParameter("give either a FILE or --versions OLD NEW")
    frame.run(_diff(program, file, versions, json=json))


async def _apply(files: Sequence[str], *, note: str, json: bool) -> None:
    # In the order of their programs, so that two people who apply several at once never deadlock.
    given = sorted(_all_given(files), key=lambda file: file.terms.program)
    for warning in (warning for file in given for warning in file.warnings):
        frame.warn(warning)
    async with frame.database() as database, database.transaction() as tx:
        at, actor = SystemClock().now(), frame.actor()
        done = [await programs.apply(tx, f.text, actor=actor, note=note, at=at, file=f.name) for f in given]
    _show_applied(done, json=json)


async def _set(program: str, changes: Mapping[str, programs.Given], *, note: str, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        at = SystemClock().now()
        done = await programs.amend(tx, program, changes, actor=frame.actor(), note=note, at=at)
        text = await programs.source_of(tx, program, done.version)
        programs.check(text, file=program, gateways=_installed(), unavailable=gateways.SLOTS)
    _show_applied([done], json=json)


def _show_applied(done: Sequence[programs.Applied], *, json: bool) -> None:
    if json:
        frame.show_json([{"program": d.terms.program, "version": d.version, "changed": d.changed} for d in done])
        return
    for applied in done:
        frame.say(f"{applied.terms.program}: {'now' if applied.changed else 'unchanged at'} version {applied.version}")


def _field(text: str) -> tuple[str, programs.Given]:
    """A field's path and its value, which stays the text that somebody typed."""
    path, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise typer.BadParameter(f"{text} is not of the form FIELD=VALUE")
    if value.startswith("[") and value.endswith("]"):
        return path, [item.strip() for item in value[1:-1].split(",") if item.strip()]
    return path, None if value == "null" else value


async def _list(*, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        known = await programs.all(tx)
    rows = [
        {
            "program": terms.program,
            "title": terms.title,
            "version": terms.version,
            "currency": terms.currency,
            "gateway": terms.route.gateway,
            "leaves": _leaves(terms),
        }
        for terms in known
    ]
    headings = {"program": "Program", "title": "Title", "version": "Version", "currency": "Currency"}
    headings |= {"gateway": "Gateway", "leaves": "Payouts leave"}
    frame.show(rows, headings, json=json, empty="No programs yet; begin with: bursar programs apply merchants")


async def _show_terms(program: str, version: int | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        terms = await programs.terms(tx, program, version)
        about = next(v for v in await programs.versions(tx, program) if v.version == terms.version)
    values = programs.fields(terms)
    if json:
        frame.show_json({**asdict(about), "terms": values})
        return
    when, why = frame.said(about.applied_at), f": {about.note}" if about.note else ""
    frame.say(f"{program}, version {about.version}, applied {when} by {about.applied_by}{why}")
    rows = [{"field": field, "value": value} for field, value in values.items()]
    frame.show(rows, {"field": "Field", "value": "Value"})


async def _show_source(program: str, version: int | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        text = await programs.source_of(tx, program, version)
    if json:
        frame.show_json({"program": program, "source": text})
    else:
        typer.echo(text, nl=False)


async def _show_history(program: str, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        versions = await programs.versions(tx, program)
    headings = {"version": "Version", "applied_at": "Applied", "applied_by": "By", "note": "Why"}
    frame.show([asdict(version) for version in versions], headings, json=json)


async def _diff(program: str, file: str | None, versions: tuple[int, int] | None, *, json: bool) -> None:
    given = None if file is None else _given(file).terms
    if given is not None and given.program != program:
        raise typer.BadParameter(f"this file is about the program {given.program}, not {program}")
    old, new = versions or (None, None)
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        before = await programs.terms(tx, program, old)
        after = given or await programs.terms(tx, program, new)
    rows = [{"field": c.field, "before": c.before, "after": c.after} for c in programs.diff(before, after)]
    headings = {"field": "Field", "before": "Before", "after": "After"}
    frame.show(rows, headings, json=json, empty="They say the same.")


@dataclass(frozen=True, slots=True)
class _File:
    """A program file that is in order."""

    name: str
    text: str
    terms: programs.Terms
    warnings: Sequence[programs.Problem]


def _all_given(files: Sequence[str]) -> list[_File]:
    """Read several files.

    Raises:
        BadTerms: with everything that is wrong with any of them.
    """
    read: list[_File] = []
    problems: list[programs.Problem] = []
    for file in files:
        try:
            read.append(_given(file))
        except programs.BadTerms as bad:
            problems.extend(bad.problems)
    if problems:
        raise programs.BadTerms(problems)
    return read


def _given(file: str) -> _File:
    """Read a file: the one of this name, or else the ready-made one of the program of this name.

    Raises:
        BadTerms: with everything that is wrong with it.
    """
    path = Path(file) if Path(file).is_file() else programs.ready().get(file)
    if path is None:
        ready = ", ".join(programs.ready())
        raise typer.BadParameter(f"there is no file {file}; the ready-made ones are {ready}")
    name = file if path == Path(file) else path.name
    text = programs.load(path, file=name)
    checked = programs.check(text, file=name, gateways=_installed(), unavailable=gateways.SLOTS)
    return _File(name, text, checked.terms, checked.warnings)


@dataclass(frozen=True, slots=True)
class _Report:
    """What there is to say about one file."""

    file: str
    program: str | None
    ok: bool
    problems: Sequence[programs.Problem] = ()
    warnings: Sequence[programs.Problem] = ()

    @property
    def lines(self) -> Iterator[str]:
        """As compilers say it."""
        yield from map(str, self.problems)
        yield from (f"{warning} (warning)" for warning in self.warnings)
        if self.ok:
            yield f"{self.file}: in order"


def _report(given: str) -> _Report:
    try:
        file = _given(given)
    except programs.BadTerms as bad:
        return _Report(bad.problems[0].file, None, ok=False, problems=bad.problems)
    return _Report(file.name, file.terms.program, ok=True, warnings=file.warnings)


def _installed() -> frozenset[str]:
    """The gateways that are there: each is a folder of that room, by its name."""
    folders = {module.name for module in pkgutil.iter_modules(gateways.__path__) if module.ispkg}
    return frozenset(folders - gateways.SLOTS.keys())


def _leaves(terms: programs.Terms) -> str:
    """When payouts leave, in a few words."""
    if terms.dispatch.mode is programs.Mode.CONTINUOUS:
        return f"all day, every {frame.said(terms.dispatch.every_seconds)} s"
    return schedules.in_words(terms)
