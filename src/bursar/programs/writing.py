"""From changes of single fields to a program file that says so.

The file that people wrote stays theirs: a value is replaced where it stands, and comments, order and spelling around it
are kept. A file that cannot be changed like that is written anew from the terms, with every field.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Final

import yaml

from bursar.foundation.money import Money
from bursar.programs import model
from bursar.programs.errors import BadTerms, Problem
from bursar.programs.model import Terms, Value
from bursar.programs.reading import hint
from bursar.programs.source import read

Given = Value | Decimal | Sequence[str | float | Decimal]
"""What a field may be given: what it can hold, or how doors receive that."""

WRITTEN: Final = """\
# Written by Bursar from the terms before it, with every field, because that file could not be changed in place.
# Every field is explained in merchants.yaml.

"""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]*")  # Text that YAML takes as it is, in a list as well.
_BEFORE_COMMENT: Final = re.compile(r" +(?=#)")
_Edit = tuple[int, int, str]  # From this character to that one, there is to be this.
_Entry = tuple[yaml.Node, yaml.Node]


def amended(source: str, before: Terms, changes: Mapping[str, Given]) -> str:
    """The file ``source``, of which these terms were made, with other values for the fields of these paths.

    Raises:
        BadTerms: with every rule that is broken then, by its field.
    """
    _insist_on_fields(before, changes)
    anew = WRITTEN + _written({**model.fields(before), **changes})
    try:
        wanted = read(anew, file=before.program)
    except BadTerms as bad:
        raise BadTerms(replace(problem, line=0) for problem in bad.problems) from None
    in_place = _edited(source, changes)
    return in_place if in_place is not None and _says(in_place, wanted) else anew


def _insist_on_fields(before: Terms, changes: Mapping[str, Given]) -> None:
    """Insist on paths that exist, on the same program, and on amounts of its currency."""
    known, problems = model.fields(before), []
    for path, value in changes.items():
        if path not in known:
            beside = [field for field in known if _group(field) == _group(path)]
            near = hint(path, beside or {field.partition(".")[0] for field in known})
            problems.append(Problem(before.program, 0, path, f"is not a field; {near}"))
        elif path == "program" and value != before.program:
            problems.append(Problem(before.program, 0, path, "stays for ever", str(value)))
        elif isinstance(value, Money) and value.currency != before.currency:
            rule = f"must be an amount of {before.currency}"
            problems.append(Problem(before.program, 0, path, rule, str(value)))
    if problems:
        raise BadTerms(problems)


def _written(values: Mapping[str, Given]) -> str:
    """A file with a line for each field, in the order of the terms."""
    lines: list[str] = []
    for group, paths in groupby(values, key=_group):
        if group:
            lines += ["", f"{group}:"] if lines else [f"{group}:"]
        lines += [f"{'  ' if group else ''}{path.rpartition('.')[2]}: {_said(values[path])}" for path in paths]
    return "\n".join(lines) + "\n"


def _edited(source: str, changes: Mapping[str, Given]) -> str | None:
    """The file with values replaced, and fields added that it left out; None when it is not laid out for that."""
    root = yaml.compose(source, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode), "terms were made of it"
    edits: list[_Edit] = []
    new: dict[str, Given] = {}  # Fields of groups that the file leaves out.
    for group in dict.fromkeys(map(_group, changes)):
        fields = {path: value for path, value in changes.items() if _group(path) == group}
        found = _entries(root)[group][1] if group in _entries(root) else None
        if group and found is None:
            new |= fields
        elif isinstance(inner := found or root, yaml.MappingNode) and not inner.flow_style:
            edits.extend(_edits(source, inner, {path.rpartition(".")[2]: _said(fields[path]) for path in fields}))
        else:
            return None
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return f"{source.rstrip()}\n\n{_written(new)}" if new else source


def _edits(source: str, group: yaml.MappingNode, fields: Mapping[str, str]) -> Iterator[_Edit]:
    """What is to change in a group that has fields already."""
    entries = _entries(group)
    for name in fields.keys() & entries.keys():
        yield _replaced(source, entries[name], fields[name])
    if missing := [name for name in fields if name not in entries]:
        key, _ = group.value[0]
        place = _line_end(source, max(_end(value) for _, value in group.value))
        yield place, place, "".join(f"\n{' ' * key.start_mark.column}{name}: {fields[name]}" for name in missing)


def _replaced(source: str, entry: _Entry, said: str) -> _Edit:
    """Another value for a field: all after its colon, up to a comment, which stays in its column if there is room."""
    key, value = entry
    start, end = source.index(":", key.end_mark.index) + 1, _end(value)
    if value.start_mark.line > key.end_mark.line:  # A list with a line for each item; what they say goes with them.
        beside = source[start : _line_end(source, start)].strip()
        return start, _line_end(source, end), f" {said} {beside}".rstrip()
    if (space := _BEFORE_COMMENT.match(source, end)) is None:
        return start, end, f" {said}"
    return start, space.end(), f" {said}".ljust(space.end() - start - 1) + " "


def _line_end(source: str, place: int) -> int:
    found = source.find("\n", place)
    return len(source) if found < 0 else found


def _end(node: yaml.Node) -> int:
    """Where a value ends. A block's own mark is where the next thing begins, behind its comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def _entries(group: yaml.MappingNode) -> Mapping[str, _Entry]:
    return {str(key.value): (key, value) for key, value in group.value}


def _group(path: str) -> str:
    return path.rpartition(".")[0]


def _says(text: str, wanted: Terms) -> bool:
    """Whether a file is in order and says just this."""
    try:
        return model.same(read(text, file=wanted.program), wanted)
    except BadTerms:
        return False


def _said(value: Given) -> str:  # noqa: PLR0911 - one line for each kind of value
    """A value as a program file has it, on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Money():
            return value.text
        case float():
            return f"{value:.0f}" if value.is_integer() else f"{Decimal(repr(value)):f}"
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case str():
            is_plain = _PLAIN.fullmatch(value) and value.lower() != "null"
            return str(value) if is_plain else json.dumps(value, ensure_ascii=False)
        case _:
            return f"[{', '.join(_said(item) for item in value)}]"
