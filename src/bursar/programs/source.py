"""Program files as text: YAML in; terms out, or everything that is wrong with it and where.

A file is only *composed*, never constructed: each value stays the text that somebody typed, with its line. So
``1000.10`` never becomes a binary fraction, ``NO`` (Norway) no truth value and ``9:00`` no number of minutes.
What a program file has no use for and an attacker has (anchors, aliases, tags, depth, size) is refused outright.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from bursar.programs.errors import BadTerms, Problem
from bursar.programs.model import Terms
from bursar.programs.reading import Reading

SOURCE_BYTES_MAX: Final = 64 * 1024  # Ours are below 8 KiB.
DEPTH_MAX: Final = 8  # Levels of nesting; the terms need three.


@dataclass(frozen=True, slots=True)
class Checked:
    """Terms in order, and what is worth knowing before they are applied."""

    terms: Terms
    warnings: tuple[Problem, ...]


def read(text: str, *, file: str) -> Terms:
    """Read a program file; ``file`` is what its problems call it.

    Raises:
        BadTerms: with every rule that the file breaks.
    """
    return _read(text, file)[0]


def check(text: str, *, file: str, gateways: Collection[str], unavailable: Mapping[str, str] | None = None) -> Checked:
    """Read a program file, and warn of what would not work yet; ``gateways`` are the ones installed.

    ``unavailable`` are names that no gateway will ever have, each with the reason.

    Raises:
        BadTerms: with every rule that the file breaks.
    """
    terms, lines = _read(text, file)
    gateway = terms.route.gateway
    if unavailable and gateway in unavailable:
        rule = f'names "{gateway}", which is not available: {unavailable[gateway]}'
        raise BadTerms([Problem(file, lines["route.gateway"], "route.gateway", rule)])
    if gateway in gateways:
        return Checked(terms, ())
    rule = f'names "{gateway}", which is not installed: payouts of this program wait'
    return Checked(terms, (Problem(file, lines["route.gateway"], "route.gateway", rule),))


def _read(text: str, file: str) -> tuple[Terms, Mapping[str, int]]:
    """The terms, and the line of each of their fields."""
    reading = Reading(file)
    terms = reading.terms(_compose(text, file))
    if terms is None:
        raise BadTerms(reading.problems)
    return terms, reading.lines


def _compose(text: str, file: str) -> yaml.Node | None:
    """The file as nodes; None for an empty one."""
    if len(text.encode(errors="surrogatepass")) > SOURCE_BYTES_MAX:
        raise BadTerms([Problem(file, 1, "", f"must not be larger than {SOURCE_BYTES_MAX // 1024} KiB")])
    try:
        if unfit := [Problem(file, line, "", rule) for line, rule in _unfit(text)]:
            raise BadTerms(unfit)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = ", ".join(part for part in (error.context, error.problem) if part)
        raise BadTerms([Problem(file, mark.line + 1 if mark else 1, "", f"is not YAML: {why}")]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadTerms([Problem(file, line, "", f"is not YAML: {error.reason}")]) from error


def _unfit(text: str) -> Iterator[tuple[int, str]]:
    """The lines of whatever no program file needs. The parser yields events one by one, however deep they nest."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:  # An alias carries its anchor's name.
            yield line, "must not use anchors and aliases"
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            yield line, "must not use tags"
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                yield line, f"must not nest deeper than {DEPTH_MAX} levels"
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
