"""The connection is lost while an outcome is being committed: what became of it is read again, never assumed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest
from dispatch_house import Bank, open_workshop

from bursar import ledger
from bursar.foundation import db
from bursar.foundation.db import Database
from bursar.foundation.settings import Settings
from bursar.gateways import Instruction, Outcome
from pg_proxy import Proxy, proxied


@dataclass
class CuttingBank(Bank):
    """Pays, and sees to it that the next COMMIT is cut."""

    proxy: Proxy | None = None
    arrives: bool = True

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        outcomes = await super().send(instructions)
        if self.proxy is not None:
            self.proxy.cut_at_commit(arrives=self.arrives)
            self.proxy = None
        return outcomes


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    """A way to the database that can be cut."""
    async with proxied(database_url) as proxy:
        yield proxy


@pytest.fixture
async def through(settings: Settings, proxy: Proxy) -> AsyncIterator[Database]:
    """A pool that goes that way."""
    database = await db.connect(settings.model_copy(update={"database_url": proxy.url, "database_ssl": "disable"}))
    yield database
    await database.close()


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "lost on the way"])
@pytest.mark.parametrize("bulk_max", [1, 10], ids=["single calls", "one bulk call"])
async def test_an_outcome_whose_commit_was_lost_counts_once(
    through: Database, proxy: Proxy, bulk_max: int, *, arrives: bool
) -> None:
    bank = CuttingBank(proxy=proxy, arrives=arrives)
    bank.capabilities = replace(bank.capabilities, bulk_max=bulk_max)
    shop = await open_workshop(through, bank)
    await shop.request(5)
    await shop.dispatcher.pass_once()
    assert proxy.cuts == 1
    await shop.let_waits_end()
    await shop.inquirer.pass_once()
    assert await shop.states() == {"completed": 5}
    assert len(bank.book) == sum(map(len, bank.calls)) == 5, "nothing was sent again"
    async with through.transaction() as tx:
        assert await ledger.discrepancies(tx) == []
        posted = await tx.value("SELECT count(*) FROM transfers WHERE kind = 'post' AND holder_id = $1", shop.holder)
    assert posted == 5


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "lost on the way"])
async def test_a_claim_whose_commit_was_lost_is_sent_by_nobody_who_is_not_sure(
    through: Database, proxy: Proxy, *, arrives: bool
) -> None:
    """Whoever does not know whether the intent was committed does not send; an inquirer finds it if it was."""
    shop = await open_workshop(through)
    await shop.request(5)
    proxy.cut_at_commit(arrives=arrives)
    with pytest.raises(db.Interrupted):
        await shop.dispatcher.pass_once()
    assert shop.bank.calls == []
    assert await shop.states() == ({"sending": 5} if arrives else {"approved": 5})
    await shop.let_waits_end()
    await shop.inquirer.pass_once()
    await shop.dispatcher.pass_once()
    assert await shop.states() == {"completed": 5}
    assert len(shop.bank.book) == sum(map(len, shop.bank.calls)) == 5
