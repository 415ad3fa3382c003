"""What a row of a CSV file says that a holder has earned."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from bursar.cli.csv_file import Columns
from bursar.earnings import NewEarning
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.programs import Terms

_SHOWN: Final = 40  # Characters of what somebody wrote, in a refusal.


class BadEarningsFile(Invalid):
    """The file cannot be read."""

    code = "invalid_earnings_file"


COLUMNS: Final = Columns(("holder", "reference", "amount"), ("description", "earned_at"), BadEarningsFile)


def earning(row: Mapping[str, str], terms: Terms, *, credited_by: str) -> NewEarning:
    """The earning that a row describes, its amount in major units of the program's currency.

    Raises:
        Invalid: a cell breaks a rule.
    """
    return NewEarning(
        program=terms.program,
        holder=row["holder"],
        reference=row["reference"],
        amount=Money.parse(row["amount"], terms.currency),
        description=row.get("description", ""),
        earned_at=_moment(row["earned_at"]) if row.get("earned_at") else None,
        credited_by=credited_by,
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as unreadable:
        rule = "a day or a moment in ISO 8601, such as 2026-11-20 or 2026-11-20T09:00:00Z"
        raise Invalid(field="earned_at", rule=rule, given=text[:_SHOWN]) from unreadable
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
