"""What the tests of this room share: a marketplace with sellers and scouts, its orders, and how its money stands."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from bursar import earnings, holders, ledger, orders, payouts, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Destination, Holder, NewDestination, NewHolder
from bursar.orders import Completion, Created, NewOrder, Order, Recruit, Step
from bursar.payouts import Payout
from ground import AT, KEYRING

MARKETPLACE = Path(__file__).parents[2] / "programs/marketplace.yaml"
PLATFORM = "key:platform"

_numbers = count(1)


def rupees(text: str) -> Money:
    return Money.parse(text, "INR")


@dataclass
class Marketplace:
    """One program with orders, in one transaction."""

    tx: Transaction
    program: str
    book: programs.Book = field(default_factory=programs.Book)

    @property
    def desk(self) -> payouts.Desk:
        return payouts.Desk(self.book, KEYRING)

    async def seller(self, *, paid_to: str | None = "000111222333", by: Holder | None = None) -> Holder:
        """A new seller, with a bank account unless there is none; recruited by a scout, if one is given."""
        seller = await self._holder("seller", paid_to)
        if by is not None:
            await self.recruit(seller, by)
        return seller

    async def scout(self) -> Holder:
        return await self._holder("scout", "999000111222")

    async def recruit(self, seller: Holder, scout: Holder) -> Recruit | Refusal:
        [answer] = await orders.recruit(self.tx, [Recruit(seller.id, scout.id, self.program, AT, "person:staff")])
        return answer

    def new(self, seller: Holder, price: str = "1000.00", **wanted: Any) -> NewOrder:
        """An order that somebody wants to create; the fee is given as text."""
        if isinstance(wanted.get("fee"), str):
            wanted["fee"] = Money(0, "INR") if wanted["fee"] == "0" else rupees(wanted["fee"])
        given: dict[str, Any] = {
            "program": self.program,
            "reference": f"o-{next(_numbers)}",
            "seller": seller.reference,
            "item": "Brass lamp",
            "price": rupees(price),
            "created_by": PLATFORM,
        }
        return NewOrder(**given | wanted)

    async def create(self, *news: NewOrder) -> list[Created | Refusal]:
        return await orders.create(self.tx, news, book=self.book, at=AT)

    async def order(self, seller: Holder, price: str = "1000.00", **wanted: Any) -> Order:
        """An open order."""
        [created] = await self.create(self.new(seller, price, **wanted))
        assert isinstance(created, Created), created
        return created.order

    def step(self, order: Order | str, **wanted: Any) -> Step:
        name = order.reference if isinstance(order, Order) else order
        return Step(**{"program": self.program, "order": name, "actor": PLATFORM, **wanted})

    async def try_complete(self, *found: Order | Step | str) -> list[Completion | Refusal]:
        """Complete orders together."""
        steps = [one if isinstance(one, Step) else self.step(one) for one in found]
        return await orders.complete(self.tx, steps, desk=self.desk, at=AT)

    async def complete(self, order: Order) -> Completion:
        [done] = await self.try_complete(order)
        assert isinstance(done, Completion), done
        return done

    async def sold(self, seller: Holder, price: str = "1000.00", **wanted: Any) -> Completion:
        """A new order, completed."""
        return await self.complete(await self.order(seller, price, **wanted))

    async def try_refund(self, *found: Order | Step | str) -> list[Order | Refusal]:
        steps = [one if isinstance(one, Step) else self.step(one) for one in found]
        return await orders.refund(self.tx, steps, book=self.book, at=AT)

    async def refund(self, order: Order) -> Order:
        [done] = await self.try_refund(order)
        assert isinstance(done, Order), done
        return done

    async def take(self, payout: Payout | None, *verbs: str) -> Payout:
        """Take steps with a payout, one after the other."""
        assert payout is not None, "there is a payout to begin with"
        for verb in verbs:
            step = payouts.Step(payout.id, verb, "test", gateway="bank")
            [after] = await payouts.advance(self.tx, [step], book=self.book)
            assert isinstance(after, Payout), after
            payout = after
        return payout

    async def ask(self, holder: Holder, amount: str) -> Payout | Refusal:
        """A payout that the holder asks for."""
        ask = payouts.Ask(holder.id, self.program, "wish", rupees(amount), BANK, PLATFORM)
        [answer] = await payouts.request(self.tx, [ask], desk=self.desk, at=AT)
        return answer

    async def balance(self, holder: Holder) -> tuple[str, str]:
        """What a holder has: available and reserved."""
        for found in await ledger.balances(self.tx, [holder.id]):
            return Money(found.available, "INR").text, Money(found.reserved, "INR").text
        return "0.00", "0.00"

    async def owes(self, holder: Holder) -> str:
        owed = await earnings.owed(self.tx, {(holder.id, "INR")})
        return owed.get((holder.id, "INR"), Money.zero("INR")).text

    async def accounts(self) -> dict[str, str]:
        """The program's own accounts, but for those with nothing on them."""
        found = await ledger.platform_balances(self.tx)
        return {one.kind.value: one.amount.text for one in found if one.owner == self.program and one.amount.minor}

    async def earned(self, holder: Holder) -> dict[str, str]:
        """By source reference: what of each earning is still available."""
        found = await earnings.page(self.tx, earnings.Query(holder_id=holder.id))
        return {one.reference: one.available.text for one in found}

    async def notes(self, subject: str) -> list[tuple[str, str]]:
        """What the journal says of it: action and actor."""
        rows = await self.tx.many("SELECT action, actor FROM audit_notes WHERE subject = $1 ORDER BY id", subject)
        return [(row["action"], row["actor"]) for row in rows]

    async def _holder(self, kind: str, paid_to: str | None) -> Holder:
        name = f"{kind}-{uuid4().hex}"
        [holder] = await holders.register(self.tx, [NewHolder(self.program, kind, name, "Asha Rao")], at=AT)
        if paid_to is not None:
            place = replace_account(paid_to)
            new = NewDestination(holder.id, place, cool_off_hours=0, added_by="system:test")
            await holders.add_destinations(self.tx, [new], keyring=KEYRING, at=AT)
        return holder


BANK = Destination("HDFC0001234", "000111222333", "Asha Rao")


def replace_account(number: str) -> Destination:
    return Destination(BANK.bank_code, number, BANK.account_title)


async def open_market(tx: Transaction, **changes: Any) -> Marketplace:
    """A marketplace of its own; ``orders__fee_percent=5`` changes ``orders.fee_percent`` in the ready terms."""
    terms = yaml.safe_load(MARKETPLACE.read_text("utf-8"))
    for path, value in {"program": f"m{uuid4().hex[:12]}", **changes}.items():
        *groups, name = path.split("__")
        group = terms
        for each in groups:
            group = group.setdefault(each, {})
        group[name] = value
    applied = await programs.apply(tx, yaml.safe_dump(terms, sort_keys=False), actor="person:tester", at=AT)
    return Marketplace(tx, applied.terms.program)


def within(market: Marketplace, tx: Transaction) -> Marketplace:
    """The same marketplace in another transaction."""
    return replace(market, tx=tx)


def codes(answers: Sequence[object]) -> list[str | None]:
    """The codes of refusals; None for what was not refused."""
    return [answer.code if isinstance(answer, Refusal) else None for answer in answers]
