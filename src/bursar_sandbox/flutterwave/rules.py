"""What becomes of a transfer: by its account number in live mode, by its reference in test mode.

The words of failures are Flutterwave's own, spelling included, since words are all its third version gives.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple


class State(StrEnum):
    """Where one transfer stands, in Flutterwave's words."""

    NEW = "NEW"  # Queued.
    PENDING = "PENDING"  # Being processed; the wallet is debited.
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"


FINAL: Final = frozenset({State.SUCCESSFUL, State.FAILED})

BLACKLISTED: Final = "Payout was made to a blacklisted account number"
CANNOT_RESOLVE: Final = "Sorry, recipient account could not be validated. Please try again"
NO_FUNDS: Final = "DISBURSE FAILED: Insufficient wallet balance"
NO_FUNDS_AT_ONCE: Final = "Insufficient funds in customer wallet"
FATAL: Final = "DISBURSE FAILED: A fatal error occured while proccesing your request."
NO_DETAILS: Final = "DISBURSE FAILED: Unable to obtain user details"
AT_ONCE: Final = "DISBURSE FAILED: You can only spend {currency} 100.00 at once"
RESTRICTED: Final = "DISBURSE FAILED: wallet currently restricted. please contact administrator"
SUPPORT: Final = "DISBURSE FAILED: Transfer failed. Please contact support"
NO_NAME: Final = "beneficiary_name is required"
PAID: Final = "Transaction was successful"


class Fate(NamedTuple):
    """What becomes of one attempt."""

    state: State
    message: str = ""
    needs_approval: bool = False  # It stays NEW until somebody approves it on the dashboard.
    is_refused: bool = False  # It fails as soon as it is looked at; the wallet is never debited.


SUCCESS: Final = Fate(State.SUCCESSFUL, PAID)
STAYS_PENDING: Final = Fate(State.PENDING)
WAITS_FOR_APPROVAL: Final = Fate(State.NEW, needs_approval=True)

# One fate per attempt of the same order; the last one stands for all that follow.
LIFE_BY_SUFFIX: Final[dict[str, tuple[Fate, ...]]] = {
    "0001": (SUCCESS,),
    "0002": (Fate(State.FAILED, FATAL), SUCCESS),
    "0003": (Fate(State.FAILED, NO_DETAILS),),
    "0004": (STAYS_PENDING,),
    "0005": (WAITS_FOR_APPROVAL,),
    "0007": (Fate(State.FAILED, AT_ONCE),),
    "0008": (Fate(State.FAILED, SUPPORT),),
}
ORDINARY_LIFE: Final = (SUCCESS,)

BLACKLISTED_SUFFIX: Final = "0006"
MISSING_SUFFIX: Final = "0009"
ACCESS_BANK: Final = "044"
ACCESS_BANK_BLACKLISTED: Final = "0690000036"
ACCESS_BANK_TEST_ACCOUNTS: Final = frozenset(f"06900000{last}" for last in range(31, 42))
CAPITEC: Final = "470010"
NAMED_CURRENCIES: Final = frozenset({"EUR", "GBP", "KES", "UGX", "USD"})

CAPITEC_FATES: Final = {
    "0001234567": Fate(State.FAILED, "DISBURSE FAILED: Transfer failed"),
    "1112223334": Fate(State.FAILED, "DISBURSE FAILED: Suspected fraud"),
    "5555555555": Fate(State.FAILED, "DISBURSE FAILED: Transfer declined"),
    "9876543210": Fate(State.FAILED, "DISBURSE FAILED: Timeout"),
    "1234567890": STAYS_PENDING,
}
"""Capitec's test accounts. The outcomes are documented, the words are not."""

_RETRY: Final = re.compile(r"_RETRY_\d+$")
_MAGIC: Final = re.compile(r"_PMCK(?P<fails>_ST_F)?(?:DU_(?P<minutes>\d{1,6}))?$")
_MAGIC_MINUTES: Final = 10


def live_fate(bank_code: str, account_number: str, *, attempt_number: int) -> Fate:
    """What becomes of this attempt in live mode, counted per order from one."""
    if bank_code == CAPITEC and account_number in CAPITEC_FATES:
        return CAPITEC_FATES[account_number]
    life = LIFE_BY_SUFFIX.get(account_number[-4:], ORDINARY_LIFE)
    return life[min(attempt_number, len(life)) - 1]


def asked_fate(reference: str) -> tuple[Fate, int]:
    """What a reference asks for in test mode, and in how many minutes; without magic it stays PENDING for ever."""
    asked = _MAGIC.search(base_of(reference))
    if asked is None:
        return STAYS_PENDING, 0
    fate = Fate(State.FAILED, SUPPORT) if asked["fails"] else SUCCESS
    return fate, int(asked["minutes"] or _MAGIC_MINUTES)


def is_blacklisted(bank_code: str, account_number: str) -> bool:
    """Nobody may be paid there."""
    if bank_code == ACCESS_BANK and account_number in ACCESS_BANK_TEST_ACCOUNTS:
        return account_number == ACCESS_BANK_BLACKLISTED
    return account_number.endswith(BLACKLISTED_SUFFIX)


def needs_name(currency: str) -> bool:
    """The payee must be named, which shows only when it is processed."""
    return currency in NAMED_CURRENCIES


def is_missing(account_number: str) -> bool:
    """There is no such account."""
    return account_number.endswith(MISSING_SUFFIX)


def base_of(reference: str) -> str:
    """The reference of the original, where this is a retry's."""
    return _RETRY.sub("", reference)


def asked_for(reference: str) -> str:
    """The reference without what is not a part of it: that it is a retry, and what becomes of it in test mode."""
    return _MAGIC.sub("", base_of(reference))
