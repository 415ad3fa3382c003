"""Refusals: named reasons why a request is not carried out.

A refusal carries a code (for programs), a kind (for the doors, which alone know HTTP or exit codes)
and facts (for people and for the log). Its class docstring is the default message.

    Refusal
    ├── Invalid        the request itself is wrong: a field breaks a rule
    ├── Unauthorised   nobody we know is asking
    ├── Forbidden      we know who asks, and they may not
    ├── Missing        there is no such thing, or not for this caller
    ├── Conflict       right in itself, but not in the present state
    ├── TooMany        right in itself, but too often or too much at once
    └── Unavailable    we cannot do it now; nothing was done; try again
"""

import inspect
from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """What sort of refusal it is; each door maps these to its own words."""

    INVALID = "invalid"
    UNPROCESSABLE = "unprocessable"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"
    kind: ClassVar[Kind] = Kind.CONFLICT

    def __init__(self, message: str | None = None, /, **facts: Any) -> None:
        """Refuse, with the facts that explain it; they are shown to the caller, so never a secret."""
        self.facts = facts
        self.message = message or self._sentence()
        super().__init__(self.message)

    def _sentence(self) -> str:
        """The class docstring's first line, with the field and rule where there are any."""
        headline = (inspect.getdoc(type(self)) or "Refused.").splitlines()[0]
        if "field" in self.facts and "rule" in self.facts:
            return f"{headline.rstrip('.')}: {self.facts['field']} must be {self.facts['rule']}."
        return headline


class Invalid(Refusal):
    """A field breaks a rule."""

    code = "invalid_request"
    kind = Kind.INVALID


class Unauthorised(Refusal):
    """Authentication required."""

    code = "unauthorized"
    kind = Kind.UNAUTHORISED


class Forbidden(Refusal):
    """You may not do this."""

    code = "forbidden"
    kind = Kind.FORBIDDEN


class Missing(Refusal):
    """There is no such thing."""

    code = "not_found"
    kind = Kind.MISSING


class Conflict(Refusal):
    """This is not possible in the present state."""

    code = "conflict"
    kind = Kind.CONFLICT


class TooMany(Refusal):
    """Too many requests."""

    code = "rate_limited"
    kind = Kind.TOO_MANY


class Unavailable(Refusal):
    """Not possible right now; nothing was done, so try again."""

    code = "unavailable"
    kind = Kind.UNAVAILABLE
