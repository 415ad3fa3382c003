"""Orders over HTTP: created, completed once, cancelled and refunded, by the platform, staff and sellers."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from bursar.foundation.db import Database
from bursar.identity import Role, Scope
from house import Client, Reply
from market_house import MY_PAYOUTS, Earner, apply_marketplace, earner, new_order
from providers_house import Provider, walk

PATH = "/api/orders"

SignIn = Callable[..., Awaitable[Client]]
OpenAsha = Callable[..., Awaitable[Earner]]
Issue = Callable[..., Awaitable[Client]]


@pytest.fixture
async def seller(open_asha: OpenAsha) -> Earner:
    """A seller, and somebody who acts for them."""
    return await open_asha(kind="seller")


@pytest.fixture
async def app(platform: Issue) -> Client:
    """The marketplace's own system."""
    return await platform(program="marketplace")


async def complete(client: Client, order: str, *, key: str | None = None, **options: object) -> Reply:
    """Complete an order."""
    headers = {"Idempotency-Key": key} if key else None
    return await client.call("PATCH", f"{PATH}/{order}/complete", headers=headers, **options)


# Creating and looking -------------------------------------------------------------------------------------------------


async def test_an_order_is_created_once_for_its_name(app: Client, seller: Earner) -> None:
    body = {
        "order_id": f"order-{uuid4().hex}", "seller_id": seller.reference, "item": "A bicycle", "price_paise": 50_000,
        "buyer": "buyer-3",
    }  # fmt: skip
    first, again = await app.post(PATH, json=body), await app.post(PATH, json=body)
    assert first.status == again.status == 201, first.body
    assert (first.json, again.headers["idempotent-replayed"]) == (again.json, "true")
    assert first.json.items() >= {
        "order_id": body["order_id"], "seller_id": seller.reference, "status": "open", "price_paise": 50_000,
        "fee_paise": 5000, "payout_id": None, "completed_at": None,
    }.items()  # fmt: skip
    other = await app.post(PATH, json=body | {"price_paise": 1})
    assert (other.status, other.error["code"]) == (409, "order_reference_reused")
    for name in (body["order_id"], first.json["id"]):
        assert (await app.get(f"{PATH}/{name}")).json == first.json


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price_paise": 0}, "price_paise"),
        ({"price_paise": "10"}, "price_paise"),
        ({"fee_paise": -1}, "fee_paise"),
        ({"order_id": " "}, "order_id"),
        ({"item": "two\nlines"}, "item"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_an_odd_order_is_refused_by_field(
    change: dict[str, object], field: str, app: Client, seller: Earner
) -> None:
    body = {"order_id": "o", "seller_id": seller.reference, "item": "A bicycle", "price_paise": 50_000}
    answer = await app.post(PATH, json=body | change)
    assert answer.status == 400, answer.body
    assert field in {answer.error["field"], *answer.error["rule"].split("`")}, answer.body


async def test_only_sellers_sell(app: Client, open_asha: OpenAsha) -> None:
    scout = await open_asha()
    for name in (scout.reference, "nobody"):
        body = {"order_id": f"order-{uuid4().hex}", "seller_id": name, "item": "A bicycle", "price_paise": 50_000}
        assert (await app.post(PATH, json=body)).error["code"] == "order_not_created"


async def test_many_orders_are_each_answered(app: Client, seller: Earner) -> None:
    one = {"order_id": f"order-{uuid4().hex}", "seller_id": seller.reference, "item": "A bell", "price_paise": 100}
    items = [one, one, one | {"order_id": f"order-{uuid4().hex}", "price_paise": 0}, one | {"price_paise": 7}]
    answer = (await app.post(f"{PATH}/bulk", json=items)).json
    assert {name: answer[name] for name in ("rows", "created", "created_before", "refused")} == {
        "rows": 4, "created": 1, "created_before": 1, "refused": 2,
    }  # fmt: skip
    assert [result.get("error", {}).get("code") for result in answer["results"]] == [
        None, None, "invalid_body", "order_reference_reused",
    ]  # fmt: skip


async def test_orders_are_listed_filtered_and_paged(app: Client, seller: Earner, open_asha: OpenAsha) -> None:
    other = await open_asha(kind="seller")
    mine = [await new_order(app, seller.reference) for _ in range(3)]
    theirs = await new_order(app, other.reference)
    await complete(app, mine[0])
    latest = (await app.get(PATH, params={"limit": 1})).json
    assert ([one["order_id"] for one in latest["orders"]], latest["has_more"]) == ([theirs], True)
    for client, params in ((app, {"seller": seller.reference}), (app, {"seller": str(seller.holder)}), (seller, {})):
        assert [one["order_id"] for one in (await client.get(PATH, params=params)).json["orders"]] == mine[::-1]
    done = await seller.get(PATH, params={"status": "completed"})
    assert [one["order_id"] for one in done.json["orders"]] == mine[:1]
    first = (await seller.get(PATH, params={"limit": 2})).json
    rest = (await seller.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json
    assert [one["order_id"] for one in first["orders"] + rest["orders"]] == mine[::-1]
    listed = await seller.get(PATH, params={"format": "csv", "search": mine[1]})
    assert len(listed.body.decode().strip().splitlines()) == 2
    assert (await seller.get(PATH, params={"seller": other.reference})).status == 404


# Completing -----------------------------------------------------------------------------------------------------------


async def test_completing_credits_the_seller_and_asks_for_the_payout(app: Client, seller: Earner) -> None:
    order = await new_order(app, seller.reference)
    answer = await complete(app, order)
    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["status"], told["payout_refused"], told["fee_paise"]) == ("completed", None, 5000)
    assert told["payout"].items() >= {
        "payout_id": told["payout_id"], "payout_type": "seller_payout", "status": "pending", "amount_paise": 50_000,
        "order_id": order, "user_id": seller.reference,
    }.items()  # fmt: skip
    assert await seller.figures() == {"earnings": 50_000, "available": 0, "reserved": 50_000, "paid": 0, "debt": 0}
    [mine] = (await seller.get(MY_PAYOUTS)).json["payouts"]
    assert (mine["payout_id"], mine["order_id"]) == (told["payout_id"], order)


async def test_completing_twice_pays_once(app: Client, seller: Earner) -> None:
    order = await new_order(app, seller.reference)
    answers = await asyncio.gather(*(complete(app, order) for _ in range(5)), complete(seller, order))
    assert {(answer.status, answer.json["payout_id"]) for answer in answers} == {(200, answers[0].json["payout_id"])}
    assert (await seller.figures())["earnings"] == 50_000


async def test_the_same_key_gets_the_same_answer_and_another_order_is_refused(app: Client, seller: Earner) -> None:
    order, other = await new_order(app, seller.reference), await new_order(app, seller.reference)
    first, again = await complete(app, order, key="k"), await complete(app, order, key="k")
    assert (first.body, again.headers["idempotent-replayed"]) == (again.body, "true")
    refused = await complete(app, other, key="k")
    assert (refused.status, refused.error["code"]) == (422, "idempotency_key_reused")
    assert (await complete(app, other, key="x" * 256)).error["code"] == "missing_idempotency_key"


async def test_sellers_complete_their_own_orders_and_nobody_elses(
    app: Client, seller: Earner, open_asha: OpenAsha, ada: Provider
) -> None:
    order = await new_order(app, seller.reference)
    for stranger in (await open_asha(kind="seller"), await open_asha(), ada):
        for answer in (await complete(stranger, order), await stranger.get(f"{PATH}/{order}")):
            assert (answer.status, answer.error["code"]) == (404, "order_not_found")
    told = await complete(seller, order)
    assert (told.status, told.json["payout"]["status"]) == (200, "pending")


async def test_where_the_terms_do_not_let_them_sellers_complete_nothing(
    open_asha: OpenAsha, platform: Issue, database: Database
) -> None:
    name = f"m{uuid4().hex[:10]}"
    async with database.transaction() as tx:
        await apply_marketplace(tx, name, **{"sellers_complete: true": "sellers_complete: false"})
    app, seller = await platform(program=name), await open_asha(kind="seller", program=name)
    order = await new_order(app, seller.reference)
    refused = await complete(seller, order)
    assert (refused.status, refused.error["code"]) == (403, "sellers_do_not_complete")
    assert (await complete(app, order)).status == 200


async def test_an_order_without_a_payout_says_why(app: Client, open_asha: OpenAsha) -> None:
    lost = await open_asha(kind="seller", stores=False)
    told = (await complete(app, await new_order(app, lost.reference))).json
    assert (told["status"], told["payout"], told["payout_refused"]["code"]) == ("completed", None, "no_destination")
    assert (await lost.figures())["available"] == 50_000


async def test_many_orders_are_completed_each_on_its_own(app: Client, seller: Earner) -> None:
    orders = [await new_order(app, seller.reference) for _ in range(2)]
    await complete(app, orders[0])
    answer = (await app.post(f"{PATH}/complete", json={"order_ids": [*orders, "nothing"]})).json
    assert {name: answer[name] for name in ("completed", "completed_before", "refused")} == {
        "completed": 1, "completed_before": 1, "refused": 1,
    }  # fmt: skip
    assert answer["results"][2]["error"]["code"] == "order_not_found"
    assert (await seller.figures())["reserved"] == 100_000
    odd = (await app.post(f"{PATH}/complete", json={"order_ids": ["a\0b"]})).json
    assert odd["results"] == [{"order_id": "a\0b", "error": odd["results"][0]["error"]}]
    assert (await app.post(f"{PATH}/bulk", json={"order_id": "o"})).error["rule"] == "an array of orders"


@pytest.mark.parametrize("name", ["nothing", str(UUID(int=7)), "a%00b", "%20"])
async def test_an_order_that_is_not_there_is_not_found(name: str, app: Client, seller: Earner) -> None:
    for client in (app, seller):
        for answer in (await complete(client, name), await client.get(f"{PATH}/{name}")):
            assert (answer.status, answer.error["code"]) == (404, "order_not_found"), answer.body


async def test_a_wrong_state_names_those_from_which_it_is_allowed(app: Client, seller: Earner) -> None:
    """With a key by the short way, signed in by the long one: both write names as the document does."""
    order = await new_order(app, seller.reference)
    assert (await app.call("PATCH", f"{PATH}/{order}/cancel", json={"reason": "Sold out"})).json[
        "status"
    ] == "cancelled"
    for client in (app, seller):
        refused = await complete(client, order)
        assert (refused.status, refused.error["code"]) == (409, "wrong_order_state")
        assert (refused.error["state"], refused.error["allowed_from"]) == ("cancelled", ["open"])
    refused = await app.post(f"{PATH}/{order}/refund")
    assert (refused.status, refused.error["allowed_from"]) == (409, ["completed"])


async def test_a_key_needs_the_scope_and_its_program(app: Client, seller: Earner, platform: Issue) -> None:
    order = await new_order(app, seller.reference)
    reader = await platform(Scope.ORDERS_READ, program="marketplace")
    assert (await reader.get(f"{PATH}/{order}")).status == 200
    refused = await complete(reader, order)
    assert (refused.status, refused.error["code"]) == (403, "insufficient_scope")
    assert (await complete(await platform(program="providers"), order)).status == 404
    wrong = Client(app.session, app.url, {"X-API-KEY": app.headers["X-API-KEY"][:-1] + "x"})
    assert (await complete(wrong, order)).status == 401
    named = await complete(app, order, params={"program": "marketplace"})
    assert named.status == 200, named.body


async def test_staff_complete_for_the_program_they_name(app: Client, seller: Earner, sign_in: SignIn) -> None:
    order, staff, support = (
        await new_order(app, seller.reference),
        await sign_in(Role.MANAGER),
        await sign_in(Role.SUPPORT),
    )
    assert (await complete(support, order)).status == 403
    assert (await complete(staff, order, params={"program": "providers"})).status == 404
    assert (await complete(staff, order)).status == 200
    assert (await support.get(f"{PATH}/{order}")).json["status"] == "completed"


# Taking back ----------------------------------------------------------------------------------------------------------


async def test_a_refund_in_time_takes_the_money_back(app: Client, seller: Earner) -> None:
    order = await new_order(app, seller.reference)
    payout = (await complete(app, order)).json["payout_id"]
    first, again = [await app.post(f"{PATH}/{order}/refund", json={"reason": "Sent back"}) for _ in range(2)]
    assert first.json.items() >= {
        "status": "refunded", "reason": "Sent back", "taken_back_paise": 50_000, "owed_paise": 0,
    }.items()  # fmt: skip
    assert again.json == first.json
    assert (await seller.get(f"{MY_PAYOUTS}/{payout}")).json["status"] == "cancelled"
    assert await seller.figures() == {"earnings": 0, "available": 0, "reserved": 0, "paid": 0, "debt": 0}


async def test_a_late_refund_is_owed_and_kept_back_of_what_comes_next(
    app: Client, seller: Earner, database: Database, sign_in: SignIn
) -> None:
    order = await new_order(app, seller.reference, price_paise=30_000)
    payout = (await complete(app, order)).json["payout_id"]
    await walk(database, payout, "send", "settle")
    refunded = (await app.post(f"{PATH}/{order}/refund")).json
    assert (refunded["taken_back_paise"], refunded["owed_paise"]) == (0, 30_000)
    assert (await seller.figures())["debt"] == 30_000
    staff = await sign_in(Role.SUPPORT)
    listed = await staff.get("/api/admin/debts", params={"program": "marketplace", "holder": seller.reference})
    [debt] = listed.json["data"]
    assert (debt["outstanding"], debt["reference"]) == ("300.00", f"refund:{order}")
    sold = (await complete(app, await new_order(app, seller.reference))).json
    assert (sold["payout"]["amount_paise"], sold["payout"]["netted_paise"]) == (20_000, 30_000)
    assert (await seller.figures())["debt"] == 0
    told = (await staff.get(f"/api/admin/debts/{debt['id']}")).json["data"]
    assert [(part["how"], part["payoutId"]) for part in told["parts"]] == [("recovered", sold["payout_id"])]


async def test_staff_settle_and_forgive_what_is_owed(
    app: Client, seller: Earner, database: Database, sign_in: SignIn
) -> None:
    staff = await sign_in(Role.MANAGER)
    order = await new_order(app, seller.reference, price_paise=30_000)
    await walk(database, (await complete(app, order)).json["payout_id"], "send", "settle")
    await app.post(f"{PATH}/{order}/refund")
    [debt] = (await staff.get("/api/admin/debts", params={"holder": str(seller.holder), "open": "true"})).json["data"]
    path = f"/api/admin/debts/{debt['id']}"
    assert (await staff.post(f"{path}/settle")).error["code"] == "nothing_to_recover"
    assert (await staff.post(f"{path}/forgive", json={})).status == 400
    forgiven = (await staff.post(f"{path}/forgive", json={"reason": "Lost on our way"})).json["data"]
    assert (forgiven["outstanding"], forgiven["forgiven"], forgiven["parts"][0]["reason"]) == (
        "0.00", "300.00", "Lost on our way",
    )  # fmt: skip
    assert (await staff.post(f"{path}/settle")).error["code"] == "debt_ended"
    assert (await seller.figures())["debt"] == 0


# The list of staff ----------------------------------------------------------------------------------------------------


async def test_staff_find_payouts_by_kind_holder_and_order(app: Client, seller: Earner, sign_in: SignIn) -> None:
    staff, order = await sign_in(Role.SUPPORT), await new_order(app, seller.reference)
    done = (await complete(app, order)).json
    for params in (
        {"program": "marketplace", "order": order},
        {"order": done["id"]},
        {"program": "marketplace", "holder": seller.reference},
        {"holder": str(seller.holder), "kind": "seller_payout,scout_bounty", "status": "pending"},
    ):
        [payout] = (await staff.get("/api/payouts", params=params)).json["data"]
        assert (payout["id"], payout["kind"], payout["orderId"]) == (done["payout_id"], "seller_payout", done["id"])
    assert (await staff.get("/api/payouts", params={"holder": str(seller.holder), "status": "processing"})).json[
        "data"
    ] == []
    assert (await staff.get("/api/payouts", params={"order": order})).error["field"] == "program"
    for odd in ({"holder": "a\0b"}, {"order": "a\0b"}, {"kind": "a\0b"}, {"program": "a\0b"}, {"page": "0"}):
        assert (await staff.get("/api/payouts", params=odd)).error["field"] in odd
    assert (await staff.get("/api/payouts", params={"holder": "nobody"})).error["field"] == "program"
    assert (await staff.get("/api/payouts", params={"program": "marketplace", "holder": "nobody"})).status == 404


async def test_staff_turn_pages_by_number(app: Client, seller: Earner, sign_in: SignIn) -> None:
    staff = await sign_in(Role.SUPPORT)
    done = [(await complete(app, await new_order(app, seller.reference))).json["payout_id"] for _ in range(3)]
    asked = {"status": "pending", "limit": 2, "holder": str(seller.holder)}
    first, second, third = [(await staff.get("/api/payouts", params=asked | {"page": page})).json for page in (1, 2, 3)]
    assert [one["id"] for page in (first, second, third) for one in page["data"]] == done[::-1]
    assert {name: second[name] for name in ("total", "page", "pages", "hasMore")} == {
        "total": 3, "page": 2, "pages": 2, "hasMore": False,
    }  # fmt: skip
    both = await staff.get("/api/payouts", params=asked | {"page": 1, "cursor": first["nextCursor"]})
    assert both.error["field"] == "cursor"
    assert "total" not in (await staff.get("/api/payouts", params=asked)).json


async def test_staff_decide_about_many_each_on_its_own(
    app: Client, seller: Earner, sign_in: SignIn, database: Database
) -> None:
    staff = await sign_in(Role.MANAGER)
    ids = [(await complete(app, await new_order(app, seller.reference))).json["payout_id"] for _ in range(3)]
    await walk(database, ids[0], "send", "fail")
    nothing = str(uuid4())
    told = (await staff.post("/api/payouts/process", json={"ids": [ids[1], ids[1], ids[0], nothing]})).json["data"]
    assert (told["done"], told["refused"]) == (1, 2)
    assert [result.get("state") for result in told["results"]] == ["approved", None, None]
    assert told["results"][1]["error"]["allowedFrom"] == ["approved", "retrying"]
    told = (await staff.post("/api/payouts/retry", json={"ids": ids})).json["data"]
    assert [result.get("state") for result in told["results"]] == ["approved", None, None]
    assert told["results"][1]["error"]["allowedFrom"] == ["failed"]
    told = (await staff.post("/api/payouts/cancel", json={"ids": ids, "reason": "Twice"})).json["data"]
    assert (told["done"], told["refused"]) == (3, 0)
    assert (await seller.figures())["available"] == 150_000


async def test_staff_send_all_of_a_program_that_wait(sign_in: SignIn, platform: Issue, database: Database) -> None:
    staff, name = await sign_in(Role.MANAGER), f"m{uuid4().hex[:10]}"
    async with database.transaction() as tx:
        await apply_marketplace(tx, name)
        seller = await earner(tx, "seller", program=name)
    app = await platform(program=name)
    ids = {(await complete(app, await new_order(app, seller.reference))).json["payout_id"] for _ in range(2)}
    told = (await staff.post("/api/payouts/process", json={"program": name})).json["data"]
    assert (told["done"], told["hasMore"], {result["id"] for result in told["results"]}) == (2, False, ids)
    assert (await staff.post("/api/payouts/process", json={"program": name})).json["data"]["results"] == []
    for body in ({}, {"program": name, "ids": [str(uuid4())]}):
        assert (await staff.post("/api/payouts/process", json=body)).error["field"] == "ids"
    assert (await staff.post("/api/payouts/process", json={"program": "nowhere"})).status == 404
