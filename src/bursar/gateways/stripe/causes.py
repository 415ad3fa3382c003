"""What Stripe's codes mean: those of refused requests, and those of payouts that failed.

A refused request is an error in its documented form with a code of this table: then Stripe has done nothing with it.
Whatever else is said leaves us not knowing. The codes are those of docs.stripe.com/error-codes and
docs.stripe.com/api/payouts/failures; where another attempt can help is our reading. ``docs/gateways/stripe.md`` says
the same in plain words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bursar.foundation import log
from bursar.gateways.model import NeverArrived, Outcome, Word
from bursar.gateways.stripe import wire
from bursar.gateways.stripe.api import Trouble
from bursar.gateways.stripe.wire import Payout, Transfer


class Kind(StrEnum):
    """What follows from a code."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"
    UNFUNDED = "retryable after funding"


@dataclass(frozen=True, slots=True)
class Cause:
    """A known code: what follows from it, and what we call it."""

    kind: Kind
    reason: str


class Step(StrEnum):
    """What was asked for: the same code may be about our own account, or about the one that is to be paid."""

    TRANSFER = "transfer"
    PAYOUT = "payout"


_P, _R = Kind.PERMANENT, Kind.RETRYABLE
_NOT_FOUND: Final = Cause(_P, "account_not_found")
_BLOCKED: Final = Cause(_P, "account_blocked")
_INVALID: Final = Cause(_P, "invalid_request")
_OVER_LIMIT: Final = Cause(_P, "over_gateway_limit")

REFUSALS: Final[Mapping[str, Cause]] = {
    "account_closed": Cause(_P, "account_closed"),
    "account_invalid": _NOT_FOUND,
    "amount_too_large": _OVER_LIMIT,
    "amount_too_small": Cause(_P, "under_gateway_limit"),
    "bank_account_declined": _BLOCKED,
    "bank_account_restricted": Cause(_P, "bank_account_restricted"),
    "bank_account_unusable": _BLOCKED,
    "country_unsupported": _BLOCKED,
    "instant_payouts_unsupported": _BLOCKED,
    "insufficient_capabilities_for_transfer": _BLOCKED,
    "invalid_currency": Cause(_P, "currency_not_accepted"),
    "parameter_invalid_empty": _INVALID,
    "parameter_invalid_integer": _INVALID,
    "parameter_invalid_string_blank": _INVALID,
    "parameter_invalid_string_empty": _INVALID,
    "parameter_missing": _INVALID,
    "parameter_unknown": _INVALID,
    "payouts_limit_exceeded": Cause(_R, "over_daily_limit"),
    "payouts_not_allowed": _BLOCKED,
    "transfers_not_allowed": _BLOCKED,
}
"""Codes of refused requests, whichever step they refuse."""

REFUSALS_AT: Final[Mapping[Step, Mapping[str, Cause]]] = {
    Step.TRANSFER: {
        "balance_insufficient": Cause(Kind.UNFUNDED, "gateway_float_low"),
        "insufficient_funds": Cause(Kind.UNFUNDED, "gateway_float_low"),
    },
    # The money was moved there a moment ago; a debt of that account has taken it.
    Step.PAYOUT: {
        "balance_insufficient": Cause(_P, "account_in_debt"),
        "insufficient_funds": Cause(_P, "account_in_debt"),
    },
}
"""Codes that mean another thing at each step."""

FAILURES: Final[Mapping[str, Cause]] = {
    "account_closed": Cause(_P, "account_closed"),
    "account_frozen": Cause(_P, "account_frozen"),
    "bank_account_restricted": Cause(_P, "bank_account_restricted"),
    "bank_ownership_changed": Cause(_P, "account_closed"),
    "could_not_process": Cause(_R, "could_not_process"),
    "debit_not_authorized": Cause(_P, "bank_account_restricted"),
    "declined": Cause(_P, "declined"),
    "incorrect_account_holder_address": Cause(_P, "incorrect_account_holder_name"),
    "incorrect_account_holder_name": Cause(_P, "incorrect_account_holder_name"),
    "incorrect_account_holder_tax_id": Cause(_P, "incorrect_account_holder_name"),
    "insufficient_funds": Cause(_R, "insufficient_funds"),
    "invalid_account_number": Cause(_P, "invalid_account_number"),
    "invalid_currency": Cause(_P, "currency_not_accepted"),
    "no_account": Cause(_P, "no_account"),
    "unsupported_card": Cause(_P, "unsupported_card"),
}
"""Why payouts fail, by their ``failure_code``."""

CANCELED: Final = Cause(_P, "cancelled_at_gateway")
UNRECOGNISED: Final = Cause(_P, "unrecognised_failure")
"""A payout's own record says that it failed, for a reason that we do not know: it is over, and a person looks."""

TAKEN_BACK: Final = Cause(_P, "taken_back")
"""The money was moved back to us, and why was not written down: somebody did it at Stripe."""

_CAUSES: Final = (*REFUSALS.values(), *FAILURES.values(), *REFUSALS_AT[Step.PAYOUT].values(), CANCELED, UNRECOGNISED)
_BY_REASON: Final = {cause.reason: cause for cause in _CAUSES}

_WORDS: Final = {"paid": Word.PAID, "pending": Word.ACCEPTED, "in_transit": Word.ACCEPTED}
_OUR_OWN_TROUBLE: Final = frozenset({"api_key_expired", "livemode_mismatch", "platform_api_key_expired"})
_REFUSING: Final = frozenset({400, 402, 403, 404})
_LOGGED: Final = frozenset({"http_401", "http_403", *_OUR_OWN_TROUBLE})

_log = log.get(__name__)


def refused(trouble: Trouble, *, step: Step) -> Outcome:
    """What becomes of an attempt whose request came to nothing; unless a known code says so, we do not know.

    Where Stripe says that it should be asked again, nothing is decided, whatever the code.
    """
    cause = None if trouble.should_retry else _cause(trouble, step)
    shown = {"httpStatus": trouble.status, "code": trouble.code, "param": trouble.param}
    if cause is None:
        return unknown(trouble)
    return outcome(cause, shown=shown)


def outcome(cause: Cause, *, shown: Mapping[str, str | int | None], about: Transfer | Payout | None = None) -> Outcome:
    """An attempt that came to nothing for a known reason; ``about`` is what Stripe has of it."""
    return Outcome(
        Word.REFUSED,
        reference=about.id if about else None,
        reason=cause.reason,
        retryable=cause.kind is not Kind.PERMANENT,
        lacks_funds=cause.kind is Kind.UNFUNDED,
        echo=wire.echo(about) if about else None,
        shown=shown,
    )


def told(payout: Payout) -> Outcome:
    """What a payout's own record says; that it was refused is true only once its money is ours again."""
    shown = {"status": payout.status, "payout": payout.id, "failureCode": payout.failure_code}
    match payout.status:
        case "failed":
            return outcome(FAILURES.get(payout.failure_code or "", UNRECOGNISED), about=payout, shown=shown)
        case "canceled":
            return outcome(CANCELED, about=payout, shown=shown)
        case status:
            word = _WORDS.get(status, Word.UNKNOWN)
            reason = "unknown_status" if word is Word.UNKNOWN else None
            return Outcome(word, reference=payout.id, reason=reason, echo=wire.echo(payout), shown=shown)


def by_reason(reason: str | None) -> Cause:
    """The cause that we once gave this name, when we had Stripe keep it."""
    return _BY_REASON.get(reason or "", TAKEN_BACK)


def unknown(trouble: Trouble) -> Outcome:
    """What an answer that proves nothing tells about an attempt: nothing, and how long to wait before asking."""
    reason = trouble.code if trouble.code in _OUR_OWN_TROUBLE else trouble.reason
    shown = {"httpStatus": trouble.status, "code": trouble.code}
    return Outcome(Word.UNKNOWN, reason=reason, shown=shown, retry_after=trouble.retry_after)


def report_account_trouble(gateway: str, answers: Sequence[Outcome | NeverArrived]) -> None:
    """Tell people when it is our own account that is refused; the circuit keeps the rest from trying."""
    for reason in sorted({one.reason for one in answers if isinstance(one, Outcome) and one.reason in _LOGGED}):
        _log.error("gateway.account_refused", gateway=gateway, reason_code=reason, count=len(answers))


def is_missing(trouble: Trouble) -> bool:
    """Whether Stripe says that there is no such thing."""
    return trouble.code in {"resource_missing", "account_invalid"}


def _cause(trouble: Trouble, step: Step) -> Cause | None:
    if trouble.status not in _REFUSING or trouble.type == "idempotency_error":
        return None
    if trouble.code == "resource_missing":  # Only about the account is it an answer to what was asked.
        return _NOT_FOUND if trouble.param == "destination" else None
    code = trouble.code or ""
    return REFUSALS_AT[step].get(code) or REFUSALS.get(code)
