"""What can be done with terms: apply a file, look a version up, list, compare."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.programs import store, writing
from bursar.programs.errors import EarningsStay, NoSuchProgram
from bursar.programs.model import Credits, Terms, Version, same
from bursar.programs.source import read


@dataclass(frozen=True, slots=True)
class Applied:
    """Terms as they stand after a file was applied, and whether that changed anything."""

    terms: Terms
    changed: bool

    @property
    def version(self) -> int:
        """The version that counts now."""
        return self.terms.version


async def apply(
    tx: Transaction, source_text: str, *, actor: str, note: str = "", at: datetime, file: str = "terms"
) -> Applied:
    """Make a program file the rules that count from now on, as a new version of its program.

    A file that says the same as the current version (in other words, order or comments, perhaps) makes no new one.
    What began under an old version goes on by it.

    Raises:
        BadTerms: with every rule that the file breaks.
        EarningsStay: the program has earnings, and the file wants deposits.
    """
    given = read(source_text, file=file)
    version = await store.lock(tx, given.program)
    if version:
        before = await terms(tx, given.program, version)
        if same(before, given):
            return Applied(before, changed=False)
        if before.credits is Credits.EARNINGS and given.credits is not Credits.EARNINGS:
            raise EarningsStay(program=given.program)
    after = msgspec.structs.replace(given, version=version + 1)
    await store.insert(tx, after, source=source_text, actor=actor, note=note, at=at)
    await journal.note(tx, "terms.applied", actor=actor, subject=after.program, version=after.version, note=note)
    return Applied(after, changed=True)


async def amend(
    tx: Transaction, program: str, changes: Mapping[str, writing.Given], *, actor: str, note: str = "", at: datetime
) -> Applied:
    """Give some fields of a program's current terms other values, as a new version; ``changes`` names them by path.

    The file of the new version is that of the current one with these values in their places. Values that stand there
    already make no new version. Two that amend at the same time take turns, and neither undoes what the other did.

    Raises:
        NoSuchProgram: no program of this name.
        BadTerms: with every rule that would be broken, by its field.
        EarningsStay: the program has earnings, and the change wants deposits.
    """
    await current(tx, [program])
    version = await store.lock(tx, program)
    before = await terms(tx, program, version)
    source_text = writing.amended(await source_of(tx, program, version), before, changes)
    return await apply(tx, source_text, actor=actor, note=note, at=at, file=program)


async def terms(tx: Transaction, program: str, version: int | None = None) -> Terms:
    """One program's terms: the current ones, or those of a version.

    Raises:
        NoSuchProgram: no program of this name, or no such version of it.
    """
    asked = store.find_current(tx, [(program, 0)]) if version is None else store.find(tx, [(program, version)])
    for found in await asked:
        if found.terms is not None:
            return found.terms
    raise NoSuchProgram(program, version)


async def current(tx: Transaction, programs: Collection[str]) -> Mapping[str, int]:
    """The version that counts, for each of these programs.

    Raises:
        NoSuchProgram: one of them does not exist.
    """
    found = await store.current(tx, programs)
    _insist_on_all(programs, found)
    return found


async def versions(tx: Transaction, program: str) -> list[Version]:
    """All versions of a program's terms, newest first.

    Raises:
        NoSuchProgram: no program of this name.
    """
    found = await store.versions(tx, program)
    if not found:
        raise NoSuchProgram(program)
    return found


async def in_force(tx: Transaction, since: Mapping[str, datetime | None]) -> Mapping[str, list[Version]]:
    """The versions by which each of these programs went from a moment on, oldest first: the one that counted then too.

    None stands for the beginning of a program. One statement.
    """
    found: dict[str, list[Version]] = {program: [] for program in since}
    for version in await store.in_force(tx, list(since.items())):
        found[version.program].append(version)
    return found


async def source_of(tx: Transaction, program: str, version: int | None = None) -> str:
    """The file that the current version, or another one, was made of: comments and all.

    Raises:
        NoSuchProgram: no program of this name, or no such version of it.
    """
    wanted = (await current(tx, [program]))[program] if version is None else version
    text = await store.source(tx, program, wanted)
    if text is None:
        raise NoSuchProgram(program, version)
    return text


async def all(tx: Transaction) -> list[Terms]:  # noqa: A001 - ``programs.all(tx)`` says what it gives
    """Every program's current terms, in the order of their names."""
    known = [(name, 0) for name in await store.names(tx)]
    found = sorted(await store.find_current(tx, known))
    return [version.terms for version in found if version.terms is not None]


class Book:
    """A process's copy of terms, so that the busiest statements need not fetch what never changes.

    A version, once committed, never changes; only which one counts does. So ``judge`` asks for that alone, in one
    statement over the primary key, and fetches the terms of a version in the same statement when it is new here.
    """

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._pages: dict[tuple[str, int], Terms] = {}
        self._latest: dict[str, int] = {}

    async def judge(self, tx: Transaction, programs: Collection[str]) -> Mapping[str, Terms]:
        """The terms that count now, for each of these programs. One statement.

        Raises:
            NoSuchProgram: one of them does not exist.
        """
        known = [(program, self._latest.get(program, 0)) for program in programs]
        found = {version.program: self._keep(version) for version in await store.find_current(tx, known)}
        _insist_on_all(programs, found)
        return found

    async def at_versions(self, tx: Transaction, pairs: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Terms]:
        """The terms of these (program, version) pairs. One statement for those that are new here, or none.

        Raises:
            NoSuchProgram: one of them does not exist.
        """
        wanted = set(pairs)
        found = {pair: self._pages[pair] for pair in wanted & self._pages.keys()}
        if new := wanted - found.keys():
            found |= {(v.program, v.version): self._keep(v) for v in await store.find(tx, new)}
        for program, version in wanted - found.keys():
            raise NoSuchProgram(program, version)
        return found

    def open(self) -> "Book":
        """The book for one transaction: which terms count is asked once for each program, and is so for all of it."""
        return _OpenBook(self)

    def _keep(self, found: store.Found) -> Terms:
        """The terms of what was found; on the shelf from now on, if they are sure to stay."""
        pair = (found.program, found.version)
        terms = self._pages[pair] if found.terms is None else found.terms
        if found.is_committed:
            self._pages[pair] = terms
            self._latest[found.program] = max(found.version, self._latest.get(found.program, 0))
        return terms


class _OpenBook(Book):
    """The whole book, with the terms that have been asked for laid beside it."""

    def __init__(self, whole: Book) -> None:
        super().__init__()
        self._whole = whole
        self._asked: dict[str, Terms] = {}

    async def judge(self, tx: Transaction, programs: Collection[str]) -> Mapping[str, Terms]:
        if new := set(programs) - self._asked.keys():
            self._asked |= await self._whole.judge(tx, new)
        return {program: self._asked[program] for program in programs}

    async def at_versions(self, tx: Transaction, pairs: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Terms]:
        return await self._whole.at_versions(tx, pairs)


def _insist_on_all(programs: Collection[str], found: Collection[str]) -> None:
    for program in programs:
        if program not in found:
            raise NoSuchProgram(program)
