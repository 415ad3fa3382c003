"""Form-encoded parameters with brackets, read into the shape that a call wants."""

import re
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from bursar_sandbox.stripe.refusals import BadParameter

T = TypeVar("T")
Tree = dict[str, Any]
"""Parameters by name; those with brackets are trees in turn."""

FIELDS_MAX: Final = 1000
LISTS: Final = frozenset({"enabled_events", "expand", "types"})
"""Parameters that are lists; of all others a number in brackets is a name like any other."""

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")
_MISSING: Final = re.compile(r"missing required field `(\w+)`(?: - at `\$\.(.+)`)?")
_UNKNOWN: Final = re.compile(r"contains unknown field `(.+)`")
_PLACE: Final = re.compile(r"at `\$\.(.+)`$")
_LOWEST: Final = re.compile(r"Expected `int` >= (\d+)")


def read(encoded: bytes) -> Tree:
    """Read a body or a query.

    Raises:
        BadParameter: it is not form-encoded.
    """
    try:
        pairs = parse_qsl(encoded.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as wrong:
        raise BadParameter("The request body could not be parsed as form data.") from wrong
    tree: Tree = {}
    for name, value in pairs:
        _plant(tree, name, value)
    return {name: _listed(value) if name in LISTS else value for name, value in tree.items()}


def understand(tree: Tree, shape: type[T]) -> T:
    """Give parameters the shape that a call wants.

    Raises:
        BadParameter: one is missing, unknown or wrong; it is named.
    """
    try:
        return msgspec.convert(tree, shape, strict=False)
    except msgspec.ValidationError as wrong:
        raise _explained(str(wrong), tree) from wrong


def _plant(tree: Tree, name: str, value: str) -> None:
    """Put a value where its brackets say."""
    written = _NAME.fullmatch(name)
    if written is None:
        raise BadParameter(f"Invalid parameter name: {name}", code="parameter_unknown", param=name)
    *way, last = [written[1], *_PART.findall(written[2])]
    for step in way:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            raise BadParameter("Invalid hash", param=name)
    # An empty bracket means the next place of a list.
    tree[last or str(len(tree))] = value


def _listed(value: Any) -> Any:
    return list(value.values()) if isinstance(value, dict) else value


def _explained(words: str, tree: Tree) -> BadParameter:
    """What msgspec found wrong, in Stripe's words and with its codes."""
    if found := _MISSING.search(words):
        name = _bracketed(f"{found[2]}.{found[1]}" if found[2] else found[1])
        return BadParameter(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if found := _UNKNOWN.search(words):
        return BadParameter(f"Received unknown parameter: {found[1]}", code="parameter_unknown", param=found[1])
    place = _PLACE.search(words)
    name = _bracketed(place[1]) if place else ""
    given = tree.get(name)
    if given == "":
        return BadParameter(f"You passed an empty string for '{name}'.", code="parameter_invalid_empty", param=name)
    if found := _LOWEST.search(words):
        words = f"This value must be greater than or equal to {found[1]}."
        return BadParameter(words, code="parameter_invalid_integer", param=name)
    if "Expected `int`" in words:
        return BadParameter(f"Invalid integer: {given}", code="parameter_invalid_integer", param=name)
    return BadParameter(f"Invalid {name}: {words}", param=name)


def _bracketed(path: str) -> str:
    """Write `created.gte` as `created[gte]`."""
    first, *rest = path.split(".")
    return first + "".join(f"[{part}]" for part in rest)
