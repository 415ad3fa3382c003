"""What the tests of this room share: a program with earnings, a holder, and payouts that take them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from bursar import earnings, holders, ledger, payouts, programs
from bursar.earnings import Credited, Earning, NewEarning, PayoffState, Query
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.payouts import Payout, Step
from ground import AT, KEYRING, ask, funding, merchant, program

_numbers = count(1)


def money(text: str, currency: str = "PKR") -> Money:
    return Money.parse(text, currency)


@dataclass
class EarningsHouse:
    """One program with earnings and one holder of it, in one transaction."""

    tx: Transaction
    program: str
    holder: UUID
    reference: str
    book: programs.Book = field(default_factory=programs.Book)

    def new(self, amount: str | Money = "100.00", **wanted: Any) -> NewEarning:
        """Something that the holder has earned; ``days`` says how long ago."""
        earned_at = AT - timedelta(days=wanted.pop("days", 0))
        given: dict[str, Any] = {
            "program": self.program,
            "holder": self.reference,
            "reference": f"order-{next(_numbers)}",
            "amount": money(amount) if isinstance(amount, str) else amount,
            "credited_by": "key:platform",
            "earned_at": earned_at,
        }
        return NewEarning(**given | wanted)

    async def credit(self, *news: NewEarning, at: datetime = AT) -> list[Credited | Refusal]:
        """Credit them together."""
        return await earnings.credit(self.tx, news, book=self.book, at=at)

    async def earn(self, *amounts: str, **wanted: Any) -> list[Earning]:
        """Earnings of these amounts; the first is the oldest, unless ``days`` says otherwise."""
        made = await self.credit(*(self.new(amount, **wanted) for amount in amounts))
        return [credited.earning for credited in made if isinstance(credited, Credited)]

    async def fund(self, amount: str) -> None:
        """Money that nobody has earned."""
        await ledger.credit(self.tx, [funding(self.holder, amount, program=self.program)], at=AT)

    async def ask(self, *amounts: str) -> list[Payout]:
        """Payouts of these amounts, asked for together."""
        asks = [ask(self.holder, self.program, amount=amount) for amount in amounts]
        made = await payouts.request(self.tx, asks, desk=payouts.Desk(self.book, KEYRING), at=AT)
        assert all(isinstance(payout, Payout) for payout in made), made
        return [payout for payout in made if isinstance(payout, Payout)]

    async def take(self, payout: Payout, *verbs: str) -> Payout:
        """Take steps with one payout, one after the other."""
        for verb in verbs:
            [after] = await self.advance((payout, verb))
            assert isinstance(after, Payout), after
            payout = after
        return payout

    async def advance(self, *taken: tuple[Payout, str]) -> list[Payout | Refusal]:
        """Take one step with each payout, together."""
        steps = [Step(payout.id, verb, "test", gateway="bank") for payout, verb in taken]
        return await payouts.advance(self.tx, steps, book=self.book)

    async def figures(self) -> list[tuple[str, str, str, str]]:
        """What became of each earning, the oldest first: available, reserved, paid, state."""
        found = sorted(await earnings.page(self.tx, Query(holder_id=self.holder)), key=lambda earning: earning.place)
        return [(e.available.text, e.reserved.text, e.paid.text, e.state.value) for e in found]

    async def taken(self, payout: Payout) -> list[tuple[str, str, PayoffState]]:
        """What a payout took: the earning's reference, how much, and what became of it."""
        found = await earnings.of_payouts(self.tx, [payout.id])
        return [(earning.reference, payoff.amount.text, payoff.state) for earning, payoff in found[payout.id]]

    async def balance(self) -> tuple[int, int]:
        """What the holder has in minor units: available and reserved."""
        [found] = await ledger.balances(self.tx, [self.holder])
        return found.available, found.reserved


async def open_house(tx: Transaction, **changes: Any) -> EarningsHouse:
    """A program of its own with these changes to the merchants' terms, and a holder without money."""
    terms = await program(tx, **{"credits": "earnings", **changes})
    return await of_another_holder(EarningsHouse(tx, terms.program, UUID(int=0), ""))


async def of_another_holder(house: EarningsHouse) -> EarningsHouse:
    """The same program with another holder, who has no money."""
    holder_id = await merchant(house.tx, house.program, money=None)
    [holder] = (await holders.find(house.tx, [holder_id])).values()
    return replace(house, holder=holder_id, reference=holder.reference)
