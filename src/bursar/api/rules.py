"""The rule behind a decoder's complaint, in words: what a field must be, for people who wrote the request."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec

LINE: Final = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?$"
TEXT: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]*$"
"""What ``texts.insist_line`` and ``texts.insist_text`` take, as far as a pattern can say it; for the documentation."""

ProgramName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$(?!\n)", examples=["writers"])]
"""What programs are called."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, extra_json_schema={"pattern": LINE})]
"""What platforms call holders and orders, as long as either may be; ``texts.insist_line`` judges it."""

_WORDS: Final[Mapping[str, str]] = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "a text",
}
_UNITS: Final[Mapping[str, str]] = {"str": " characters", "array": " items"}
_BOUNDS: Final[Mapping[str, str]] = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}

_EXPECTED: Final = re.compile(
    r"Expected `(?P<kinds>[^`]+)`"
    r"(?:(?: of length)? (?P<bound>[<>]=?) (?P<figure>[\d.]+))?"
    r"(?: matching regex (?P<pattern>.+?))?"
    r"(?:, got `(?P<got>\w+)`)?$"
)
_PLACE: Final = re.compile(r"^(?P<complaint>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN: Final = "Object contains unknown field `"
_MISSING: Final = "Object missing required field `"


def broken(complaint: str, *, of: Any) -> tuple[str, str]:
    """The field that a ``msgspec`` validation error is about, as it is written on the wire, and the rule it breaks.

    The field is empty when the whole is of the wrong kind. ``of`` is what was to be read.
    """
    found = _PLACE.match(complaint)
    assert found is not None, "every text matches"
    text, path = found["complaint"], (found["path"] or "").lstrip(".")
    for prefix, rule in ((_UNKNOWN, "left out; there is no such field"), (_MISSING, "present")):
        if text.startswith(prefix):
            name = text.removeprefix(prefix).rstrip("`")
            return f"{path}.{name}" if path else name, rule
    if text.startswith("Invalid enum value"):
        return path, f"one of {', '.join(choices(of, path))}"
    if text.startswith("Invalid value "):
        return path, f"one of {', '.join(choices(of, path)) or 'those that the documentation names'}"
    return path, _rule(text)


def choices(of: Any, field: str) -> list[str]:
    """The values that a field of a struct may have, where they are listed; of a union, the tags of its structs."""
    kind = msgspec.inspect.type_info(of)
    if isinstance(kind, msgspec.inspect.UnionType):
        structs = (part for part in kind.types if isinstance(part, msgspec.inspect.StructType))
        return [str(struct.tag) for struct in structs if struct.tag_field == field]
    name = re.split(r"[.\[]", field, maxsplit=1)[0]
    fields = kind.fields if isinstance(kind, msgspec.inspect.StructType) else ()
    return [str(value) for known in fields if known.encode_name == name for value in _values(known.type)]


def _values(kind: msgspec.inspect.Type) -> Iterator[Any]:
    match kind:
        case msgspec.inspect.LiteralType():
            yield from kind.values
        case msgspec.inspect.EnumType():
            yield from (member.value for member in kind.cls)
        case msgspec.inspect.ListType():
            yield from _values(kind.item_type)
        case msgspec.inspect.Metadata():
            yield from _values(kind.type)
        case msgspec.inspect.UnionType():
            for part in kind.types:
                yield from _values(part)


def _rule(text: str) -> str:
    found = _EXPECTED.match(text)
    if found is None:
        return text
    kinds = found["kinds"].split(" | ")
    rule = " or ".join(_WORDS.get(kind, kind) for kind in kinds)
    if found["bound"]:
        rule += f" of {_BOUNDS[found['bound']]} {found['figure']}{_UNITS.get(kinds[0], '')}"
    if found["pattern"]:
        rule += f" of the form {found['pattern']}"
    return f"{rule}, not {_WORDS.get(found['got'], found['got'])}" if found["got"] else rule
