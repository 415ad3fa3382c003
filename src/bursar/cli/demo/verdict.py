"""Whether everything came out as it should, by the word of three: what the API says, the ledger, and the bank."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bursar import ledger
from bursar.cli.demo.sheet import Outcome
from bursar.cli.demo.traffic import Sent, View
from bursar.foundation.db import Database
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import total

CURRENCY: Final = "PKR"
BANK: Final = "mockbank"
DEADLINE: Final = 30.0
PAID: Final = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the demo came to. The public part is what ``--once`` prints."""

    payouts: int
    by_status: Mapping[str, int]
    amount_minor: int
    ledger_balanced: bool
    book_matches: bool
    seconds: float
    all_rest: bool = field(kw_only=True)
    all_told: bool = field(kw_only=True)
    webhooks: int = field(kw_only=True)
    forged: int = field(kw_only=True)

    @property
    def is_good(self) -> bool:
        """Whether nothing is otherwise than it should be."""
        return all((self.all_rest, self.all_told, self.ledger_balanced, self.book_matches, not self.forged))

    def line(self) -> str:
        """One JSON object in one line."""
        shown = ("payouts", "by_status", "amount_minor", "ledger_balanced", "book_matches", "seconds")
        return msgspec.json.encode({name: getattr(self, name) for name in shown}).decode()


def rests(view: View | None, expected: Outcome) -> bool:
    """Whether a payout stands where it was to come to rest. One that was only asked for is pending, too."""
    if view is None or (view.status, view.attempts) != (expected.status, expected.attempts):
        return False
    return expected.attempts == 0 or expected.status == "FAILED" or view.psp_reference is not None


async def reach(
    sent: Sequence[Sent],
    views: Mapping[str, View],
    *,
    database: Database,
    client: PoliteClient,
    bank: str,
    cleared_before: int,
    **rest: Any,
) -> Verdict:
    """Compare what was asked for with what merchants see, what the ledger holds, and what the bank has paid.

    ``bank`` is the sandbox's address; ``cleared_before`` is what its clearing account held before the demo.
    """
    async with database.transaction(readonly=True) as tx:
        wrong = await ledger.discrepancies(tx)
    cleared = await clearing(database) - cleared_before
    return Verdict(
        payouts=len(sent),
        by_status=dict(sorted(Counter(views[one.id].status for one in sent).items())),
        amount_minor=total([one.row.money for one in sent], CURRENCY).minor,
        ledger_balanced=not wrong,
        book_matches=_matches(await _book(client, bank), sent, views, cleared=cleared),
        **rest,
    )


async def clearing(database: Database) -> int:
    """What the ledger says that the bank has paid out, in minor units."""
    async with database.transaction(readonly=True) as tx:
        accounts = await ledger.platform_balances(tx)
    held = (a.amount.minor for a in accounts if (a.kind, a.owner) == (ledger.AccountKind.CLEARING, BANK))
    return next(held, 0)


async def _book(client: PoliteClient, bank: str) -> dict[str, Any]:
    reply = await client.call("GET", f"{bank}/book", headers={}, deadline=DEADLINE)
    return msgspec.json.decode(reply.body, type=dict[str, Any])


def _matches(book: Mapping[str, Any], sent: Sequence[Sent], views: Mapping[str, View], *, cleared: int) -> bool:
    """Whether the bank paid exactly what merchants were told was paid, each once, and the ledger says the same sum."""
    told = {
        one.id: (one.row.money.minor, one.row.currency, one.row.destination.hash)
        for one in sent
        if views[one.id].status == PAID
    }
    paid = {
        line["orderId"]: (line["amountMinor"], line["currency"], line["destinationHash"])
        for line in book["transfers"]
        if line["paidAt"] is not None
    }
    net = book["totals"].get(CURRENCY, {}).get("net_minor", 0)
    return paid == told and net == cleared and not book["paid_more_than_once"]
