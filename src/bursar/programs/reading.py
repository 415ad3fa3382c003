"""From the nodes of a program file to terms, by the table in ``rules``.

Nothing stops at the first problem: whoever edits a file hears of all of them at once.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import msgspec
import yaml

from bursar.programs import rules, values
from bursar.programs.errors import Problem
from bursar.programs.model import Terms

GIVEN_MAX: Final = 60  # Characters of a wrong value that are worth repeating.

_NULL: Final = "tag:yaml.org,2002:null"
_UNREADABLE: Final = object()  # Stands for a value that could not be read; its problem is noted.


@dataclass
class Reading:
    """One pass over one file."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)  # Where each field is given, by its path.

    def terms(self, root: yaml.Node | None) -> Terms | None:
        """The terms that a file describes; None when there are ``problems``."""
        if not isinstance(root, yaml.MappingNode):
            rule = "must be fields and their values, such as currency: PKR"
            self._note(1, "", rule, given=_given(root) if root else "nothing")
            return None
        terms = self._group(root, rules.terms(_currency(root)), path="", line=_line(root))
        return None if self.problems else terms

    def _value(self, node: yaml.Node, rule: values.Rule, *, path: str, line: int) -> Any:
        match rule:
            case values.Scalar():
                return self._scalar(node, rule, path=path)
            case values.Several():
                return self._several(node, rule, path=path)
            case values.Group():
                return self._group(node, rule, path=path, line=line)

    def _scalar(self, node: yaml.Node, rule: values.Scalar, *, path: str) -> Any:
        if isinstance(node, yaml.ScalarNode) and not _is_null(node):
            try:
                return rule.read(node.value)
            except values.REFUSED:
                pass
        return self._note(_line(node), path, f"must be {rule.rule}", given=_given(node))

    def _several(self, node: yaml.Node, rule: values.Several, *, path: str) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            return self._note(_line(node), path, f"must be a list, each item {rule.item.rule}", given=_given(node))
        if len(node.value) < rule.least:
            return self._note(_line(node), path, f"must be a list of at least {rule.least}", given="an empty list")
        items = [self._scalar(item, rule.item, path=f"{path}[{place}]") for place, item in enumerate(node.value)]
        for place, item in enumerate(node.value if rule.distinct else ()):
            if items[place] in items[:place] and items[place] is not _UNREADABLE:
                items[place] = self._note(_line(item), f"{path}[{place}]", "must not come twice", given=_given(item))
        return _UNREADABLE if _UNREADABLE in items else tuple(items)

    def _group(self, node: yaml.Node, group: values.Group, *, path: str, line: int) -> Any:
        """The struct of a group, from its values as given and the defaults of the rest."""
        if not isinstance(node, yaml.MappingNode) and not _is_null(node):  # An empty group only says nothing.
            return self._note(_line(node), path, "must be a group of fields", given=_given(node))
        given = dict(self._entries(node, group, path=path))
        values = {
            known.name: self._field(known, group.fields[known.name], given, path=_join(path, known.name), line=line)
            for known in msgspec.structs.fields(group.struct)
            if known.name in group.fields
        }
        self._agree(group, values, path=path)
        return _UNREADABLE if _UNREADABLE in values.values() else group.struct(**values)

    def _entries(
        self, group_node: yaml.Node, group: values.Group, *, path: str
    ) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
        """The known fields of a group with their nodes; the others are noted."""
        first: dict[str, int] = {}
        for key, value in group_node.value if isinstance(group_node, yaml.MappingNode) else ():
            name, line = str(key.value), _line(key)
            if not isinstance(key, yaml.ScalarNode):
                self._note(line, path, "must have plain names as fields", given=_given(key))
            elif name in first:
                self._note(line, _join(path, name), f"is given twice; the first time on line {first[name]}")
            elif name not in group.fields:
                self._note(line, _join(path, name[:GIVEN_MAX]), f"is not a field; {hint(name, group.fields, path)}")
            else:
                yield name, (key, value)
            first.setdefault(name, line)

    def _field(
        self,
        known: msgspec.structs.FieldInfo,
        rule: values.Rule,
        given: Mapping[str, tuple[yaml.Node, yaml.Node]],
        *,
        path: str,
        line: int,
    ) -> Any:
        """One field's value: as given, or its default, or noted as missing."""
        if known.name not in given:
            self.lines[path] = line
            return self._note(line, path, "is missing") if known.required else known.default
        key, node = given[known.name]
        self.lines[path] = _line(key)
        if _may_be_none(known) and _is_null(node):
            return None
        return self._value(node, rule, path=path, line=_line(key))

    def _agree(self, group: values.Group, values: Mapping[str, Any], *, path: str) -> None:
        """Note the rules between fields that do not hold; a field that could not be read takes part in none."""
        for agreement in group.agreements:
            parties = [values[name] for name in agreement.between]
            if _UNREADABLE not in parties and not agreement.holds(*parties):
                inner = _join(path, agreement.field)
                self._note(self.lines[inner], inner, agreement.rule)

    def _note(self, line: int, path: str, rule: str, *, given: str | None = None) -> Any:
        self.problems.append(Problem(self.file, line, path, rule, given))
        return _UNREADABLE


def hint(name: str, known: Collection[str], path: str = "") -> str:
    """What somebody may have meant who gave this name to a field of the group ``path``."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {_join(path, near[0])}?" if near else f"the fields here are {', '.join(known)}"


def _currency(root: yaml.MappingNode) -> str | None:
    """The currency, before the rest of the file is judged; None when it is missing or wrong."""
    for key, value in root.value:
        if key.value == "currency" and isinstance(value, yaml.ScalarNode):
            try:
                return str(values.CURRENCY.read(value.value))
            except values.REFUSED:
                return None
    return None


def _may_be_none(known: msgspec.structs.FieldInfo) -> bool:
    return type(None) in get_args(known.type)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _given(node: yaml.Node) -> str:
    """What stands in a place where something else should."""
    if isinstance(node, yaml.MappingNode):
        return "a group of fields"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "nothing" if _is_null(node) else f'"{node.value[:GIVEN_MAX]}"'
