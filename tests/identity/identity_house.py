"""What the tests of this room share: who is there, and letting them in."""

from dataclasses import dataclass
from typing import Final

from bursar import identity
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database
from bursar.holders import Holder
from bursar.identity import Person, SignedIn

PASSWORD: Final = "correct horse battery"
EMAIL: Final = "anna@example.com"
SOMEBODY: Final = "cli:amina"
"""Who makes keys and people known here."""


@dataclass(frozen=True)
class Shops:
    """Two merchants."""

    corner: Holder
    market: Holder


@dataclass(frozen=True)
class Entrance:
    """Where people sign in, and by which clock."""

    database: Database
    clock: FakeClock

    async def sign_in(self, password: str = PASSWORD, *, email: str = EMAIL) -> SignedIn:
        """Try to sign in now."""
        return await identity.sign_in(self.database, email=email, password=password, now=self.clock.now())

    async def person(self, token: str) -> Person | None:
        """Who is behind a token now."""
        async with self.database.transaction() as tx:
            return await identity.session_person(tx, token, now=self.clock.now())
