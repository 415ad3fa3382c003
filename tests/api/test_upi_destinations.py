"""Destinations that are UPI addresses, entered by their holders or for them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import earnings, holders, identity, programs
from bursar.earnings import NewEarning
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from ground import AT, KEYRING
from house import Client
from providers_house import DESTINATIONS, PAYOUTS, Provider

MARKETPLACE = Path(__file__).parents[2] / "programs/marketplace.yaml"
UPI = {"type": "UPI", "address": "anna.khan@okaxis"}
SHOWN = {"type": "UPI", "address": "an****@okaxis", "accountTitle": "Anna Khan"}

Platform = Callable[..., Awaitable[Client]]


@pytest.fixture
async def anna(ada: Provider, database: Database) -> Client:
    """A seller on a program of India's, with somebody signed in who acts for them."""
    async with database.transaction() as tx:
        text = MARKETPLACE.read_text("utf-8").replace("program: marketplace", "program: bazaar")
        await programs.apply(tx, text, actor="system:test", at=AT)
        new = holders.NewHolder("bazaar", "seller", f"anna-{uuid4().hex}", "Anna Khan")
        [seller] = await holders.register(tx, [new], at=AT)
        await identity.link(tx, [(ada.person_id, seller.id)], actor="system:test", at=AT)
    return Client(ada.session, ada.url, {**ada.headers, "X-HOLDER-ID": str(seller.id)})


def anna_id(anna: Client) -> UUID:
    """Which holder she acts for."""
    return UUID(anna.headers["X-HOLDER-ID"])


async def test_an_address_is_stored_and_shown_without_most_of_its_name(anna: Client, database: Database) -> None:
    stored = await anna.post(DESTINATIONS, json=UPI)
    assert stored.status == 201, stored.body
    assert (stored.json["method"], stored.json["default"]) == (SHOWN, True)
    listed = await anna.get(DESTINATIONS)
    assert listed.json["data"] == [stored.json]
    assert b"anna.khan" not in stored.body + listed.body
    async with database.transaction(readonly=True) as tx:
        [kept] = (await holders.destinations_of(tx, [anna_id(anna)]))[anna_id(anna)]
    assert holders.open_destination(kept, KEYRING) == holders.upi("anna.khan@okaxis", title="Anna Khan")


@pytest.mark.parametrize("handle", ["ybl", "ibl", "axl"])
async def test_somebody_with_phonepe_is_paid_at_their_address(anna: Client, handle: str) -> None:
    stored = await anna.post(DESTINATIONS, json={"type": "UPI", "address": f"9000090000@{handle}"})
    assert (stored.status, stored.json["method"]["address"]) == (201, f"90****@{handle}")


async def test_the_same_address_in_capitals_is_the_same_destination(anna: Client) -> None:
    first = await anna.post(DESTINATIONS, json=UPI)
    again = await anna.post(DESTINATIONS, json=UPI | {"address": "Anna.Khan@OKAXIS"})
    assert (again.status, again.json["id"]) == (200, first.json["id"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "UPI"}, "address"),
        (UPI | {"address": "anna"}, "address"),
        (UPI | {"address": "anna@example.com"}, "address"),
        (UPI | {"address": f"{'a' * 99}@ybl"}, "address"),
        (UPI | {"bankCode": "HDFC0001234"}, "bankCode"),
        (UPI | {"account": "acct_1"}, "account"),
        (UPI | {"type": "BANK"}, "bankCode"),
        ({"type": "GATEWAY_ACCOUNT", "account": "acct_1Nv0FGQ9RKHgCVdK"}, "destination"),
    ],
)
async def test_what_is_no_address_is_refused_by_field(anna: Client, body: dict[str, Any], field: str) -> None:
    answer = await anna.post(DESTINATIONS, json=body)
    assert (answer.status, answer.error["field"]) == (400, field)
    assert (await anna.get(DESTINATIONS)).json["data"] == []


async def test_a_provider_of_another_country_has_no_such_address(ada: Provider) -> None:
    answer = await ada.post(DESTINATIONS, json=UPI)
    assert (answer.status, answer.error["field"]) == (400, "destination")


async def test_a_payout_to_an_address_shows_as_much_of_it_and_in_csv_too(anna: Client, database: Database) -> None:
    async with database.transaction() as tx:
        seller = (await holders.find(tx, [anna_id(anna)]))[anna_id(anna)]
        sold = NewEarning("bazaar", seller.reference, "order:1", Money.parse("100.00", "INR"), credited_by="key:test")
        await earnings.credit(tx, [sold], book=programs.Book(), at=AT)
    asked = await anna.post(PAYOUTS, json={"amount": 30, "method": UPI})
    assert asked.status == 201, asked.body
    assert asked.json["method"] == SHOWN
    lines = (await anna.get(f"{PAYOUTS}?format=csv")).body.decode().splitlines()
    assert len(lines) == 2
    assert ",an****@okaxis,Anna Khan," in lines[1]


async def test_the_platform_stores_one_for_a_seller(anna: Client, platform: Platform) -> None:
    ours = await platform(program="bazaar")
    stored = await ours.post(f"/api/holders/{anna_id(anna)}/destinations", json=UPI)
    assert (stored.status, stored.json["method"]) == (201, SHOWN)
