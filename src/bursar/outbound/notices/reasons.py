"""Why money did not arrive, in the words of whom it was meant for: no codes, nothing about our own accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence that says why, and whether the holder can do something about it."""

    sentence: str
    check_account: bool = False  # The account's details are what is wrong.


_NO_ACCOUNT: Final = Reason("The bank does not know an account with these details.", check_account=True)
_CLOSED: Final = Reason("The bank says that this account is closed.", check_account=True)
_BLOCKED: Final = Reason("The bank does not accept payments to this account at the moment.", check_account=True)
_NOT_YOURS: Final = Reason("The name on the account is another one than the bank expects.", check_account=True)
_TOO_MUCH: Final = Reason("The amount is more than the bank accepts in one payment.")
_BANK_AWAY: Final = Reason("The receiving bank could not be reached, although we tried several times.")
_OUR_SIDE: Final = Reason("Something went wrong on our side. It has nothing to do with you or your account.")
_NEVER_LEFT: Final = Reason("We have looked into it: the money did not reach the bank.")
_UNKNOWN: Final = Reason("The bank did not accept the payment and did not say more than that.")

_REASONS: Final[Mapping[str, Reason]] = {
    "account_not_found": _NO_ACCOUNT,
    "invalid_account": _NO_ACCOUNT,
    "invalid_account_number": _NO_ACCOUNT,
    "invalid_bank_code": _NO_ACCOUNT,
    "no_account": _NO_ACCOUNT,
    "recipient_not_found": _NO_ACCOUNT,
    "account_closed": _CLOSED,
    "account_blacklisted": _BLOCKED,
    "account_blocked": _BLOCKED,
    "account_frozen": _BLOCKED,
    "bank_account_restricted": _BLOCKED,
    "mode_not_allowed": _BLOCKED,
    "incorrect_account_holder_name": _NOT_YOURS,
    "name_mismatch": _NOT_YOURS,
    "over_gateway_limit": _TOO_MUCH,
    "bank_unavailable": _BANK_AWAY,
    "could_not_process": _BANK_AWAY,
    "gateway_error": _BANK_AWAY,
    "gateway_account_restricted": _OUR_SIDE,
    "gateway_float_low": _OUR_SIDE,
    "insufficient_float": _OUR_SIDE,
    "insufficient_funds": _OUR_SIDE,
    "invalid_request": _OUR_SIDE,
    "resolved_as_not_paid": _NEVER_LEFT,
}
"""What gateways and our own rooms say, by their codes. A code that is missing here gets the sentence for all others."""


def of_failure(code: str | None) -> Reason:
    """Why a payout failed or came back."""
    return _REASONS.get((code or "").lower(), _UNKNOWN)
