"""For whom somebody acts, and where that holder wants to be paid."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from bursar import identity, programs
from bursar.foundation.db import Database
from bursar.identity import Role
from ground import AT
from house import Client
from providers_house import DESTINATIONS, METHOD, PAYOUTS, OpenProvider, Provider, make_known, provider_holder, walk

SignIn = Callable[..., Awaitable[Client]]
ME, BALANCE = "/api/provider/me", "/api/provider/balance"


# For whom -------------------------------------------------------------------------------------------------------------


async def test_somebody_sees_for_whom_they_act(ada: Provider) -> None:
    me = (await ada.get(ME)).json
    assert me["id"] == str(ada.person_id)
    assert me["actsFor"] == [
        {
            "id": str(ada.holder_id),
            "program": "providers",
            "reference": ada.reference,
            "name": "Ada Obi",
            "kind": "provider",
            "verified": True,
        }
    ]


async def test_who_acts_for_nobody_sees_that_and_gets_nowhere(sign_in: SignIn) -> None:
    staff = await sign_in(Role.SUPER_ADMIN)
    assert (await staff.get(ME)).json["actsFor"] == []
    refused = await staff.get(BALANCE)
    assert (refused.status, refused.error["code"]) == (403, "not_acting_for_holder")


async def test_who_acts_for_several_says_for_whom(ada: Provider, database: Database) -> None:
    async with database.transaction() as tx:
        other = await provider_holder(tx, money="5.00")
        await identity.link(tx, [(ada.person_id, other.id)], actor="system:test", at=AT)
    assert len((await ada.get(ME)).json["actsFor"]) == 2
    unsaid = await ada.get(BALANCE)
    assert (unsaid.status, unsaid.error["field"]) == (400, "X-HOLDER-ID")
    for holder_id, balance in ((ada.holder_id, "100000.00"), (other.id, "5.00")):
        answer = await ada.get(BALANCE, headers={"X-HOLDER-ID": str(holder_id)})
        assert answer.json["availableBalance"] == balance


@pytest.mark.parametrize(("given", "status"), [("x", 400), ("019c8f2e-0000-7000-8000-000000000000", 403)])
async def test_nobody_acts_for_whom_they_are_not_linked_to(
    given: str, status: int, ada: Provider, open_ada: OpenProvider
) -> None:
    assert (await ada.get(BALANCE, headers={"X-HOLDER-ID": given})).status == status
    other = await open_ada()
    assert (await ada.get(BALANCE, headers={"X-HOLDER-ID": str(other.holder_id)})).status == 403


async def test_an_unlinked_person_is_shut_out_with_their_next_request(ada: Provider, database: Database) -> None:
    assert (await ada.get(BALANCE)).status == 200
    async with database.transaction() as tx:
        await identity.unlink(tx, [(ada.person_id, ada.holder_id)], actor="system:test")
    assert (await ada.get(BALANCE)).status == 403


async def test_a_program_that_pays_from_its_own_funds_lets_no_holder_ask(ada: Provider, database: Database) -> None:
    async with database.transaction() as tx:
        text = await tx.value("SELECT source FROM program_versions WHERE program = 'providers' LIMIT 1")
        changed = text.replace("program: providers", "program: gifts").replace("funding: holder", "funding: program")
        await programs.apply(
            tx,
            changed.replace("credits: earnings", "credits: deposits").replace(
                "returns_to: holder", "returns_to: suspense"
            ),
            actor="system:test",
            at=AT,
        )
        other = await provider_holder(tx, money=None, program="gifts")
        await identity.link(tx, [(ada.person_id, other.id)], actor="system:test", at=AT)
    body = {"amount": 1, "method": ada.method()}
    answer = await ada.post(PAYOUTS, json=body, headers={"X-HOLDER-ID": str(other.id)})
    assert (answer.status, answer.error["code"]) == (403, "not_for_holders")


# Destinations ---------------------------------------------------------------------------------------------------------


async def test_the_first_account_is_usable_at_once_and_the_next_one_later(ada: Provider) -> None:
    first = await ada.store("0031")
    assert first.status == 201
    assert first.json["usableAt"] == first.json["addedAt"]
    assert (first.json["default"], first.json["check"]) == (True, "unchecked")
    second = await ada.store("0032")
    assert second.json["usableAt"] > second.json["addedAt"]
    listed = (await ada.get(DESTINATIONS)).json["data"]
    assert listed == [second.json, first.json]


async def test_an_account_number_is_never_shown(ada: Provider) -> None:
    asked = await ada.ask()
    bodies = [
        (await ada.store()).body,
        (await ada.get(DESTINATIONS)).body,
        asked.body,
        (await ada.get(PAYOUTS)).body,
        (await ada.get(f"{PAYOUTS}/{asked.json['id']}")).body,
        (await ada.store("0031 ")).body,
    ]
    assert [body for body in bodies if ada.bank.encode() in body] == []
    assert all(b"0031" in body for body in bodies[:5])


async def test_storing_the_same_again_changes_nothing(ada: Provider) -> None:
    first, again = await ada.store(), await ada.store()
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json


async def test_another_default_is_chosen_and_paid_to(ada: Provider) -> None:
    await ada.store("0031")
    second = (await ada.store("0032")).json
    made = await ada.post(f"{DESTINATIONS}/{second['id']}/default")
    assert (made.status, made.json["default"]) == (200, True)
    assert (await ada.ask(method=None)).json["method"]["accountNumber"] == "****0032"
    third = await ada.store("0033", makeDefault=True)
    assert third.json["default"]
    assert [each["default"] for each in (await ada.get(DESTINATIONS)).json["data"]] == [True, False, False]


async def test_a_removed_account_is_paid_to_no_longer(ada: Provider) -> None:
    stored = (await ada.store()).json
    assert (await ada.call("DELETE", f"{DESTINATIONS}/{stored['id']}")).status == 204
    assert (await ada.call("DELETE", f"{DESTINATIONS}/{stored['id']}")).status == 404
    assert (await ada.get(DESTINATIONS)).json["data"] == []
    assert (await ada.ask(method=None)).error["code"] == "no_default_destination"
    assert (await ada.ask(method=None, destinationId=stored["id"])).status == 404


@pytest.mark.parametrize("path", ["{id}/default", "{id}"])
async def test_somebody_elses_account_is_not_there(path: str, ada: Provider, open_ada: OpenProvider) -> None:
    other = await open_ada()
    theirs = (await other.store()).json
    method = "POST" if "default" in path else "DELETE"
    for id_ in (theirs["id"], str(uuid4()), "x"):
        assert (await ada.call(method, f"{DESTINATIONS}/{path.format(id=id_)}")).status == 404
    assert (await other.get(DESTINATIONS)).json["data"] == [theirs]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"accountNumber": "123"}, "destination_not_allowed", "accountNumber"),
        ({"accountTitle": ""}, "invalid_body", "accountTitle"),
        ({"type": "UPI"}, "invalid_request", "bankCode"),
        ({"type": "ADDRESS"}, "invalid_body", "type"),
        ({"bankCode": None}, "invalid_body", "bankCode"),
    ],
)
async def test_an_account_that_the_terms_do_not_allow_is_not_stored(
    changes: dict[str, Any], code: str, field: str, ada: Provider
) -> None:
    answer = await ada.post(DESTINATIONS, json=METHOD | changes)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (400, code, field)
    assert (await ada.get(DESTINATIONS)).json["data"] == []


async def test_a_change_of_account_is_told_to_the_holder(ada: Provider, database: Database) -> None:
    await ada.store("0031")
    await ada.ask(method=ada.method("0032"))
    await ada.store("0032")
    async with database.transaction() as tx:
        rows = await tx.many(
            "SELECT kind, count(DISTINCT subject_id) AS told FROM notices WHERE holder_id = $1 GROUP BY kind",
            ada.holder_id,
        )
    assert [tuple(row) for row in rows] == [("destination_changed", 2)]


async def test_a_payout_to_a_new_account_says_until_when_it_waits(ada: Provider, database: Database) -> None:
    await make_known(database, ada)
    await ada.store("0032")
    new = ada.method("0032")
    asked = (await ada.ask(method=new)).json["id"]
    assert (await ada.payout(asked))["flagged"]  # A recent change of bank details.
    await walk(database, asked, "approve")
    waiting = (await ada.payout(asked))["waiting"]
    [stored] = [each for each in (await ada.get(DESTINATIONS)).json["data"] if not each["default"]]
    assert (waiting["reason"], waiting["until"]) == ("cool_off", stored["usableAt"])
    await ada.call("DELETE", f"{DESTINATIONS}/{stored['id']}")
    assert (await ada.payout(asked))["waiting"] == waiting
