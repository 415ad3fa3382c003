"""Banks and gateways that are out of order by the gateway's own word: what waits, what goes on, and until when."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from dispatch_house import Bank, DispatchHouse, Workshop, open_house, open_workshop

from bursar import dispatch
from bursar.dispatch.circuits import DOWNTIME_SECONDS_MAX
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Downtime
from bursar.holders.model import Destination
from ground import AT

LATER = AT + timedelta(minutes=10)


@dataclass
class Telling:
    """A house whose bank can tell of downtimes, each under an event of its own."""

    house: DispatchHouse
    events: int = field(default=0)

    async def tell(self, bank: str | None = "HBL", *, since: datetime = AT, is_over: bool = False) -> None:
        """One webhook about a downtime."""
        self.events += 1
        told = Downtime(f"E{self.events}", bank, since, is_over)
        await dispatch.reports.take_in(self.house.tx, [(self.house.bank.name, [told], b"body")])

    async def leaving(self) -> list[str]:
        """Ask for a payout to each of two banks, and claim: the banks that are paid."""
        for bank in ("HBL", "UBL"):
            await self.house.request(destination=Destination(bank, "1234500001", "Anna Khan"))
        return sorted(one.instruction.destination.bank_code for one in (await self.house.prepare()).prepared)

    async def circuits(self) -> dict[str, str]:
        """Every circuit of the bank's that people see, by its name without the bank's own."""
        conditions = await dispatch.conditions(self.house.tx, [self.house.bank.name])
        return {one.gateway.removeprefix(self.house.bank.name): one.circuit for one in conditions}


@pytest.fixture
async def telling(tx: Transaction) -> Telling:
    """A house whose bank can tell of downtimes."""
    return Telling(await open_house(tx))


async def test_of_one_bank_payouts_wait_and_all_others_go_on(telling: Telling) -> None:
    await telling.tell()
    assert await telling.leaving() == ["UBL"]
    assert await telling.circuits() == {"": "closed", ":HBL": "open"}


async def test_once_the_bank_is_back_what_waited_leaves_at_once(telling: Telling) -> None:
    await telling.tell()
    await telling.leaving()
    await telling.tell(is_over=True)
    assert [one.instruction.destination.bank_code for one in (await telling.house.prepare()).prepared] == ["HBL"]
    assert await telling.circuits() == {"": "closed"}


async def test_a_bank_is_meant_by_how_its_codes_begin(telling: Telling) -> None:
    await telling.tell("UB")
    assert await telling.leaving() == ["HBL"]


async def test_a_bank_is_meant_in_whichever_letters_its_code_was_given(tx: Transaction) -> None:
    telling = Telling(await open_house(tx, destinations__bank_codes=()))
    await telling.tell()
    await telling.house.request(destination=Destination("hbl0001", "1234500002", "Anna Khan"))
    assert await telling.leaving() == ["UBL"]


async def test_a_bank_is_not_meant_by_how_its_codes_end(telling: Telling) -> None:
    await telling.tell("BL")
    assert await telling.leaving() == ["HBL", "UBL"]


@pytest.mark.parametrize("is_over_first", [False, True])
async def test_in_whatever_order_and_however_often_it_is_told_the_end_counts(
    telling: Telling, is_over_first: bool
) -> None:
    for is_over in (True, False) if is_over_first else (False, True):
        await telling.tell(is_over=is_over)
        await telling.tell(is_over=is_over)
    await telling.tell()
    assert await telling.leaving() == ["HBL", "UBL"]


async def test_the_end_of_an_older_downtime_ends_no_newer_one(telling: Telling) -> None:
    await telling.tell()
    await telling.tell(since=LATER)
    await telling.tell(is_over=True)
    assert await telling.leaving() == ["UBL"]
    await telling.tell(since=LATER, is_over=True)
    assert await telling.leaving() == ["HBL", "HBL", "UBL"], "and what had waited"


async def test_a_new_downtime_begins_after_an_old_one_has_ended(telling: Telling) -> None:
    await telling.tell()
    await telling.tell(is_over=True)
    await telling.tell(since=LATER)
    assert await telling.leaving() == ["UBL"]


async def test_a_bank_whose_end_nobody_tells_is_tried_again_after_hours(telling: Telling) -> None:
    await telling.tell()
    [found] = [one for one in await dispatch.conditions(telling.house.tx, [telling.house.bank.name]) if one.bank]
    assert found.probe_at == await telling.house.tx.now() + timedelta(seconds=DOWNTIME_SECONDS_MAX)
    assert (found.bank, found.reason, found.since) == ("HBL", "bank_down", AT)
    await telling.house.tx.run("UPDATE circuits SET probe_at = now() WHERE gateway LIKE '%:HBL'")
    assert await telling.circuits() == {"": "closed"}
    assert await telling.leaving() == ["HBL", "UBL"]


async def test_a_person_lets_payouts_to_a_bank_go_again(telling: Telling) -> None:
    await telling.tell()
    circuit = dispatch.circuits.circuit_of(telling.house.bank.name, "HBL")
    assert await dispatch.circuits.reset(telling.house.tx, circuit, actor="person:amina")
    await telling.tell()  # Told once more, it is the same downtime.
    assert await telling.leaving() == ["HBL", "UBL"]


async def test_the_bank_of_another_gateway_is_none_of_ours(telling: Telling) -> None:
    told = Downtime("E1", "HBL", AT, is_over=False)
    await dispatch.reports.take_in(telling.house.tx, [("another", [told], b"body")])
    assert await telling.leaving() == ["HBL", "UBL"]


async def test_of_everything_nothing_leaves_until_it_is_over(telling: Telling) -> None:
    await telling.tell(None)
    assert await telling.leaving() == []
    [condition] = await dispatch.conditions(telling.house.tx, [telling.house.bank.name])
    assert (condition.circuit, condition.reason) == ("open", "gateway_down")
    await telling.tell(None, is_over=True)
    assert len((await telling.house.prepare()).prepared) == 2


async def silent(database: Database) -> Workshop:
    """A workshop whose bank has said that nothing of it works."""
    shop = await open_workshop(database, Bank())
    await shop.request(1)
    await shop.dispatcher.pass_once()
    async with database.transaction() as tx:
        told = Downtime("E1", None, AT, is_over=False)
        await dispatch.reports.take_in(tx, [(shop.bank.name, [told], b"body")])
    return shop


async def test_a_gateway_that_said_it_was_down_is_found_to_be_back_by_a_look_up(database: Database) -> None:
    shop = await silent(database)
    assert await shop.circuit() == "open"
    await shop.run("UPDATE circuits SET probe_at = now() WHERE gateway = $1", shop.bank.name)
    await shop.inquirer.pass_once()
    assert await shop.circuit() == "closed"


async def test_a_bank_is_never_probed(database: Database) -> None:
    """A look-up says nothing about a bank, only about the gateway."""
    shop = await open_workshop(database, Bank())
    await shop.request(1)
    await shop.dispatcher.pass_once()
    async with database.transaction() as tx:
        told = Downtime("E1", "HBL", AT, is_over=False)
        await dispatch.reports.take_in(tx, [(shop.bank.name, [told], b"body")])
    await shop.run("UPDATE circuits SET probe_at = now() WHERE gateway = $1", f"{shop.bank.name}:HBL")
    await shop.inquirer.pass_once()
    assert shop.bank.inquiries == []
