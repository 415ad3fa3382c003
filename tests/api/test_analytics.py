"""How payouts went, over HTTP: JSON and CSV, bounded, and with complaints that name what is wrong."""

import csv
import io
from collections.abc import Awaitable, Callable

import pytest

from bursar.identity import Role
from house import Client, OpenShop

PATH = "/api/admin/analytics"


@pytest.fixture
async def staff(sign_in: Callable[..., Awaitable[Client]]) -> Client:
    """Somebody who may look."""
    return await sign_in(Role.SUPPORT)


@pytest.fixture
async def asked_for(open_shop: OpenShop) -> None:
    """Two payouts of a merchant's."""
    shop = await open_shop()
    assert {(await shop.ask(key)).status for key in ("a", "b")} == {201}


async def test_payouts_are_counted_by_what_was_asked(asked_for: None, staff: Client) -> None:
    query = [("program", "merchants"), ("group", "day,status"), ("group", "kind")]
    told = (await staff.get(PATH, params=query)).json
    assert (told["program"], told["timeZone"], told["group"]) == ("merchants", "UTC", ["day", "kind", "status"])
    rows = [row for row in told["data"] if row["status"] == "approved"]
    assert sum(row["count"] for row in rows) >= 2
    assert {(row["currency"], row["gateway"]) for row in rows} == {("PKR", None)}
    assert all(row["successRate"] is None for row in rows)
    assert all(told["from"] <= row["date"] <= told["to"] for row in rows)


async def test_csv_holds_the_same_figures(asked_for: None, staff: Client) -> None:
    params = {"program": "merchants", "group": "status", "format": "csv"}
    rows = list(csv.DictReader(io.StringIO((await staff.get(PATH, params=params)).body.decode())))
    told = (await staff.get(PATH, params=params | {"format": "json"})).json["data"]
    assert [(row["status"], row["count"], row["amount"]) for row in rows] == [
        (row["status"], str(row["count"]), row["amount"]) for row in told
    ]


async def test_all_programs_at_once_go_by_utc(staff: Client) -> None:
    told = (await staff.get(PATH)).json
    assert (told["program"], told["timeZone"], told["group"]) == (None, "UTC", [])
    day = (await staff.get(PATH, params={"from": "2026-01-01", "to": "2026-01-01"})).json
    assert (day["from"], day["to"], day["data"]) == ("2026-01-01", "2026-01-01", [])


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ("group=day,week", "group", "one of day, week and month, not several"),
        ("group=colour", "group", "one of day, week, month, kind, status, gateway"),
        ("from=2026-01-01&to=2027-01-02", "to", "so that there are at most 366 days"),
        ("from=2026-02-01&to=2026-01-01", "to", "2026-02-01 (from) or a later day"),
        ("from=2026-02-30", "from", "a day such as 2026-11-20"),
        ("from=yesterday", "from", None),
        ("colour=red", "colour", None),
    ],
)
async def test_what_cannot_be_counted_is_refused(query: str, field: str, rule: str | None, staff: Client) -> None:
    answer = await staff.get(f"{PATH}?{query}")
    assert (answer.status, answer.error["field"]) == (400, field)
    assert rule is None or answer.error["rule"] == rule


async def test_a_program_that_there_is_not_is_not_found(staff: Client) -> None:
    assert (await staff.get(PATH, params={"program": "nowhere"})).status == 404
