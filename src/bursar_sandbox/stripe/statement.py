"""The statement of an account at Stripe: every movement of its balance, in the columns of Stripe's own export."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from bursar_sandbox.currencies import to_major
from bursar_sandbox.stripe.balances import Balances
from bursar_sandbox.stripe.ids import PLATFORM
from bursar_sandbox.stripe.objects import BalanceTransaction

CHUNK_LINES: Final = 1000
COLUMNS: Final = (
    *("id", "Type", "Source", "Amount", "Fee", "Net", "Currency"),
    *("Created (UTC)", "Available On (UTC)", "Description"),
)


def as_csv(balances: Balances, query: bytes) -> Iterator[bytes]:
    """The movements of the platform's balance, or of that of `account`, oldest first, piece by piece."""
    account = dict(parse_qsl(query.decode("latin-1"))).get("account", PLATFORM)
    movements = balances.movements(account).all
    yield _written([COLUMNS])
    for start in range(0, len(movements), CHUNK_LINES):
        yield _written([_line(movement) for movement in movements[start : start + CHUNK_LINES]])


def _line(movement: BalanceTransaction) -> tuple[str, ...]:
    currency = movement.currency.upper()
    return (
        *(movement.id, movement.type, movement.source or ""),
        *(to_major(minor, currency) for minor in (movement.amount, movement.fee, movement.net)),
        *(movement.currency, _minute(movement.created), _minute(movement.available_on), movement.description or ""),
    )


def _minute(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _written(lines: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()
