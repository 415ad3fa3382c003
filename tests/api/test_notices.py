"""What a provider is told: what they want, what was sent, and the browsers it goes to."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from bursar.foundation.db import Database
from bursar.outbound.notices import VapidKey
from house import Client, RunningHouse, running
from providers_house import DESTINATIONS, METHOD, OpenProvider, Provider

PREFERENCES, NOTICES = "/api/provider/notice-preferences", "/api/provider/notices"
KEY, SUBSCRIPTIONS = "/api/push/vapid-key", "/api/push/subscriptions"
KEYS = {
    "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
VAPID = VapidKey.fresh()

As = Callable[[Client], Client]


def subscription(**changes: Any) -> dict[str, Any]:
    """What a browser gives."""
    return {"endpoint": "http://127.0.0.1:9/push/secret-place", "expirationTime": None, "keys": KEYS, **changes}


@pytest.fixture(scope="module")
def pushing(house: RunningHouse) -> Any:
    """A house on the same database that has a key for browsers."""
    with running(str(house.settings.database_url), vapid_private_key=SecretStr(VAPID.text)) as other:
        yield other


@pytest.fixture
def there(pushing: RunningHouse) -> As:
    """The same client at that house."""
    return lambda client: Client(client.session, pushing.url, client.headers)


# ---- What they want -------------------------------------------------------------------------------------------------


async def test_everything_is_told_until_somebody_says_otherwise(ada: Provider) -> None:
    answer = await ada.get(PREFERENCES)
    assert answer.status == 200
    told = {each["kind"]: each for each in answer.json["data"]}
    assert told.keys() == {
        "completed", "failed", "rejected", "returned", "destination_changed", "destination_denied",
    }  # fmt: skip
    assert all(each["email"] and each["push"] for each in told.values())
    assert {kind for kind, each in told.items() if not each["optional"]} == {
        "destination_changed", "destination_denied",
    }  # fmt: skip


async def test_what_is_chosen_counts_and_the_rest_stays(ada: Provider, open_ada: OpenProvider) -> None:
    body = {"preferences": [{"kind": "completed", "email": False}, {"kind": "failed", "push": False}]}
    changed = await ada.call("PUT", PREFERENCES, json=body)
    assert changed.status == 200
    assert changed.json == (await ada.get(PREFERENCES)).json
    told = {each["kind"]: (each["email"], each["push"]) for each in changed.json["data"]}
    assert (told["completed"], told["failed"], told["returned"]) == ((False, True), (True, False), (True, True))
    other = await open_ada()
    assert all(each["email"] for each in (await other.get(PREFERENCES)).json["data"])


async def test_what_guards_money_cannot_be_switched_off(ada: Provider) -> None:
    body = {"preferences": [{"kind": "destination_changed", "email": False}]}
    refused = await ada.call("PUT", PREFERENCES, json=body)
    assert (refused.status, refused.error["code"]) == (409, "notice_not_optional")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"preferences": []},
        {"preferences": [{"kind": "payout_flagged", "email": False}]},
        {"preferences": [{"kind": "completed", "sms": False}]},
        {"preferences": [{"kind": "completed", "email": "no"}]},
        {"preferences": [{"kind": "completed"}] * 21},
    ],
)
async def test_a_choice_of_another_shape_is_refused(body: dict[str, Any], ada: Provider) -> None:
    assert (await ada.call("PUT", PREFERENCES, json=body)).status == 400


# ---- What they were told --------------------------------------------------------------------------------------------


async def test_a_new_bank_account_is_told_by_the_call_that_stores_it(ada: Provider) -> None:
    added = await ada.post(DESTINATIONS, json=METHOD)
    assert added.status == 201, added.body
    [notice, *others] = (await ada.get(NOTICES)).json["data"]
    assert (notice["kind"], notice["channel"], notice["state"]) == ("destination_changed", "email", "waiting")
    assert "…@" in notice["to"]
    assert METHOD["accountNumber"] not in (await ada.get(NOTICES)).body.decode()
    again = await ada.post(DESTINATIONS, json=METHOD)
    assert again.status in {200, 201}
    assert len((await ada.get(NOTICES)).json["data"]) == 1 + len(others), "the same account is no news"


async def test_notices_come_in_pages_and_to_nobody_else(
    ada: Provider, open_ada: OpenProvider, database: Database
) -> None:
    for last in "12345":
        await ada.post(DESTINATIONS, json=METHOD | {"accountNumber": f"069000004{last}"})
    whole = (await ada.get(NOTICES)).json["data"]
    first = (await ada.get(NOTICES, params={"limit": 2})).json
    second = (await ada.get(NOTICES, params={"limit": 200, "cursor": first["nextCursor"]})).json
    assert [each["id"] for each in first["data"] + second["data"]] == [each["id"] for each in whole]
    assert (first["hasMore"], second["hasMore"]) == (True, False)
    assert (await (await open_ada()).get(NOTICES)).json["data"] == []


# ---- Browsers -------------------------------------------------------------------------------------------------------


async def test_a_browser_is_subscribed_seen_and_unsubscribed(ada: Provider, there: As) -> None:
    client = there(ada)
    assert (await client.get(KEY)).json == {"key": VAPID.public}
    added = await client.post(SUBSCRIPTIONS, json=subscription())
    assert added.status == 201, added.body
    assert added.json["service"] == "127.0.0.1"
    again = await client.post(SUBSCRIPTIONS, json=subscription())
    assert again.json["id"] == added.json["id"]
    listed = await client.get(SUBSCRIPTIONS)
    assert listed.json["data"] == [added.json]
    for secret in ("secret-place", KEYS["auth"], KEYS["p256dh"]):
        assert secret not in listed.body.decode() + added.body.decode()
    assert (await client.call("DELETE", f"{SUBSCRIPTIONS}/{added.json['id']}")).status == 204
    assert (await client.get(SUBSCRIPTIONS)).json["data"] == []
    gone = await client.call("DELETE", f"{SUBSCRIPTIONS}/{added.json['id']}")
    assert (gone.status, gone.error["code"]) == (404, "subscription_not_found")


async def test_nobody_sees_or_ends_anothers_browser(ada: Provider, open_ada: OpenProvider, there: As) -> None:
    mine = (await there(ada).post(SUBSCRIPTIONS, json=subscription())).json["id"]
    other = there(await open_ada())
    assert (await other.get(SUBSCRIPTIONS)).json["data"] == []
    for place in (mine, "x"):
        assert (await other.call("DELETE", f"{SUBSCRIPTIONS}/{place}")).status == 404
    assert len((await there(ada).get(SUBSCRIPTIONS)).json["data"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"endpoint": "http://push.example.com/x"}, "url"),
        ({"endpoint": "https://169.254.169.254/latest"}, "url"),
        ({"endpoint": "https://push.example.com:8443/x"}, "url"),
        ({"endpoint": "ftp://example"}, "url"),
        ({"keys": KEYS | {"auth": "BTBZMqHH6r4Tts7J_aSIggAA"}}, "keys.auth"),
        ({"keys": KEYS | {"p256dh": "A" * 87}}, "keys.p256dh"),
        ({"keys": {"auth": KEYS["auth"]}}, "keys.p256dh"),
    ],
)
async def test_a_subscription_that_could_never_work_is_refused(
    changes: dict[str, Any], field: str, ada: Provider, there: As
) -> None:
    refused = await there(ada).post(SUBSCRIPTIONS, json=subscription(**changes))
    assert (refused.status, refused.error["field"]) == (400, field)
    assert KEYS["auth"] not in refused.body.decode()


async def test_without_a_key_no_browser_is_subscribed(ada: Provider) -> None:
    for refused in (await ada.get(KEY), await ada.post(SUBSCRIPTIONS, json=subscription())):
        assert (refused.status, refused.error["code"]) == (409, "push_not_configured")
