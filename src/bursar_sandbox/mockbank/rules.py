"""The account number's last four digits decide what becomes of a transfer."""

from typing import Final, NamedTuple

from bursar_sandbox.book import Reason, Status


class Verdict(NamedTuple):
    """What becomes of one attempt."""

    status: Status
    reason: Reason | None = None


SUCCESS: Final = Verdict(Status.SUCCESS)
BANK_UNAVAILABLE: Final = Verdict(
    Status.RETRY, Reason("bank_unavailable", "The receiving bank did not answer; try again.")
)
INSUFFICIENT_FLOAT: Final = Verdict(
    Status.RETRY, Reason("insufficient_float", "The prefunded balance does not cover this.")
)
ACCOUNT_CLOSED: Final = Verdict(
    Status.FAILED, Reason("account_closed", "The account is closed; trying again will not help.")
)
IN_CLEARING: Final = Verdict(Status.PENDING)
UNDER_REVIEW: Final = Verdict(Status.ON_HOLD, Reason("under_review", "The transfer waits for the bank's own review."))
CANCELLED: Final = Verdict(Status.FAILED, Reason("cancelled", "The transfer was cancelled before it was paid."))

# One verdict per attempt of the same order; the last one stands for all that follow.
LIFE_BY_SUFFIX: Final[dict[str, tuple[Verdict, ...]]] = {
    "0001": (SUCCESS,),
    "0002": (BANK_UNAVAILABLE, SUCCESS),
    "0003": (ACCOUNT_CLOSED,),
    "0004": (IN_CLEARING,),
    "0005": (UNDER_REVIEW,),
}
ORDINARY_LIFE: Final = (SUCCESS,)

FINAL: Final = frozenset({Status.SUCCESS, Status.FAILED})
"""What a slow bank answers only after a while."""


def verdict(account_number: str, *, attempt_number: int) -> Verdict:
    """What becomes of this attempt, counted per order from one."""
    life = LIFE_BY_SUFFIX.get(account_number[-4:], ORDINARY_LIFE)
    return life[min(attempt_number, len(life)) - 1]
