"""What becomes of a payment: by chance, unless the last four characters of the account say otherwise."""

from typing import Final, NamedTuple

from bursar_sandbox.book import Reason, Status


class Verdict(NamedTuple):
    """What becomes of one attempt."""

    status: Status
    reason: Reason | None = None


PAID: Final = Verdict(Status.SUCCESS)
DECLINED: Final = Verdict(Status.RETRY, Reason("payment_failed", "The payment failed; it may succeed another time."))
CLOSED: Final = Verdict(Status.FAILED, Reason("account_closed", "The account is closed; trying again will not help."))
STAYS_IN_PROCESS: Final = Verdict(Status.PENDING)

# One verdict per attempt of the same order; the last one stands for all that follow.
LIFE_BY_SUFFIX: Final[dict[str, tuple[Verdict, ...]]] = {
    "0002": (DECLINED, PAID),
    "0003": (CLOSED,),
    "0004": (STAYS_IN_PROCESS,),
}


def verdict(account: str, *, attempt_number: int, is_lucky: bool) -> Verdict:
    """What becomes of this attempt, counted per order from one."""
    life = LIFE_BY_SUFFIX.get(account[-4:])
    if life is None:
        return PAID if is_lucky else DECLINED
    return life[min(attempt_number, len(life)) - 1]
