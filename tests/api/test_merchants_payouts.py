"""Looking at payouts: one, lists and their filters, CSV; taking one back; a payout's history."""

import csv
import io
from typing import Any

import pytest

from bursar import payouts, programs
from bursar.foundation.db import Database
from house import Merchant, OpenShop

PATH = "/api/v1/payouts"


async def listed(shop: Merchant, **params: Any) -> list[str]:
    """The references of the payouts that a filter finds, in order."""
    answer = await shop.get(PATH, params=params)
    assert answer.status == 200, answer.body
    return [payout["merchantReference"] for payout in answer.json["data"]]


@pytest.fixture
async def shop(open_shop: OpenShop) -> Merchant:
    """A merchant with five payouts: 10.00, 20.00 … 50.00, called a-1, a-2, b-3, b-4 and =5."""
    shop = await open_shop()
    for number, reference in enumerate(["a-1", "a-2", "b-3", "b-4", "=5"], 1):
        answer = await shop.ask(f"key-{number}", merchantReference=reference, amount=f"{number}0.00")
        assert answer.status == 201
    return shop


async def test_a_list_begins_with_the_newest(shop: Merchant) -> None:
    answer = await shop.get(PATH)
    assert [payout["merchantReference"] for payout in answer.json["data"]] == ["=5", "b-4", "b-3", "a-2", "a-1"]
    assert (answer.json["nextCursor"], answer.json["hasMore"]) == (None, False)


async def test_pages_follow_each_other_whatever_is_added_meanwhile(shop: Merchant) -> None:
    first = (await shop.get(PATH, params={"limit": 2})).json
    await shop.ask("key-6", merchantReference="new")
    second = (await shop.get(PATH, params={"limit": 2, "cursor": first["nextCursor"]})).json
    third = (await shop.get(PATH, params={"limit": 2, "cursor": second["nextCursor"]})).json
    pages = [[payout["merchantReference"] for payout in page["data"]] for page in (first, second, third)]
    assert pages == [["=5", "b-4"], ["b-3", "a-2"], ["a-1"]]
    assert [page["hasMore"] for page in (first, second, third)] == [True, True, False]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"search": "a-"}, ["a-2", "a-1"]),
        ({"search": "A-1"}, ["a-1"]),
        ({"search": "%"}, []),
        ({"minAmount": "30.00"}, ["=5", "b-4", "b-3"]),
        ({"minAmount": "20", "maxAmount": "30"}, ["b-3", "a-2"]),
        ({"status": "PENDING"}, ["=5", "b-4", "b-3", "a-2", "a-1"]),
        ({"status": "SUCCESS,PENDING"}, ["=5", "b-4", "b-3", "a-2", "a-1"]),
        ({"status": "SUCCESS"}, []),
        ({"from": "2020-01-01", "to": "2020-12-31"}, []),
        ({"from": "2020-01-01"}, ["=5", "b-4", "b-3", "a-2", "a-1"]),
        ({"from": "2020-01-01T00:00:00Z", "to": "9999-01-01T00:00:00+05:00"}, ["=5", "b-4", "b-3", "a-2", "a-1"]),
        ({"to": "2020-01-01T00:00:00Z"}, []),
    ],
)
async def test_a_filter_finds_what_it_says(params: dict[str, str], found: list[str], shop: Merchant) -> None:
    assert await listed(shop, **params) == found


async def test_several_statuses_may_be_asked_for(shop: Merchant) -> None:
    await shop.ask("key-6", merchantReference="big", amount=100_000)
    answer = await shop.get(f"{PATH}?status=IN_REVIEW&status=SUCCESS")
    assert [payout["merchantReference"] for payout in answer.json["data"]] == ["big"]


async def test_a_payout_is_found_by_the_beginning_of_its_id(shop: Merchant) -> None:
    newest = (await shop.get(PATH)).json["data"][0]
    assert await listed(shop, search=newest["id"]) == ["=5"]


async def test_a_day_is_meant_whole(shop: Merchant) -> None:
    today = (await shop.get(PATH)).json["data"][0]["createdAt"][:10]
    assert len(await listed(shop, **{"from": today, "to": today})) == 5


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "AAAAAAAAAAAAAAAAAAAA=A"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "DONE"}, "status"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2025-13-01"}, "from"),
        ({"to": "2025-12-12T11:13:51"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"minAmount": "1.001"}, "minAmount"),
        ({"maxAmount": "lots"}, "maxAmount"),
        ({"search": ""}, "search"),
        ({"search": "nul\0"}, "search"),
        ({"stauts": "PENDING"}, "stauts"),
        ({"format": "xml"}, "format"),
    ],
)
async def test_a_bad_filter_is_named(params: dict[str, str], field: str, shop: Merchant) -> None:
    answer = await shop.get(PATH, params=params)
    assert (answer.status, answer.error["field"]) == (400, field), answer.body
    assert answer.error["rule"]


async def test_a_filter_given_twice_is_refused(shop: Merchant) -> None:
    assert (await shop.get(f"{PATH}?limit=1&limit=2")).error["rule"] == "given once"
    many = "&".join("status=PENDING" for _ in range(51))
    assert (await shop.get(f"{PATH}?{many}")).error["field"] == "query"


@pytest.mark.parametrize(("headers", "params"), [({"Accept": "text/csv"}, {}), ({}, {"format": "csv"})])
async def test_a_list_may_be_had_as_csv_without_formulas(
    headers: dict[str, str], params: dict[str, str], shop: Merchant
) -> None:
    answer = await shop.get(PATH, headers=headers, params={**params, "minAmount": "40"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "payouts.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [(row["merchantReference"], row["amount"], row["status"]) for row in rows] == [
        ("'=5", "50.00", "PENDING"),
        ("b-4", "40.00", "PENDING"),
    ]


async def test_somebody_elses_payout_is_not_there(shop: Merchant, acme: Merchant) -> None:
    theirs = (await shop.get(PATH)).json["data"][0]["id"]
    assert (await acme.get(f"{PATH}/{theirs}")).error["code"] == "payout_not_found"
    assert (await acme.post(f"{PATH}/{theirs}/cancel")).status == 404
    assert (await acme.get(f"{PATH}/{theirs}/events")).status == 404
    assert (await acme.get(PATH)).json["data"] == []


@pytest.mark.parametrize("odd", ["1", "nonsense", "%00", "0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b"])
async def test_what_is_no_payouts_id_is_not_found(odd: str, acme: Merchant) -> None:
    assert (await acme.get(f"{PATH}/{odd}")).status == 404


async def test_a_payout_may_be_taken_back_before_it_leaves(shop: Merchant) -> None:
    newest = (await shop.get(PATH)).json["data"][0]["id"]
    answer = await shop.post(f"{PATH}/{newest}/cancel", json={"reason": "Ordered twice"})
    assert (answer.status, answer.json["status"], answer.json["reason"]) == (200, "CANCELLED", "Ordered twice")
    assert (await shop.balance())["lockedAmount"] == "100.00"


async def test_a_payout_that_has_left_stays(shop: Merchant, database: Database) -> None:
    newest = (await shop.get(PATH)).json["data"][0]["id"]
    async with database.transaction() as tx:
        [payout] = await payouts.page(tx, payouts.Query(holder_id=shop.holder_id, limit=1))
        await payouts.advance(tx, [payouts.Step(payout.id, "send", "system:test")], book=programs.Book())
    answer = await shop.post(f"{PATH}/{newest}/cancel")
    assert (answer.status, answer.error["code"], answer.error["status"]) == (409, "wrong_status", "PROCESSING")


@pytest.mark.parametrize("body", [{"reason": "x" * 501}, {"reason": "nul\0"}, {"because": "no"}])
async def test_a_reason_is_a_text(body: dict[str, str], shop: Merchant) -> None:
    newest = (await shop.get(PATH)).json["data"][0]["id"]
    assert (await shop.post(f"{PATH}/{newest}/cancel", json=body)).status == 400


async def test_a_history_tells_what_happened_in_the_merchants_words(shop: Merchant) -> None:
    newest = (await shop.get(PATH)).json["data"][0]["id"]
    await shop.post(f"{PATH}/{newest}/cancel", json={"reason": "Ordered twice"})
    history = (await shop.get(f"{PATH}/{newest}/events")).json["data"]
    assert [event["status"] for event in history] == ["PENDING", "CANCELLED"]


async def test_events_are_news_only_and_newest_first(shop: Merchant) -> None:
    found = (await shop.get(PATH)).json["data"]
    for payout in found[:2]:
        await shop.post(f"{PATH}/{payout['id']}/cancel")
    first = (await shop.get("/api/v1/events", params={"limit": 1})).json
    second = (await shop.get("/api/v1/events", params={"limit": 1, "cursor": first["nextCursor"]})).json
    told = [*first["data"], *second["data"]]
    assert [(event["event"], event["status"], event["merchantReference"]) for event in told] == [
        ("payout.updated", "CANCELLED", "b-4"),
        ("payout.updated", "CANCELLED", "=5"),
    ]
    assert told[0]["eventId"] == f"evt_{found[1]['id'].replace('-', '')}_{told[0]['sequence']}"
    assert (await shop.get("/api/v1/events", params={"limit": 200})).json["hasMore"] is False


async def test_a_statement_shows_each_step_with_the_figures_after_it(open_shop: OpenShop) -> None:
    shop = await open_shop(money="1000.00")
    payout = (await shop.ask("key-1", amount="250.00")).json["id"]
    await shop.post(f"{PATH}/{payout}/cancel")
    lines = (await shop.get("/api/v1/ledger")).json["data"]
    figures = [
        (line["kind"], line["amount"], line["balance"], line["lockedAmount"], line["available"]) for line in lines
    ]
    assert figures == [
        ("void", "250.00", "1000.00", "0.00", "1000.00"),
        ("reserve", "250.00", "1000.00", "250.00", "750.00"),
        ("credit", "1000.00", "1000.00", "0.00", "1000.00"),
    ]
    assert [line["payoutId"] for line in lines] == [payout, payout, None]


async def test_a_statement_has_pages_and_csv(shop: Merchant) -> None:
    first = (await shop.get("/api/v1/ledger", params={"limit": 3})).json
    second = (await shop.get("/api/v1/ledger", params={"limit": 3, "cursor": first["nextCursor"]})).json
    assert [len(page["data"]) for page in (first, second)] == [3, 3]
    sheet = (await shop.get("/api/v1/ledger", headers={"Accept": "text/csv"})).body.decode()
    rows = list(csv.DictReader(io.StringIO(sheet, newline="")))
    assert [row["id"] for row in rows] == [line["id"] for line in [*first["data"], *second["data"]]]


async def test_who_has_nothing_has_zero(open_shop: OpenShop) -> None:
    shop = await open_shop(money=None)
    assert await shop.balance() == {"currency": "PKR", "balance": "0.00", "lockedAmount": "0.00", "available": "0.00"}
