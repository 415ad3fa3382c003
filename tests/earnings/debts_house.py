"""What the tests of debts share: an earnings house whose holders can owe, and what became of it all."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from earnings_house import EarningsHouse, money

from bursar import earnings, ledger
from bursar.earnings import Debt, DebtQuery, NewDebt, Recovery, TakeBack
from bursar.foundation.money import Money
from bursar.ledger import AccountKind
from ground import AT

_numbers = count(1)


@dataclass
class DebtsHouse(EarningsHouse):
    """One program with earnings and one holder of it, who may owe something."""

    async def owe(self, *amounts: str) -> list[Debt]:
        """Debts of these amounts; the first is the oldest."""
        return await earnings.owe(self.tx, [self.debt(amount) for amount in amounts], at=AT)

    def debt(self, amount: str = "100.00", **wanted: Any) -> NewDebt:
        """Something that the holder comes to owe."""
        given: dict[str, Any] = {
            "holder_id": self.holder,
            "program": self.program,
            "reference": f"refund:order-{next(_numbers)}",
            "amount": money(amount),
            "noted_by": "key:platform",
        }
        return NewDebt(**given | wanted)

    async def recover(self, *most: str, **wanted: Any) -> list[str]:
        """Recover at most so much, one after the other in one batch; how much it was."""
        wishes = [Recovery(self.holder, money(one), **wanted) for one in most]
        return [part.text for part in await earnings.recover(self.tx, wishes, at=AT)]

    async def take_back(self, amount: str, *, of: str = "", reference: str | None = None) -> str:
        """Take back what was credited; how much it was."""
        reference = reference or f"refund:{next(_numbers)}"
        [taken] = await earnings.take_back(
            self.tx, [TakeBack(self.holder, self.program, of, money(amount), reference)], at=AT
        )
        return taken.text

    async def debts(self) -> list[tuple[str, str, str]]:
        """What is owed, the oldest debt first: amount, recovered, forgiven."""
        found = await earnings.debts_page(self.tx, DebtQuery(holder_id=self.holder))
        return [(debt.amount.text, debt.recovered.text, debt.forgiven.text) for debt in reversed(found)]

    async def owed(self) -> Money:
        """What the holder owes altogether."""
        purse = (self.holder, "PKR")
        return (await earnings.owed(self.tx, [purse])).get(purse, Money.zero("PKR"))

    async def withheld(self) -> list[tuple[str, str, str]]:
        """What became of each earning, the oldest first: available, withheld, state."""
        found = await earnings.page(self.tx, earnings.Query(holder_id=self.holder))
        in_line = sorted(found, key=lambda earning: earning.place)
        return [(e.available.text, e.withheld.text, e.state.value) for e in in_line]

    async def account(self, kind: AccountKind) -> int:
        """What an account of the program holds, in minor units."""
        found = await ledger.platform_balances(self.tx)
        return sum(one.amount.minor for one in found if (one.kind, one.owner) == (kind, self.program))
