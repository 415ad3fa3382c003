"""``bursar debts``: what holders owe, settled with what they have, or forgiven for a reason."""

from uuid import uuid4

import pytest
from cli_house import Bursar

from bursar import earnings, holders
from bursar.earnings import NewDebt, TakeBack
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from bursar.programs import Book

PROGRAM = ("--program", "providers")
USAGE = 2  # The exit code of a command that was called in the wrong way.


@pytest.fixture
def office(house: Bursar) -> Bursar:
    """An installation with the program ``providers``, and one of them who owes 300 and 50."""
    house.said("programs", "apply", "providers")
    house.said("holders", "add", "ada", *PROGRAM, "--kind", "provider", "--name", "Ada")
    house.said("ledger", "credit", *PROGRAM, "--holder", "ada", "--amount", "120", "--reference", "first")
    owe(house, "300.00", "refund:order-1")
    owe(house, "50.00", "refund:order-2")
    return house


def owe(office: Bursar, amount: str, reference: str) -> None:
    """Ada comes to owe something."""

    async def work(database: Database) -> None:
        async with database.transaction() as tx:
            ada = await holders.by_reference(tx, "providers", "ada")
            debt = NewDebt(ada.id, "providers", reference, Money.parse(amount, "NGN"), "test", description="a lamp")
            await earnings.owe(tx, [debt], at=SystemClock().now())

    office.directly(work)


def listed(office: Bursar, *options: str) -> dict[str, tuple[str, str, str]]:
    """By reference: recovered, forgiven, still owed."""
    return {
        row["reference"]: tuple(row[name]["amount"] for name in ("recovered", "forgiven", "outstanding"))
        for row in office.json("debts", "list", *options)
    }


def id_of(office: Bursar, reference: str) -> str:
    """A debt's id."""
    [row] = office.json("debts", "list", "--all", "--search", reference)
    return str(row["id"])


def test_debts_are_listed_with_what_is_left_of_them(office: Bursar) -> None:
    everything = {"refund:order-2": ("0.00", "0.00", "50.00"), "refund:order-1": ("0.00", "0.00", "300.00")}
    assert listed(office) == listed(office, *PROGRAM, "--holder", "ada") == everything
    assert list(listed(office, "--search", "refund:order-1")) == ["refund:order-1"]
    assert "300.00 NGN" in office.said("debts", "list")
    assert office("debts", "list", "--holder", "ada").exit_code == USAGE


def test_a_debt_is_settled_with_what_is_there(office: Bursar) -> None:
    debt = id_of(office, "refund:order-1")
    [settled] = office.json("debts", "settle", debt)
    assert (settled["recovered"]["amount"], settled["outstanding"]["amount"]) == ("120.00", "180.00")
    [held] = office.json("ledger", "balances", *PROGRAM)["holders"]
    assert held["available"]["amount"] == "0.00"
    accounts = {one["kind"]: one["amount"]["amount"] for one in office.json("ledger", "balances")["platform"]}
    assert accounts["debts"] == "-230.00"
    assert "nothing_to_recover" in office.refused("debts", "settle", debt)


def test_a_debt_is_forgiven_for_a_reason(office: Bursar) -> None:
    debt = id_of(office, "refund:order-1")
    assert office("debts", "forgive", debt).exit_code == USAGE
    assert office("debts", "forgive", debt, "--reason", " ").exit_code == USAGE
    office.json("debts", "settle", debt)
    [forgiven] = office.json("debts", "forgive", debt, "--reason", "our fault")
    assert (forgiven["forgiven"]["amount"], forgiven["outstanding"]["amount"]) == ("180.00", "0.00")
    assert "refund:order-1" not in listed(office)
    assert listed(office, "--all")["refund:order-1"] == ("120.00", "180.00", "0.00")
    parts = office.json("debts", "show", debt)["parts"]
    assert [(part["how"], part["amount"]["amount"], part["reason"]) for part in parts] == [
        ("recovered", "120.00", ""),
        ("forgiven", "180.00", "our fault"),
    ]
    assert "our fault" in office.said("debts", "show", debt)
    assert "a lamp" in office.said("debts", "show", debt)
    assert "debt_ended" in office.refused("debts", "forgive", debt, "--reason", "again")


def test_each_debt_is_done_or_refused_on_its_own(office: Bursar) -> None:
    debt, unknown = id_of(office, "refund:order-2"), str(uuid4())
    done, refused = office.json("debts", "settle", debt, unknown, code=1)
    assert done["id"] == debt
    assert (refused["id"], refused["error"]["code"]) == (unknown, "debt_not_found")


def test_nobody_owes_anything_at_first(house: Bursar) -> None:
    assert "Nobody owes anything." in house.said("debts", "list")
    assert "No debts." in house.said("debts", "list", "--all")


def test_an_earning_shows_what_was_withheld_of_it_and_why(office: Bursar) -> None:
    async def work(database: Database) -> str:
        at = SystemClock().now()
        async with database.transaction() as tx:
            ada = await holders.by_reference(tx, "providers", "ada")
            new = earnings.NewEarning("providers", "ada", "order-9", Money.parse("80.00", "NGN"), "test")
            [credited] = await earnings.credit(tx, [new], book=Book(), at=at)
            assert isinstance(credited, earnings.Credited)
            wish = TakeBack(ada.id, "providers", "order-9", Money.parse("30.00", "NGN"), "refund:order-9")
            await earnings.take_back(tx, [wish], at=at)
            return str(credited.earning.id)

    earning = office.directly(work)
    office.json("debts", "settle", id_of(office, "refund:order-2"))
    shown = office.json("earnings", "show", earning)
    assert shown["withheld"]["amount"] == "80.00"
    assert [(one["why"], one["reference"]) for one in shown["withholdings"]] == [
        ("taken back", "refund:order-9"),
        ("recovered", "refund:order-2#1"),
    ]
    assert shown["status"] == "withheld"
    assert "refund:order-9" in office.said("earnings", "show", earning)
