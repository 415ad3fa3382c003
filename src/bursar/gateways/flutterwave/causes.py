"""What Flutterwave's messages mean. It has no error codes in v3, only prose; this is the one table of it.

A refused *request* is a 4xx in the documented form: only a message that we know is proof that nothing was made of it.
A failed *transfer* is one whose own record says ``FAILED``, which Flutterwave documents as final: the message then
only says whether another attempt can help. ``docs/gateways/flutterwave.md`` has the same table in plain words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bursar.foundation import log
from bursar.gateways.flutterwave.answers import Trouble
from bursar.gateways.model import Echo, NeverArrived, Outcome, Word

RESTRICTED: Final = "gateway_account_restricted"
"""The reason that is about our own account there, so that nothing else will get through either."""

_NOT_LET_IN: Final = frozenset({"http_401", "http_403", "token_http_400", "token_http_401", "token_http_403"})
_ACCOUNT_TROUBLE: Final = _NOT_LET_IN | {RESTRICTED}
_MESSAGE_LENGTH_MAX: Final = 200  # Enough for every known sentence; it is kept for people to read.


class Kind(StrEnum):
    """What follows from a message."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"  # Once the transfer's own record says that it failed, another attempt may help.
    UNFUNDED = "retryable after funding"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"  # The reference is taken: the transfer that has it tells the rest.


@dataclass(frozen=True, slots=True)
class Cause:
    """A known message: what follows from it, and what we call it."""

    kind: Kind
    reason: str
    whole_account: bool = False  # True for every transfer of this account, so also for each member of a bulk.


_PERMANENT, _UNFUNDED = Kind.PERMANENT, Kind.UNFUNDED
_OVER_LIMIT: Final = Cause(_PERMANENT, "over_gateway_limit")
_FLOAT_LOW: Final = Cause(_UNFUNDED, "gateway_float_low", whole_account=True)
_INVALID: Final = Cause(_PERMANENT, "invalid_request")
_UNRESOLVED: Final = Cause(_PERMANENT, "account_not_found")
_TAKEN: Final = Cause(Kind.DUPLICATE, "duplicate_reference")

TABLE: Final[tuple[tuple[str, Cause], ...]] = (
    # Normalised (see ``_plain``) and matched whole, so that a sentence that goes on differently is not taken for it.
    # A reference that is taken comes first, and has no documented wording: whatever sounds like it leads to a look-up,
    # since to take it for a refusal would give back money that is on its way.
    (r"(?=.*reference).*\b(?:already|exists?|duplicated?|unique|used|taken)\b.*", _TAKEN),
    (r"payout was made to a blacklisted account number", Cause(_PERMANENT, "account_blacklisted")),
    (r"insufficient wallet balance", _FLOAT_LOW),
    (r"insufficient funds in customer wallet", _FLOAT_LOW),
    (r"(?!\w*reference)[a-z_]+ (?:is required|is invalid(?:: .+)?|must be .+)", _INVALID),
    (r"invalid bank code passed", _INVALID),
    (r"you can only spend (?:\S{1,3} ?)?#(?: ?[a-z]{3})? at once", _OVER_LIMIT),
    (r"unable to obtain user details", Cause(_PERMANENT, "recipient_not_found")),
    (
        r"wallet currently restricted\. please contact administrator",
        Cause(_PERMANENT, RESTRICTED, whole_account=True),
    ),
    (r"a fatal error occurr?ed while proc+ess?ing your request", Cause(Kind.RETRYABLE, "gateway_error")),
    (r"transfer failed\. please contact support", Cause(Kind.UNKNOWN, "gateway_unclear")),
    # The reference knows only the name of this failure; these wordings are seen in several public programs.
    (r"(?:sorry, )?recipient account could not be validated\b.*", _UNRESOLVED),
    (r"account resolve fail(?:ed|ure)\b.*", _UNRESOLVED),
)
"""Every message that we know, and what it means."""

CODES: Final[Mapping[str, Cause]] = {
    "transfer_amount_exceeds_limit": _OVER_LIMIT,
    "RESOURCE_CONFLICT": _TAKEN,
}
"""Codes of v4, which has some."""

_log = log.get(__name__)

_KNOWN: Final = tuple((re.compile(pattern, re.DOTALL), cause) for pattern, cause in TABLE)
_FIGURES: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")
_LONG_NUMBER: Final = re.compile(r"\d{6,}")


def cause_of(message: str | None, code: str | None = None) -> Cause | None:
    """What a message is known to mean, or else the code, which says less; None when neither is known."""
    plain = _plain(message or "")
    by_message = next((cause for pattern, cause in _KNOWN if pattern.fullmatch(plain)), None)
    return by_message or CODES.get(code or "")


def refused(trouble: Trouble, *, of_many: bool = False) -> Outcome:
    """What becomes of an attempt whose request came to nothing; unless a known message says so, we do not know.

    Where the request was for many transfers (``of_many``), a message about one of them proves nothing about the rest.
    """
    cause = cause_of(trouble.message, trouble.code)
    shown = {"httpStatus": trouble.status, "message": shown_message(trouble.message)}
    if cause is None:
        return Outcome(Word.UNKNOWN, reason=trouble.reason, shown=shown, retry_after=trouble.retry_after)
    is_proof = cause.kind in {Kind.PERMANENT, Kind.UNFUNDED} and (cause.whole_account or not of_many)
    if not is_proof:
        return Outcome(Word.UNKNOWN, reason=cause.reason, shown=shown)
    unfunded = cause.kind is Kind.UNFUNDED
    return Outcome(Word.REFUSED, reason=cause.reason, retryable=unfunded, lacks_funds=unfunded, shown=shown)


def failed(
    message: str | None,
    *,
    code: str | None = None,
    reference: str,
    echo: Echo,
    shown: Mapping[str, str | int | None],
) -> Outcome:
    """What becomes of an attempt whose transfer failed.

    A message that we do not know is no reason to try again: the attempt is over, and a person looks.
    """
    cause = cause_of(message, code) or Cause(Kind.PERMANENT, "unrecognised_failure")
    unclear = cause.kind in {Kind.UNKNOWN, Kind.DUPLICATE}
    return Outcome(
        Word.UNKNOWN if unclear else Word.REFUSED,
        reference=reference,
        reason=cause.reason,
        retryable=cause.kind in {Kind.RETRYABLE, Kind.UNFUNDED},
        lacks_funds=cause.kind is Kind.UNFUNDED,
        echo=echo,
        shown=shown,
    )


def unknown(trouble: Trouble) -> Outcome:
    """What a look-up that came to nothing tells about an attempt: nothing, and how long to wait with the next."""
    return Outcome(Word.UNKNOWN, reason=trouble.reason, retry_after=trouble.retry_after)


def report_account_trouble(gateway: str, answers: Sequence[Outcome | NeverArrived]) -> None:
    """Tell people, once for all of a call, when it is our own account that is refused."""
    reasons = {answer.reason for answer in answers if isinstance(answer, Outcome)}
    for reason in sorted(_ACCOUNT_TROUBLE & reasons):
        _log.error("gateway.account_refused", gateway=gateway, reason_code=reason, count=len(answers))


def shown_message(message: str | None) -> str | None:
    """A message for the timeline: nothing in it that could be an account number, or that cannot be stored."""
    return None if message is None else _LONG_NUMBER.sub("…", message).replace("\0", "")[:_MESSAGE_LENGTH_MAX]


def _plain(message: str) -> str:
    """One sentence as one text, however it was typed: case, spaces, quotes, figures and the usual prefix taken out."""
    words = " ".join(message.casefold().replace('"', "").replace("'", "").split())
    return _FIGURES.sub("#", words.removeprefix("disburse failed:").strip(" .!"))
