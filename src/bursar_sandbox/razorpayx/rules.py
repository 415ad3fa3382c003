"""What becomes of a payout: what each mode carries, what it costs, and how accounts end that decide its fate."""

from enum import StrEnum
from typing import Final, NamedTuple


class PayoutStatus(StrEnum):
    """Where a payout stands, in RazorpayX's words."""

    PENDING = "pending"  # Somebody in the business has to approve it.
    QUEUED = "queued"  # For lack of money, or because a bank is away.
    SCHEDULED = "scheduled"
    PROCESSING = "processing"  # At the bank; paid out of our account.
    PROCESSED = "processed"  # The payee has it, and yet it may come back.
    REVERSED = "reversed"  # The money is in our account again.
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class Mode(StrEnum):
    """Which of India's systems carries it."""

    IMPS = "IMPS"
    NEFT = "NEFT"
    RTGS = "RTGS"
    UPI = "UPI"


class Step(NamedTuple):
    """Where a payout stands next, and why."""

    status: PayoutStatus
    reason: str | None = None


S = PayoutStatus

LAKH: Final = 100_000_00  # Paise.
LEAST_MINOR: Final = 100
BOUNDS: Final = {
    Mode.IMPS: (LEAST_MINOR, 5 * LAKH),
    Mode.NEFT: (LEAST_MINOR, None),
    Mode.RTGS: (2 * LAKH, None),
    Mode.UPI: (LEAST_MINOR, LAKH),
}
"""The least and the most that one payout carries, in paise."""

BELONGS: Final = {"bank_account": frozenset({Mode.IMPS, Mode.NEFT, Mode.RTGS}), "vpa": frozenset({Mode.UPI})}
PURPOSES: Final = frozenset({"refund", "cashback", "payout", "salary", "utility bill", "vendor bill"})

PAID: Final = (Step(S.PROCESSING), Step(S.PROCESSED))
STAYS: Final = (Step(S.PROCESSING, "payout_bank_processing"),)
"""Of test mode, where nothing goes on by itself."""

AWAY: Final = (Step(S.PROCESSING), Step(S.FAILED, "beneficiary_bank_offline"))
"""Of a bank's downtime."""

# One fate per attempt of the same order; the last one stands for all that follow.
LIFE_BY_SUFFIX: Final[dict[str, tuple[tuple[Step, ...], ...]]] = {
    "0001": (PAID,),
    "0002": (AWAY, PAID),
    "0003": ((Step(S.PROCESSING), Step(S.FAILED, "bank_account_closed")),),
    "0004": ((Step(S.PROCESSING, "beneficiary_bank_confirmation_pending"),),),
    "0005": ((Step(S.PENDING, "pending_approval"),),),
    "0007": ((*PAID, Step(S.REVERSED, "beneficiary_bank_rejected")),),
    "0008": ((Step(S.PROCESSING), Step(S.REVERSED, "npci_beneficiary_timeout")), PAID),
    "0009": ((Step(S.PROCESSING), Step(S.FAILED, "invalid_beneficiary")),),
    "0010": ((Step(S.QUEUED, "beneficiary_bank_down"), *PAID),),
    "0011": ((Step(S.PROCESSING), Step(S.FAILED, "imps_not_allowed")),),
}
REFUSED_SUFFIX: Final = "0006"
MISSING_SUFFIX: Final = "0009"
ONLY_BY_IMPS: Final = frozenset({"0011"})  # Suffixes that mean nothing by another mode.

_GATEWAY, _BANK, _BUSINESS, _INTERNAL = "gateway", "beneficiary_bank", "business", "internal"
DETAILS: Final[dict[str, tuple[str, str]]] = {
    "amount_limit_exhausted": (_BUSINESS, "The limits of your account are exhausted. Please retry after some time"),
    "amount_limit_exhausted_neft": (_BUSINESS, "The NEFT limits of your account are exhausted. Please retry later"),
    "bank_account_closed": (_BANK, "The beneficiary account is closed. Please contact the beneficiary bank"),
    "bank_account_frozen": (_BANK, "The beneficiary account is frozen. Please contact the beneficiary bank"),
    "bank_account_invalid": (_BUSINESS, "The beneficiary account is invalid"),
    "bank_window_closed": (_BANK, "The payout is initiated when the bank's window opens"),
    "beneficiary_account_dormant": (_BANK, "The beneficiary account is dormant"),
    "beneficiary_account_invalid": (_BUSINESS, "The beneficiary account is invalid"),
    "beneficiary_bank_confirmation_pending": (_BANK, "Confirmation of the credit to the beneficiary is pending"),
    "beneficiary_bank_down": (_BANK, "The beneficiary bank is facing downtime"),
    "beneficiary_bank_failure": (_BANK, "The payout failed at the beneficiary bank. Please retry after 30 min"),
    "beneficiary_bank_offline": (_BANK, "The beneficiary bank is offline. Please retry after 30 min"),
    "beneficiary_bank_rejected": (_BANK, "The payout was rejected by the beneficiary bank"),
    "beneficiary_bank_technical_error": (_BANK, "The beneficiary bank has a technical issue. Please retry later"),
    "beneficiary_psp_offline": (_BANK, "The beneficiary's UPI provider is offline. Please retry after 30 min"),
    "beneficiary_vpa_invalid": (_BUSINESS, "The beneficiary's UPI address is invalid"),
    "fee_recovery_pending": (_INTERNAL, "Fees of earlier payouts are being recovered"),
    "gateway_degraded": (_GATEWAY, "The partner bank's systems are slow"),
    "gateway_down": (_GATEWAY, "The partner bank's systems are down. Please retry after 30 min"),
    "gateway_technical_error": (_GATEWAY, "The partner bank has a technical issue. Please retry after 30 min"),
    "gateway_timeout": (_GATEWAY, "The partner bank did not answer in time. Please retry after 30 min"),
    "imps_not_allowed": (_BANK, "IMPS is not enabled on the beneficiary account. Please retry with another mode"),
    "insufficient_funds": (_BUSINESS, "Your account does not have enough balance"),
    "invalid_beneficiary": (_BUSINESS, "The beneficiary details are invalid"),
    "invalid_ifsc_code": (_BUSINESS, "The IFSC code is invalid"),
    "low_balance": (_BUSINESS, "The payout is queued as your account does not have enough balance"),
    "npci_beneficiary_timeout": (_BANK, "The beneficiary bank did not answer NPCI in time. Please retry after 30 min"),
    "partner_bank_pending": (_GATEWAY, "The payout is being processed by our partner bank"),
    "payout_bank_processing": (_GATEWAY, "The payout is being processed by our partner bank"),
    "payout_processed": (_BANK, "The payout is processed and the money has been credited"),
    "pending_approval": (_BUSINESS, "The payout waits for approval"),
    "server_error": (_INTERNAL, "We are facing an issue. Please contact support"),
    "server_error_temporary": (_INTERNAL, "We are facing a temporary issue. Please retry after 30 min"),
    "syncing_balance": (_INTERNAL, "The balance of your account is being updated"),
    "transaction_limit_exceeded": (_BANK, "The beneficiary has reached the limit of their account"),
}
"""Every reason that is documented, with its source, and what is said of it in words of our own."""

_FEES: Final = ((1_000_00, 118, 18), (25_000_00, 590, 90))
_FEES_ABOVE: Final = (1180, 180)


def fate(account: str, *, attempt_number: int, mode: Mode) -> tuple[Step, ...]:
    """What becomes of this attempt in live mode, counted per order from one, step by step.

    `account` is a bank account's number, or what stands before the @ of a UPI address.
    """
    suffix = account[-4:]
    if suffix in ONLY_BY_IMPS and mode is not Mode.IMPS:
        return PAID
    life = LIFE_BY_SUFFIX.get(suffix, (PAID,))
    return life[min(attempt_number, len(life)) - 1]


def fees(amount_minor: int) -> tuple[int, int]:
    """What a payout costs beside its amount, tax included, and how much of that is tax; in paise."""
    return next(((fee, tax) for most, fee, tax in _FEES if amount_minor <= most), _FEES_ABOVE)
