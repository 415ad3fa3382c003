"""Why there is no statement.

Refusal
├── NoSuchPeriod      neither a year nor a month, or one that has not begun
└── StatementTooLong  more lines than one document holds
"""

from bursar.foundation.errors import Conflict, Missing


class NoSuchPeriod(Missing):
    """There is no such period."""

    code = "statement_period_not_found"

    def __init__(self, given: str, *, rule: str) -> None:
        """Refuse, naming what periods are called, or since when there is this one."""
        super().__init__(field="period", rule=rule, given=given[:20])


class StatementTooLong(Conflict):
    """This period has more movements than one statement holds."""

    code = "statement_too_long"

    def __init__(self, *, period: str, most: int) -> None:
        """Refuse, and say what to ask for instead."""
        super().__init__(
            f"The period {period} has more than {most:,} movements; ask for its months, or export the ledger.",
            period=period,
            most=most,
        )
