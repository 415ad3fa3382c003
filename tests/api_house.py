"""The database that tests of the API share."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bursar.foundation import db
from bursar.foundation.settings import Settings
from ground import own_database, program
from market_house import apply_marketplace
from providers_house import apply_providers


@contextmanager
def furnished_database(server_url: str, template: str) -> Iterator[str]:
    """A database with the programs ``merchants``, ``providers`` and ``marketplace``."""

    async def prepare(url: str) -> None:
        database = await db.connect(Settings(database_url=url, _env_file=None))
        async with database.transaction() as tx:
            await program(tx, "merchants")
            await apply_providers(tx)
            await apply_marketplace(tx)
        await database.close()

    with own_database(server_url, template) as url:
        asyncio.run(prepare(url))
        yield url
