"""Whether everything came out as it should, by the word of three: what the API says, the ledger, and the bank."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bursar import ledger
from bursar.cli.demo import books
from bursar.cli.demo.marketplace import Ending as Sold
from bursar.cli.demo.providers import Ending as Provided
from bursar.cli.demo.sheet import Outcome
from bursar.cli.demo.traffic import Sent, View
from bursar.cli.demo.writers import Ending as Written
from bursar.foundation.db import Database
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import total

CURRENCY: Final = "PKR"
BANK: Final = "mockbank"
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
    providers: Provided = field(kw_only=True)
    writers: Written = field(kw_only=True)
    marketplace: Sold = field(kw_only=True)
    forged: int = field(kw_only=True)

    @property
    def is_good(self) -> bool:
        """Whether nothing is otherwise than it should be."""
        ours = (self.all_rest, self.all_told, self.ledger_balanced, self.book_matches, not self.forged)
        return all(ours) and all(act.is_good for act in self.acts.values())

    @property
    def acts(self) -> Mapping[str, Provided | Written | Sold]:
        """The acts after the first one, by their programs."""
        return {"providers": self.providers, "writers": self.writers, "marketplace": self.marketplace}

    def line(self) -> str:
        """One JSON object in one line."""
        shown = ("payouts", "by_status", "amount_minor", "ledger_balanced", "book_matches", "seconds")
        line = {name: getattr(self, name) for name in shown}
        return msgspec.json.encode(line | {name: act.by_status for name, act in self.acts.items()}).decode()


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
    cleared = await books.clearing(database, BANK) - cleared_before
    return Verdict(
        payouts=len(sent),
        by_status=dict(sorted(Counter(views[one.id].status for one in sent).items())),
        amount_minor=total([one.row.money for one in sent], CURRENCY).minor,
        ledger_balanced=not wrong,
        book_matches=_matches(await books.read(client, bank), sent, views, cleared=cleared),
        **rest,
    )


def _matches(book: dict[str, Any], sent: Sequence[Sent], views: Mapping[str, View], *, cleared: int) -> bool:
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
    return paid == told and books.net(book, CURRENCY) == cleared
