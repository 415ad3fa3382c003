"""``bursar keys rotate-encryption``: seal everything under the active key, so that an old one can be retired."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

import typer

from bursar.cli import frame
from bursar.cli.roof import Roof
from bursar.foundation.errors import Conflict

if TYPE_CHECKING:
    from bursar.foundation.crypto import Keyring
    from bursar.foundation.db import Database, Transaction

    Reseal = Callable[..., Awaitable[tuple[int, UUID | None]]]


class KeyMissing(Conflict):
    """Something is sealed with a key that is not configured; add it to ENCRYPTION_KEYS_RETIRED."""

    code = "encryption_key_missing"


def rotate(context: typer.Context, *, json: frame.Json = False) -> None:
    """Seal account numbers and webhook secrets again under ENCRYPTION_KEY, and renew the index of equal accounts.

    Put the new key into ENCRYPTION_KEY and the old one into ENCRYPTION_KEYS_RETIRED, restart, and run this. It may be
    stopped and run again at any time. When it says that nothing was left, the old key can go.
    """
    frame.run(_rotate(Roof.over(context), json=json))


async def _rotate(roof: Roof, *, json: bool) -> None:
    from bursar import holders, payouts
    from bursar.outbound import webhooks

    settings = frame.settled(roof)
    keyring = roof.keyring(settings)
    async with frame.database(settings) as database:
        # Holders' own first: theirs keep the index before, so payouts find them whichever key those hang on.
        resealed = {
            "destinations": await _everything(database, holders.reseal, keyring, "Destinations of holders"),
            "denials": await _everything(database, holders.reseal_denied, keyring, "Denied destinations"),
            "payouts": await _everything(database, payouts.reseal, keyring, "Destinations of payouts"),
            "endpoints": await _everything(database, webhooks.reseal, keyring, "Secrets of webhook endpoints"),
        }
    rows = [{"what": what, "resealed": count} for what, count in resealed.items()]
    frame.show(rows, {"what": "What", "resealed": "Sealed again"}, json=json)


async def _everything(database: "Database", reseal: "Reseal", keyring: "Keyring", title: str) -> int:
    """Go through one table in short transactions; how many were sealed again."""
    from bursar.foundation.crypto import CannotOpen

    total, place, more = 0, None, True

    async def work(tx: "Transaction") -> tuple[int, UUID | None]:
        return await reseal(tx, keyring=keyring, after=place)

    with frame.progress(title) as advance:
        while more:
            try:
                count, place = await database.retrying(work)
            except CannotOpen as missing:
                raise KeyMissing from missing
            advance(count)
            total, more = total + count, place is not None
    return total
