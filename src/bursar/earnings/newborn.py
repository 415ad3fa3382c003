"""Earnings that their own transaction pays out: they are written once, as the payout leaves them."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from bursar import ledger
from bursar.earnings import store
from bursar.earnings.model import Earning
from bursar.foundation.db import Transaction


class Newborn:
    """What a transaction has credited and not written yet. Whoever made it sees to it that ``write`` comes last.

    Their money, which ``books`` keep, is written with what payouts reserve of it, and ``follow`` writes the earnings
    with what payouts took of them. All is written before anything else is done with it: the other verbs find only what
    is stored.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.books = ledger.Books()
        self._earnings: dict[UUID, Earning] = {}

    def add(self, earnings: Iterable[Earning]) -> None:
        """Keep these."""
        self._earnings |= {earning.id: earning for earning in earnings}

    def take(self) -> Mapping[UUID, Earning]:
        """Hand all of them to somebody who writes them, by id."""
        taken, self._earnings = self._earnings, {}
        return taken

    async def write(self, tx: Transaction) -> None:
        """Write what is still kept; no statement where nothing is."""
        await self.books.write(tx)
        await store.insert(tx, list(self.take().values()))
