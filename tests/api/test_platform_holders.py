"""How a platform makes its holders known, vouches for them and finds them, without the command line."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from bursar.foundation.db import Database
from bursar.identity import Role
from house import Client
from providers_house import Provider

HOLDERS = "/api/holders"

SignIn = Callable[..., Awaitable[Client]]
Platform = Callable[..., Awaitable[Client]]


def newcomer(**changes: Any) -> dict[str, Any]:
    return {"reference": uuid4().hex, "name": "Chidi Eze", **changes}


async def test_a_platform_registers_its_holders_at_once(platform: Platform) -> None:
    ours = await platform()
    first, second = newcomer(email="chidi@example.com", verified=True), newcomer()
    answer = await ours.post(HOLDERS, json={"holders": [first, second]})
    assert answer.status == 200, answer.body
    known, unknown = answer.json["data"]
    assert (known["reference"], known["email"], known["kind"], known["program"]) == (
        first["reference"], "chidi@example.com", "provider", "providers",
    )  # fmt: skip
    assert (known["verifiedAt"] is not None, unknown["verifiedAt"]) == (True, None)
    assert (await ours.post(HOLDERS, json={"holders": [first, second]})).json == answer.json


async def test_a_change_of_name_keeps_what_is_not_said(platform: Platform) -> None:
    ours = await platform()
    first = newcomer(email="chidi@example.com", verified=True)
    [known] = (await ours.post(HOLDERS, json={"holders": [first]})).json["data"]
    renamed = {"reference": first["reference"], "name": "Chidi Okafor"}
    [after] = (await ours.post(HOLDERS, json={"holders": [renamed]})).json["data"]
    assert after == known | {"name": "Chidi Okafor"}
    [doubted] = (await ours.post(HOLDERS, json={"holders": [renamed | {"verified": False}]})).json["data"]
    assert doubted["verifiedAt"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"holders": []}, "holders"),
        ({"holders": [newcomer(kind="shop")]}, "kind"),
        ({"holders": [newcomer(reference="")]}, "holders[0].reference"),
        ({"holders": [newcomer(name=" x")]}, "name"),
        ({"holders": [newcomer(email="nobody")]}, "email"),
        ({"holders": [newcomer()], "program": "merchants"}, "program"),
        ({"holders": [newcomer()] * 1001}, "holders"),
    ],
)
async def test_what_breaks_a_rule_registers_nobody(
    body: dict[str, Any], field: str, platform: Platform, database: Database
) -> None:
    answer = await (await platform()).post(HOLDERS, json=body)
    assert (answer.status, answer.error["field"]) == (400, field)
    async with database.transaction() as tx:
        references = [holder["reference"] for holder in body["holders"]]
        assert await tx.value("SELECT count(*) FROM holders WHERE reference = ANY($1)", references) == 0


async def test_staff_say_which_program_they_mean(sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    assert (await manager.post(HOLDERS, json={"holders": [newcomer()]})).error["field"] == "program"
    wanted = {"holders": [newcomer()], "program": "providers"}
    assert (await manager.post(HOLDERS, json=wanted)).status == 200
    assert (await manager.post(HOLDERS, json=wanted | {"program": "nowhere"})).status == 404


async def test_holders_are_found_and_paged(platform: Platform) -> None:
    ours, mark = await platform(), uuid4().hex
    wanted = [newcomer(name=f"{mark} {number}") for number in range(3)]
    await ours.post(HOLDERS, json={"holders": wanted})
    first = (await ours.get(f"{HOLDERS}?search={mark}&limit=2")).json
    rest = (await ours.get(f"{HOLDERS}?search={mark}&limit=2&cursor={first['nextCursor']}")).json
    assert {holder["name"] for holder in first["data"] + rest["data"]} == {each["name"] for each in wanted}
    assert (first["hasMore"], rest["hasMore"]) == (True, False)
    assert (await ours.get(f"{HOLDERS}?program=merchants")).error["field"] == "program"


async def test_a_holder_is_vouched_for_and_no_longer(ada: Provider, sign_in: SignIn, database: Database) -> None:
    manager = await sign_in(Role.MANAGER)
    path = f"{HOLDERS}/{ada.holder_id}"
    doubted = await manager.post(f"{path}/verify", json={"verified": False})
    assert (doubted.status, doubted.json["verifiedAt"]) == (200, None)
    assert (await ada.get("/api/provider/me")).json["actsFor"][0]["verified"] is False
    assert (await manager.post(f"{path}/verify")).json["verifiedAt"] is not None
    me = (await manager.get("/api/me")).json["data"]["id"]
    async with database.transaction() as tx:
        rows = await tx.many(
            "SELECT action, actor FROM audit_notes WHERE subject = $1 ORDER BY id", f"holder:{ada.holder_id}"
        )
    assert [tuple(row) for row in rows][-2:] == [
        ("holder.unverified", f"person:{me}"), ("holder.verified", f"person:{me}"),
    ]  # fmt: skip


async def test_staff_see_where_a_holder_wants_to_be_paid(ada: Provider, sign_in: SignIn) -> None:
    stored = (await ada.store()).json
    shown = await (await sign_in(Role.SUPPORT)).get(f"{HOLDERS}/{ada.holder_id}")
    assert shown.json["destinations"] == [stored | {"accountTitleFound": None}]
    assert ada.bank not in shown.body.decode()


@pytest.mark.parametrize("path", ["/x", "/019c8f2e-0000-7000-8000-000000000000"])
async def test_who_is_not_there_is_not_found(path: str, platform: Platform) -> None:
    ours = await platform()
    assert (await ours.get(HOLDERS + path)).status == (await ours.post(f"{HOLDERS}{path}/verify")).status == 404


async def test_whoever_brings_a_key_is_judged_by_it(sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    assert (await manager.get(HOLDERS)).status == 200
    assert (await manager.get(HOLDERS, headers={"X-API-KEY": "live_of_nobody"})).status == 401


async def test_a_programs_key_may_come_as_a_bearer_token(platform: Platform, nobody: Client) -> None:
    key = (await platform()).headers["X-API-KEY"]
    assert (await nobody.get(HOLDERS, headers={"Authorization": f"Bearer {key}"})).status == 200
