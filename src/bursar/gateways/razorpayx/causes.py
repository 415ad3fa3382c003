"""What RazorpayX's reasons mean: those of refused requests, and those of payouts that failed or were reversed.

A refused request is an HTTP 400 in the documented form with a reason of this table, and not about the idempotency key:
then nothing was made of it. Whatever else is said leaves us not knowing. The reasons and what they advise are those of
razorpay.com/docs/api/x/error-codes and razorpay.com/docs/errors/x/payout-status-details; what follows is our reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bursar.foundation import log
from bursar.gateways.model import NeverArrived, Outcome, Word
from bursar.gateways.razorpayx import wire
from bursar.gateways.razorpayx.api import Trouble
from bursar.gateways.razorpayx.wire import Payout


class Kind(StrEnum):
    """What follows from a reason."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"
    UNFUNDED = "retryable after funding"


@dataclass(frozen=True, slots=True)
class Cause:
    """A known reason: what follows from it, and what we call it."""

    kind: Kind
    reason: str


_P, _R = Kind.PERMANENT, Kind.RETRYABLE
_BANK_AWAY: Final = Cause(_R, "bank_unavailable")
_GATEWAY_AWAY: Final = Cause(_R, "gateway_error")
_EXHAUSTED: Final = Cause(_R, "over_daily_limit")
_FLOAT_LOW: Final = Cause(Kind.UNFUNDED, "gateway_float_low")
_NO_ACCOUNT: Final = Cause(_P, "invalid_account")

REFUSALS: Final[Mapping[str, Cause]] = {
    "input_validation_failed": Cause(_P, "invalid_request"),
    "insufficient_funds": _FLOAT_LOW,
}
"""Why requests are refused, by ``error.reason``. Its ``server_error`` may have made a payout all the same."""

FAILURES: Final[Mapping[str, Cause]] = {
    "amount_limit_exhausted": _EXHAUSTED,
    "amount_limit_exhausted_neft": _EXHAUSTED,
    "bank_account_closed": Cause(_P, "account_closed"),
    "bank_account_frozen": Cause(_P, "account_frozen"),
    "bank_account_invalid": _NO_ACCOUNT,
    "beneficiary_account_dormant": Cause(_P, "account_blocked"),
    "beneficiary_account_invalid": _NO_ACCOUNT,
    "beneficiary_bank_failure": _BANK_AWAY,
    "beneficiary_bank_offline": _BANK_AWAY,
    "beneficiary_bank_rejected": Cause(_P, "declined"),
    "beneficiary_bank_technical_error": _BANK_AWAY,
    "beneficiary_psp_offline": _BANK_AWAY,
    "beneficiary_vpa_invalid": Cause(_P, "account_not_found"),
    "gateway_down": _GATEWAY_AWAY,
    "gateway_technical_error": _GATEWAY_AWAY,
    "gateway_timeout": _GATEWAY_AWAY,
    "imps_not_allowed": Cause(_P, "mode_not_allowed"),
    "insufficient_funds": _FLOAT_LOW,
    "invalid_beneficiary": _NO_ACCOUNT,
    "invalid_ifsc_code": Cause(_P, "invalid_bank_code"),
    "npci_beneficiary_timeout": _BANK_AWAY,
    "server_error": Cause(_P, "gateway_unclear"),
    "server_error_temporary": _GATEWAY_AWAY,
    "transaction_limit_exceeded": Cause(_P, "over_gateway_limit"),
}
"""Why payouts fail or are reversed, by ``status_details.reason``."""

CANCELLED: Final = Cause(_P, "cancelled_at_gateway")
REJECTED: Final = Cause(_P, "rejected_at_gateway")
UNRECOGNISED: Final = Cause(_P, "unrecognised_failure")
"""A payout's own record says that it failed, for a reason that we do not know: it is over, and a person looks."""

_WORDS: Final = {
    "processed": Word.PAID,
    "processing": Word.ACCEPTED,
    "scheduled": Word.ACCEPTED,
    "queued": Word.HELD,
    "pending": Word.HELD,
}
_LOGGED: Final = frozenset({"http_401", "http_403"})

_log = log.get(__name__)


def refused(trouble: Trouble) -> Outcome:
    """What becomes of an attempt whose request came to nothing; unless a known reason says so, we do not know."""
    cause = REFUSALS.get(trouble.said or "") if trouble.status == 400 and not trouble.of_key else None
    if cause is None:
        return unknown(trouble)
    return _over(cause, shown={"httpStatus": trouble.status, "reason": trouble.said, "field": trouble.field})


def told(payout: Payout, *, paid: bool) -> Outcome:
    """What a payout's own record says; ``paid`` says that it has been ``processed``, as we know.

    Money of a payout that came to nothing is ours again, whether that is said to have failed or to be reversed. Only if
    it had been paid before, it has come back; else the attempt is over, and another one may help.
    """
    match payout.status:
        case "failed" | "reversed":
            outcome = _over(FAILURES.get(payout.reason or "", UNRECOGNISED), about=payout, shown=_shown(payout))
            return replace(outcome, word=Word.RETURNED, retryable=False, lacks_funds=False) if paid else outcome
        case "cancelled":
            return _over(CANCELLED, about=payout, shown=_shown(payout))
        case "rejected":
            return _over(REJECTED, about=payout, shown=_shown(payout))
        case status:
            word = _WORDS.get(status, Word.UNKNOWN)
            why = {Word.HELD: payout.reason or status, Word.UNKNOWN: "unknown_status"}.get(word)
            return Outcome(word, reference=payout.id, reason=why, echo=wire.echo(payout), shown=_shown(payout))


def unknown(trouble: Trouble) -> Outcome:
    """What an answer that proves nothing tells about an attempt: nothing, and how long to wait before asking."""
    reason = "duplicate_key" if trouble.of_key else trouble.reason
    shown = {"httpStatus": trouble.status, "reason": trouble.said, "field": trouble.field}
    return Outcome(Word.UNKNOWN, reason=reason, shown=shown, retry_after=trouble.retry_after)


def report_account_trouble(gateway: str, answers: Sequence[Outcome | NeverArrived]) -> None:
    """Tell people when it is our own account that is refused; the circuit keeps the rest from trying."""
    for reason in sorted({one.reason for one in answers if isinstance(one, Outcome) and one.reason in _LOGGED}):
        _log.error("gateway.account_refused", gateway=gateway, reason_code=reason, count=len(answers))


def _over(cause: Cause, *, shown: Mapping[str, str | int | None], about: Payout | None = None) -> Outcome:
    """An attempt that came to nothing for a known reason; ``about`` is what there is of it."""
    return Outcome(
        Word.REFUSED,
        reference=about.id if about else None,
        reason=cause.reason,
        retryable=cause.kind is not Kind.PERMANENT,
        lacks_funds=cause.kind is Kind.UNFUNDED,
        echo=wire.echo(about) if about else None,
        shown=shown,
    )


def _shown(payout: Payout) -> Mapping[str, str | int | None]:
    return {
        "status": payout.status,
        "payout": payout.id,
        "mode": payout.mode,
        "utr": payout.utr,
        "reason": payout.reason,
    }
