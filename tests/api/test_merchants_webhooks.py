"""A merchant's endpoints over HTTP: made, changed, rotated, tried, and what was delivered to them sent again."""

from typing import Any

import pytest

from bursar.foundation.db import Database
from bursar.identity import Scope
from house import Merchant, OpenShop

PATH = "/api/v1/webhook-endpoints"
URL = "http://127.0.0.1:9/hooks"  # Nobody listens there; loopback is allowed in tests.


async def add(shop: Merchant, **changes: Any) -> dict[str, Any]:
    """Add an endpoint."""
    answer = await shop.post(PATH, json={"url": URL, **changes})
    assert answer.status == 201, answer.body
    return dict(answer.json)


async def test_a_secret_is_shown_once(acme: Merchant) -> None:
    made = await add(acme, description="Production")
    assert made["secret"].startswith("whsec_")
    assert (
        made.items() >= {"url": URL, "description": "Production", "events": ["payout.updated"], "enabled": True}.items()
    )
    shown = (await acme.get(f"{PATH}/{made['id']}")).json
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (await acme.get(PATH)).json["data"] == [shown]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_body", "url"),
        ({"url": "ftp://example.com/x"}, "unsafe_url", "url"),
        ({"url": "https://10.0.0.1/hooks"}, "unsafe_url", "url"),
        ({"url": "https://user:secret@example.com"}, "unsafe_url", "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "unsafe_url", "url"),
        ({"url": URL, "events": []}, "invalid_body", "events"),
        ({"url": URL, "events": ["payout.exploded"]}, "invalid_body", "events[0]"),
        ({"url": URL, "events": ["webhook.test"]}, "invalid_body", "events[0]"),
        ({"url": URL, "description": "two\nlines"}, "invalid_request", "description"),
        ({"url": URL, "holderId": "mine"}, "invalid_body", "holderId"),
    ],
)
async def test_an_endpoint_that_cannot_be_is_refused(
    body: dict[str, Any], code: str, field: str, acme: Merchant
) -> None:
    answer = await acme.post(PATH, json=body)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (400, code, field)
    assert "secret" not in answer.body.decode()


async def test_there_is_an_end_to_endpoints(acme: Merchant) -> None:
    for _ in range(20):
        await add(acme)
    answer = await acme.post(PATH, json={"url": URL})
    assert (answer.status, answer.error["code"]) == (409, "too_many_endpoints")


async def test_what_is_left_out_of_a_change_stays(acme: Merchant) -> None:
    made = await add(acme, description="Production")
    path = f"{PATH}/{made['id']}"
    moved = (await acme.call("PATCH", path, json={"url": f"{URL}/new"})).json
    assert (moved["url"], moved["description"], moved["enabled"]) == (f"{URL}/new", "Production", True)
    stopped = (await acme.call("PATCH", path, json={"enabled": False})).json
    assert (stopped["enabled"], stopped["disabledReason"]) == (False, "by_owner")
    assert (await acme.post(f"{path}/test")).error["code"] == "endpoint_disabled"
    assert (await acme.call("PATCH", path, json={"enabled": True, "description": ""})).json["description"] == ""
    assert (await acme.call("PATCH", path, json={"url": "https://10.0.0.1"})).error["code"] == "unsafe_url"


async def test_a_removed_endpoint_is_gone(acme: Merchant) -> None:
    path = f"{PATH}/{(await add(acme))['id']}"
    assert (await acme.call("DELETE", path)).status == 204
    assert (await acme.call("DELETE", path)).status == (await acme.get(path)).status == 404
    assert (await acme.get(PATH)).json["data"] == []


async def test_a_rotation_leaves_the_old_secret_a_day(acme: Merchant) -> None:
    made = await add(acme)
    rotated = (await acme.post(f"{PATH}/{made['id']}/rotate-secret")).json
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert rotated["oldSecretHours"] == 24
    assert (await acme.get(f"{PATH}/{made['id']}")).json["oldSecretUntil"] is not None


async def test_a_test_is_a_delivery_that_can_be_followed(acme: Merchant, database: Database) -> None:
    path = f"{PATH}/{(await add(acme))['id']}"
    begun = await acme.post(f"{path}/test")
    assert (begun.status, begun.json["event"], begun.json["state"]) == (202, "webhook.test", "waiting")
    delivery = f"{path}/deliveries/{begun.json['id']}"
    assert (await acme.get(delivery)).json == {**begun.json, "history": []}
    assert (await acme.post(f"{delivery}/replay")).error["code"] == "delivery_still_waiting"
    async with database.transaction() as tx:
        await tx.run("UPDATE deliveries SET state = 'exhausted', due_at = NULL WHERE holder_id = $1", acme.holder_id)
    again = await acme.post(f"{delivery}/replay")
    assert (again.status, again.json["eventId"]) == (202, begun.json["eventId"])
    assert again.json["id"] != begun.json["id"]


async def test_deliveries_have_states_and_pages(acme: Merchant, database: Database) -> None:
    path = f"{PATH}/{(await add(acme))['id']}"
    begun = [(await acme.post(f"{path}/test")).json["id"] for _ in range(3)]
    async with database.transaction() as tx:
        await tx.run("UPDATE deliveries SET state = 'exhausted', due_at = NULL WHERE id = $1", begun[0])
    first = (await acme.get(f"{path}/deliveries", params={"limit": 2})).json
    second = (await acme.get(f"{path}/deliveries", params={"limit": 2, "cursor": first["nextCursor"]})).json
    assert [each["id"] for each in [*first["data"], *second["data"]]] == begun[::-1]
    exhausted = (await acme.get(f"{path}/deliveries", params={"state": "exhausted"})).json["data"]
    assert [each["id"] for each in exhausted] == begun[:1]
    assert (await acme.get(f"{path}/deliveries", params={"state": "lost"})).error["field"] == "state"


async def test_everything_since_a_moment_is_sent_again(acme: Merchant, database: Database) -> None:
    path = f"{PATH}/{(await add(acme))['id']}"
    assert (await acme.post(f"{path}/replay", json={"since": "2025-12-12"})).json == {"count": 0}
    assert (await acme.post(f"{path}/replay", json={"since": "lately"})).error["field"] == "since"


@pytest.mark.parametrize("odd", ["nonsense", "0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b"])
async def test_what_is_no_endpoint_or_delivery_is_not_found(odd: str, acme: Merchant) -> None:
    mine = f"{PATH}/{(await add(acme))['id']}"
    for path in (f"{PATH}/{odd}", f"{PATH}/{odd}/deliveries", f"{mine}/deliveries/{odd}"):
        assert (await acme.get(path)).status == 404


async def test_reading_and_writing_need_their_scopes(open_shop: OpenShop) -> None:
    reader = await open_shop(scopes=frozenset({Scope.WEBHOOKS_READ}))
    assert (await reader.get(PATH)).status == 200
    assert (await reader.post(PATH, json={"url": URL})).error["code"] == "insufficient_scope"
