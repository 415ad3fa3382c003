"""Destinations that are accounts at the payment provider, entered by their holders or for them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import earnings, holders, identity, programs
from bursar.earnings import NewEarning
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.identity import Role
from ground import AT, KEYRING
from house import Client
from providers_house import DESTINATIONS, PAYOUTS, Provider

WRITERS = Path(__file__).parents[2] / "programs/writers.yaml"
ACCOUNT = {"type": "GATEWAY_ACCOUNT", "account": "acct_1Nv0FGQ9RKHgCVdK"}

SignIn = Callable[..., Awaitable[Client]]
Platform = Callable[..., Awaitable[Client]]


@pytest.fixture
async def anna(ada: Provider, database: Database) -> Client:
    """A writer who has earned 100.00 USD, with somebody signed in who acts for them."""
    async with database.transaction() as tx:
        await programs.apply(tx, WRITERS.read_text("utf-8"), actor="system:test", at=AT)
        new = holders.NewHolder("writers", "writer", f"anna-{uuid4().hex}", "Anna Khan")
        [writer] = await holders.register(tx, [new], at=AT)
        await identity.link(tx, [(ada.person_id, writer.id)], actor="system:test", at=AT)
    headers = {**ada.headers, "X-HOLDER-ID": str(writer.id)}
    return Client(ada.session, ada.url, headers)


def anna_id(anna: Client) -> UUID:
    """Which holder she acts for."""
    return UUID(anna.headers["X-HOLDER-ID"])


async def test_a_writer_stores_an_account_and_only_its_end_is_shown(anna: Client, database: Database) -> None:
    stored = await anna.post(DESTINATIONS, json=ACCOUNT)
    assert stored.status == 201, stored.body
    shown = {"type": "GATEWAY_ACCOUNT", "account": "****CVdK", "accountTitle": "Anna Khan"}
    assert (stored.json["method"], stored.json["default"], stored.json["check"]) == (shown, True, "unchecked")
    listed = await anna.get(DESTINATIONS)
    assert listed.json["data"] == [stored.json]
    assert b"acct_1Nv0" not in stored.body + listed.body
    async with database.transaction(readonly=True) as tx:
        writer = await holders.find(tx, [anna_id(anna)])
        [kept] = (await holders.destinations_of(tx, writer))[anna_id(anna)]
    whole = Destination("stripe", ACCOUNT["account"], "Anna Khan", "GATEWAY_ACCOUNT")
    assert holders.open_destination(kept, KEYRING) == whole


async def test_another_name_on_the_account_is_kept(anna: Client) -> None:
    stored = await anna.post(DESTINATIONS, json=ACCOUNT | {"accountTitle": "Khan Writes Ltd"})
    assert stored.json["method"]["accountTitle"] == "Khan Writes Ltd"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "GATEWAY_ACCOUNT"}, "account"),
        (ACCOUNT | {"bankCode": "044"}, "bankCode"),
        (ACCOUNT | {"accountNumber": "0690000031"}, "accountNumber"),
        (ACCOUNT | {"type": "BANK"}, "bankCode"),
        (ACCOUNT | {"type": "CHECK"}, "type"),
        (ACCOUNT | {"account": "po_1Nv0FGQ9RKHgCVdK"}, "accountNumber"),
        (ACCOUNT | {"account": "acct_1"}, "accountNumber"),
        (ACCOUNT | {"account": "acct_1 \r\nX: 1"}, "account"),
        ({"type": "BANK", "bankCode": "044", "accountNumber": "0690000031", "accountTitle": "A"}, "destination"),
        ({"type": "BANK", "bankCode": "044", "accountTitle": "A"}, "accountNumber"),
    ],
)
async def test_what_is_no_account_there_is_refused_by_field(anna: Client, body: dict[str, Any], field: str) -> None:
    answer = await anna.post(DESTINATIONS, json=body)
    assert (answer.status, answer.error["field"]) == (400, field)
    assert (await anna.get(DESTINATIONS)).json["data"] == []


async def test_a_provider_has_no_account_at_the_gateway(ada: Provider) -> None:
    answer = await ada.post(DESTINATIONS, json=ACCOUNT)
    assert (answer.status, answer.error["field"]) == (400, "destination")


async def test_a_payout_to_an_account_given_with_it_shows_its_end_and_in_csv_too(
    anna: Client, database: Database
) -> None:
    async with database.transaction() as tx:
        writer = (await holders.find(tx, [anna_id(anna)]))[anna_id(anna)]
        royalty = NewEarning(
            "writers", writer.reference, "november", Money.parse("100.00", "USD"), credited_by="key:test"
        )
        await earnings.credit(tx, [royalty], book=programs.Book(), at=AT)
    asked = await anna.post(PAYOUTS, json={"amount": 30, "method": ACCOUNT})
    assert asked.status == 201, asked.body
    assert asked.json["method"] == {"type": "GATEWAY_ACCOUNT", "account": "****CVdK", "accountTitle": "Anna Khan"}
    lines = (await anna.get(f"{PAYOUTS}?format=csv")).body.decode().splitlines()
    assert len(lines) == 2
    assert ",,****CVdK,Anna Khan," in lines[1]


async def test_the_platform_stores_and_removes_a_writers_account(
    anna: Client, platform: Platform, database: Database
) -> None:
    path = f"/api/holders/{anna_id(anna)}/destinations"
    ours = await platform(program="writers")
    stored = await ours.post(path, json=ACCOUNT | {"makeDefault": True})
    assert (stored.status, stored.json["accountTitleFound"], stored.json["default"]) == (201, None, True)
    assert (await ours.post(path, json=ACCOUNT)).status == 200
    [seen] = (await anna.get(DESTINATIONS)).json["data"]
    assert seen["id"] == stored.json["id"]
    other = await platform()
    assert (await other.post(path, json=ACCOUNT)).status == 404, "another program's key does not know this holder"
    assert (await other.call("DELETE", f"{path}/{seen['id']}")).status == 404
    assert (await ours.call("DELETE", f"{path}/{seen['id']}")).status == 204
    assert (await ours.call("DELETE", f"{path}/{seen['id']}")).status == 404
    assert (await anna.get(DESTINATIONS)).json["data"] == []


async def test_staff_store_one_under_their_own_name(anna: Client, sign_in: SignIn, database: Database) -> None:
    manager = await sign_in(Role.MANAGER)
    stored = await manager.post(f"/api/holders/{anna_id(anna)}/destinations", json=ACCOUNT)
    assert stored.status == 201
    me = (await manager.get("/api/me")).json["data"]["id"]
    async with database.transaction(readonly=True) as tx:
        actor = await tx.value("SELECT actor FROM audit_notes WHERE subject = $1", f"destination:{stored.json['id']}")
    assert actor == f"person:{me}"
