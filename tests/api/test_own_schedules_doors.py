"""Schedules of one's own, through the doors of scouts and sellers and of their platform."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bursar.foundation.db import Database
from bursar.identity import Scope
from house import Client
from market_house import Earner, earner
from providers_house import OpenProvider

MINE = "/api/payouts/my-schedule"
MONDAYS = {"frequency": "weekly", "day": 1, "hour": 9}
NONE = {"frequency": None, "day": None, "hour": None, "minimum_paise": None, "next_at": None, "last_at": None}

OpenAsha = Callable[..., Awaitable[Earner]]
Platform = Callable[..., Awaitable[Client]]


async def test_a_scout_chooses_when_to_be_paid_and_how_much_at_least(open_asha: OpenAsha) -> None:
    asha = await open_asha()
    before = (await asha.get(MINE)).json
    assert before == NONE | {"offered": True, "time_zone": "Asia/Kolkata", "last_reason": None}
    said = (await asha.call("PUT", MINE, json=MONDAYS | {"minimum_paise": 100_000})).json
    assert said["next_at"].endswith("T03:30:00.000Z"), "nine o'clock in Kolkata"
    assert said == before | MONDAYS | {"minimum_paise": 100_000, "next_at": said["next_at"]}
    said = (await asha.call("PUT", MINE, json={"frequency": "monthly", "day": 31})).json
    assert (said["day"], said["hour"], said["minimum_paise"]) == (31, 9, None), (
        "what is left out is not wished any more"
    )
    assert (await asha.get(MINE)).json == said
    assert (await asha.call("DELETE", MINE)).json == (await asha.get(MINE)).json == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "frequency"),
        ({"frequency": "hourly"}, "frequency"),
        ({"frequency": "weekly"}, "day"),
        ({"frequency": "weekly", "day": 7}, "day"),
        ({"frequency": "daily", "day": 1}, "day"),
        ({"frequency": "daily", "hour": 24}, "hour"),
        ({"frequency": "daily", "minimum_paise": 0}, "minimum_paise"),
        ({"frequency": "daily", "minute": 5}, "minute"),
    ],
    ids=str,
)
async def test_what_makes_no_sense_changes_nothing(open_asha: OpenAsha, body: dict[str, Any], field: str) -> None:
    asha = await open_asha()
    answer = await asha.call("PUT", MINE, json=body)
    assert (answer.status, answer.error["field"]) == (400, field)
    assert (await asha.get(MINE)).json["frequency"] is None


async def test_where_the_terms_have_none_nobody_chooses(open_ada: OpenProvider) -> None:
    ada = await open_ada()
    assert (await ada.get(MINE)).json["offered"] is False
    answer = await ada.call("PUT", MINE, json=MONDAYS)
    assert (answer.status, answer.error["code"]) == (409, "own_schedules_not_offered")


async def test_the_platform_chooses_for_its_sellers(platform: Platform, database: Database) -> None:
    ours = await platform(program="marketplace")
    async with database.transaction() as tx:
        seller = await earner(tx, "seller")
    path = f"/api/holders/{seller.id}/payout-preferences"
    said = (await ours.call("PATCH", path, json={"schedule": {"frequency": "daily"}, "minimum": "10.00"})).json
    assert said["schedule"] == {
        "frequency": "daily", "day": None, "hour": 9, "nextAt": said["schedule"]["nextAt"], "lastAt": None,
        "lastReason": None,
    }  # fmt: skip
    said = (await ours.call("PATCH", path, json={"minimum": None})).json
    assert (said["minimum"], said["schedule"]["frequency"]) == (None, "daily"), "what is left out stays as it is"
    assert (await ours.call("PATCH", path, json={"schedule": None})).json["schedule"] is None
    only_reading = await platform(Scope.HOLDERS_READ, program="marketplace")
    assert (await only_reading.call("PATCH", path, json={"schedule": None})).status == 403
