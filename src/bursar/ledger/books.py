"""Movements that a transaction makes one after the other, and writes together."""

from collections.abc import Collection
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.ledger import store
from bursar.ledger.model import Balance

Place = tuple[UUID, str]
"""Holder and currency: what has one balance."""


class Books:
    """Balances that a transaction holds, and what it has moved between them and not written yet.

    Whoever made them sees to it that ``write`` comes last, and before anything else is done with these balances: the
    other verbs find only what is stored.
    """

    def __init__(self) -> None:
        """Begin with nothing held."""
        self.held: dict[Place, Balance] = {}
        self._moved: set[Place] = set()
        self._transfers: list[tuple[object, ...]] = []

    async def hold(self, tx: Transaction, places: Collection[Place]) -> None:
        """Hold these balances as well, where there are any; no statement for those that are held already."""
        if new := [place for place in places if place not in self.held]:
            self.held |= await store.lock_balances(tx, new)

    def enter(self, places: Collection[Place], transfers: Collection[tuple[object, ...]]) -> None:
        """Keep these transfers, which have led to the balances that are held at these places."""
        self._moved.update(places)
        self._transfers.extend(transfers)

    async def write(self, tx: Transaction) -> None:
        """Write what is kept, and begin anew; no statement where nothing is."""
        if self._transfers:
            await store.write(tx, [self.held[place] for place in self._moved], self._transfers)
        self.held, self._moved, self._transfers = {}, set(), []
