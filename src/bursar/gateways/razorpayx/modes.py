"""By which of India's systems a payout goes, and how much each of them carries.

The limits are those of the systems, as RazorpayX documents them (razorpay.com/docs/x/payouts); a bank's own are lower
at times, and it says so when it refuses.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from bursar.foundation.money import Money
from bursar.gateways.model import Outcome, Word
from bursar.holders import Destination

LAKH: Final = 100_000_00  # Paise.
LEAST: Final = 1_00  # The smallest payout there is, whichever way it goes.

BankMode = Literal["auto", "IMPS", "NEFT", "RTGS"]
"""How money goes to bank accounts. ``auto``: within seconds, so by IMPS as far as that carries it, else by RTGS."""


class Mode(StrEnum):
    """A system that carries payouts."""

    IMPS = "IMPS"  # Within seconds, at any hour.
    NEFT = "NEFT"  # Every half hour.
    RTGS = "RTGS"  # Within half an hour, large amounts only.
    UPI = "UPI"  # Within seconds, to UPI addresses only.


BOUNDS: Final[Mapping[Mode, tuple[int, int | None]]] = {
    Mode.IMPS: (LEAST, 5 * LAKH),
    Mode.NEFT: (LEAST, None),
    Mode.RTGS: (2 * LAKH, None),
    Mode.UPI: (LEAST, 1 * LAKH),
}
"""The least and the most that each carries in one payout, in paise."""


def mode_for(amount: Money, destination: Destination, *, bank_mode: BankMode) -> Mode | Outcome:
    """The system for this payout; or what becomes of an attempt that none of those allowed can carry."""
    match destination.type:
        case "UPI":
            mode = Mode.UPI
        case "BANK":
            mode = _for_bank(amount, bank_mode)
        case _:
            return Outcome(Word.REFUSED, reason="destination_not_payable")
    least, most = BOUNDS[mode]
    if amount.minor < least:
        return Outcome(Word.REFUSED, reason="under_gateway_limit")
    if most is not None and amount.minor > most:
        return Outcome(Word.REFUSED, reason="over_gateway_limit")
    return mode


def for_banks(bank_mode: BankMode) -> frozenset[Mode]:
    """The systems by which payouts may go to bank accounts."""
    return frozenset({Mode.IMPS, Mode.RTGS}) if bank_mode == "auto" else frozenset({Mode(bank_mode)})


def _for_bank(amount: Money, bank_mode: BankMode) -> Mode:
    if bank_mode != "auto":
        return Mode(bank_mode)
    most = BOUNDS[Mode.IMPS][1]
    return Mode.RTGS if most is not None and amount.minor > most else Mode.IMPS
