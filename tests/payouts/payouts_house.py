"""What the tests of this room share: a program, a merchant with money, and payouts that stand where they are wanted."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bursar import ledger, payouts, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.payouts import LIFECYCLE, Moved, Payout, PayoutState, Step
from ground import AT, KEYRING, ask, merchant, program

S = PayoutState


@dataclass
class PayoutsHouse:
    """One program and one merchant of it, in one transaction."""

    tx: Transaction
    program: str
    holder: UUID
    book: programs.Book = field(default_factory=programs.Book)

    @property
    def desk(self) -> payouts.Desk:
        """The tools a request needs."""
        return payouts.Desk(self.book, KEYRING)

    async def request(self, count: int = 1, **wanted: Any) -> list[Payout | Refusal]:
        """Ask for payouts."""
        asks = [ask(self.holder, self.program, **wanted) for _ in range(count)]
        return await payouts.request(self.tx, asks, desk=self.desk, at=AT)

    async def born(self, **wanted: Any) -> Payout:
        """A new payout that its terms allow."""
        payout = (await self.request(**wanted))[0]
        assert isinstance(payout, Payout), payout
        return payout

    async def take(self, payout: Payout | UUID, verb: str, **why: Any) -> Payout | Refusal:
        """Take one step with one payout."""
        payout_id = payout.id if isinstance(payout, Payout) else payout
        step = Step(**{"payout_id": payout_id, "verb": verb, "actor": "test", "gateway": "bank", **why})
        return (await self.advance(step))[0]

    async def advance(self, *steps: Step) -> list[Payout | Refusal]:
        """Take several steps together."""
        return await payouts.advance(self.tx, steps, book=self.book)

    async def standing_at(self, state: PayoutState, **wanted: Any) -> Payout:
        """A payout that has walked to this state by the shortest way there is."""
        payout = await self.born(**wanted)
        if state is S.REQUESTED:  # Nobody sees it there: the terms decide in the same breath.
            await self.tx.run("UPDATE payouts SET state = 'requested' WHERE id = $1", payout.id)
            return await self.see(payout)
        if state in {S.IN_REVIEW, S.REJECTED}:
            await self.tx.run("UPDATE payouts SET state = 'in_review' WHERE id = $1", payout.id)
            return await self.see(payout) if state is S.IN_REVIEW else await self._walk(payout, ["reject"])
        return await self._walk(payout, way(state))

    async def _walk(self, payout: Payout, verbs: list[str]) -> Payout:
        for verb in verbs:
            moved = await self.take(payout, verb)
            assert isinstance(moved, Payout), moved
            payout = moved
        return payout

    async def see(self, payout: Payout) -> Payout:
        """The payout as it is stored."""
        return await payouts.get(self.tx, payout.id)

    async def story(self, payout: Payout) -> list[Moved]:
        """Its history."""
        return await payouts.history(self.tx, payout.id)

    async def figures(self) -> tuple[int, int]:
        """What the merchant has: available and reserved, in minor units."""
        found = (await ledger.balances(self.tx, [self.holder]))[0]
        return found.available, found.reserved


async def open_house(tx: Transaction, *, money: str = "1000000.00", **changes: Any) -> PayoutsHouse:
    """A program of its own with these changes to the merchants' terms, and a merchant with money."""
    terms = await program(tx, **changes)
    return PayoutsHouse(tx, terms.program, await merchant(tx, terms.program, money=money))


def way(target: PayoutState) -> list[str]:
    """The fewest verbs that lead from approved to this state."""
    waiting: deque[tuple[PayoutState, list[str]]] = deque([(S.APPROVED, [])])
    while waiting:
        state, verbs = waiting.popleft()
        if state is target:
            return verbs
        waiting += [(move.target, [*verbs, move.verb]) for move in LIFECYCLE if state in move.sources]
    raise AssertionError(f"nothing leads to {target}")
