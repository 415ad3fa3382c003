"""What becomes of payouts: by the number of the bank account, or by the name of an account that is always there."""

from typing import Final, NamedTuple

MESSAGES: Final = {
    "account_closed": "The bank account has been closed.",
    "bank_ownership_changed": (
        "The destination bank account is no longer valid because its branch has changed ownership."
    ),
    "could_not_process": "The bank could not process this payout.",
    "debit_not_authorized": (
        "Debit transactions are not approved on your bank account. (Stripe requires bank accounts to be set up for "
        "both credit and debit payouts.)"
    ),
    "declined": "The bank has declined this transfer. Please contact the bank before retrying.",
    "insufficient_funds": "Your Stripe account has insufficient funds to cover the payout.",
    "invalid_currency": (
        "The bank was unable to process this payout because of its currency. This is probably because the bank account "
        "cannot accept payments in that currency."
    ),
    "no_account": (
        "The bank account details on file are probably incorrect. No bank account could be located with those details."
    ),
}
"""Why banks do not pay, by `failure_code`."""


class Fate(NamedTuple):
    """What becomes of one payout."""

    failure_code: str | None = None
    was_paid: bool = False  # It is `paid` first, and fails afterwards.
    stays_pending: bool = False


PAID: Final = Fate()

BY_NUMBER: Final = {
    "000123456789": PAID,
    "000111111113": Fate("account_closed"),
    "000111111116": Fate("no_account"),
    "000222222227": Fate("insufficient_funds"),
    "000333333335": Fate("debit_not_authorized"),
    "000444444440": Fate("invalid_currency"),
}
"""Stripe's test numbers. All other numbers are paid."""

BY_IBAN: Final = {
    "0532013001": Fate("no_account"),
    "0532013002": Fate("account_closed"),
    "0532013003": Fate("insufficient_funds"),
    "0532013004": Fate("debit_not_authorized"),
    "0532013005": Fate("invalid_currency"),
}
"""Stripe's test IBANs, such as DE62370400440532013001, by their last ten digits."""

SANDBOX: Final = "acct_sandbox"
"""The beginning of names of accounts that need not be created; their last four characters say what happens there."""

# One fate for each attempt of the same order; the last one stands for all that follow.
BY_SUFFIX: Final[dict[str, tuple[Fate, ...]]] = {
    "0002": (Fate("could_not_process"), PAID),
    "0003": (Fate("account_closed"),),
    "0004": (Fate(stays_pending=True),),
    "0007": (Fate("account_closed", was_paid=True),),
    "0008": (Fate("declined"),),
}
NO_PAYOUTS_SUFFIX: Final = "0005"
NO_TRANSFERS_SUFFIX: Final = "0006"
MISSING_SUFFIX: Final = "0009"


def fate_of_number(number: str) -> Fate:
    """What becomes of payouts to this bank account."""
    return BY_NUMBER.get(number) or BY_IBAN.get(number[-10:], PAID)


def fate_of_account(name: str, *, attempt_number: int) -> Fate:
    """What becomes of an order's attempt, counted from one, at an account that is always there."""
    life = BY_SUFFIX.get(name[-4:], (PAID,))
    return life[min(attempt_number, len(life)) - 1]


def is_always_there(name: str) -> bool:
    """An account of this name need not be created."""
    return name.startswith(SANDBOX) and not name.endswith(MISSING_SUFFIX)
