"""Who tries the doors: others' ids, wrong roles, the requester's own word, wrong amounts, and everybody at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from bursar.identity import Role
from providers_world import PAYOUTS, PROGRAM, Provider, Providers, open_providers

AT_ONCE: Final = 50


@pytest.fixture
async def here(database_url: str, tmp_path: Path) -> AsyncIterator[Providers]:
    """The shipped program: whoever is new is looked at by people."""
    async with open_providers(database_url, tmp_path) as here:
        yield here


async def statuses(*calls: Any) -> Counter[int]:
    """How these calls were answered, made all at once."""
    return Counter(reply.status for reply in await asyncio.gather(*calls))


async def test_of_fifty_at_once_as_many_are_taken_as_the_balance_covers(here: Providers) -> None:
    await here.change_terms(risk__per_hour_max=None, risk__per_day_max=None)
    ada = await here.provider(earned=None)
    await here.earn(ada.reference, "300.00", "400.00", "350.00")
    told = await statuses(*(here.try_to_ask(ada, "100.00") for _ in range(AT_ONCE)))
    assert told == {201: 10, 400: AT_ONCE - 10}
    assert await ada.balance() == ("50.00", "1000.00")
    assert [status for status, _ in await ada.earnings()] == ["RESERVED", "RESERVED", "AVAILABLE"]
    await here.world.audit()


async def test_of_fifty_twins_one_is_taken_and_the_others_hear_the_same(here: Providers) -> None:
    ada = await here.provider()
    body = {"amount": 1000, "method": ada.method(), "reference": "November"}
    calls = (ada.post(PAYOUTS, json=body, headers={"Idempotency-Key": "one"}) for _ in range(AT_ONCE))
    replies = await asyncio.gather(*calls)
    assert {(reply.status, reply.body) for reply in replies} == {(201, replies[0].body)}
    other = await ada.post(PAYOUTS, json=body | {"amount": 1001}, headers={"Idempotency-Key": "one"})
    assert other.status == 422
    assert await ada.balance() == ("99000.00", "1000.00")
    await here.world.audit()


NO_AMOUNTS: Final = [
    *(
        0,
        "0.00",
        -1,
        "-5.00",
        "10.005",
        10.005,
        "NaN",
        "Infinity",
        "1e3",
        "ten",
        "",
        " 1",
        "1,000.00",
        "１０",
        True,
        None,
    ),
    *([], {}, "9" * 30, "92233720368547758.08", 10**400),
]


async def test_what_is_no_amount_of_naira_is_refused_and_reserves_nothing(here: Providers) -> None:
    ada = await here.provider()
    for amount in NO_AMOUNTS:
        answer = await ada.post(PAYOUTS, json={"amount": amount, "method": ada.method()})
        assert (answer.status, "error" in answer.json) == (400, True), (amount, answer.body)
    for body in (b"", b"{", b"[]", b'{"amount": NaN}', b"\xff", b'{"amount": 1e999}', b"null"):
        answer = await ada.post(PAYOUTS, data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, "error" in answer.json) == (400, True), (body, answer.body)
    assert await ada.balance() == ("100000.00", "0.00")
    assert await here.world.count("true", table="destinations") == 0, "nor is an account stored for nothing"


async def test_a_provider_sees_and_touches_nothing_of_anothers(here: Providers) -> None:
    ada, eve = await here.provider(), await here.provider("Eve Adams")
    payout, destination = await here.ask(ada), await here.store(ada)
    account = f"/api/provider/destinations/{destination}"
    as_ada = {"X-HOLDER-ID": str(ada.holder)}
    stolen = {"amount": 100, "destinationId": str(destination)}
    assert await statuses(
        eve.get(f"{PAYOUTS}/{payout}"),
        eve.post(f"{PAYOUTS}/{payout}/cancel"),
        eve.post(f"{account}/default"),
        eve.call("DELETE", account),
        eve.post(PAYOUTS, json=stolen),
    ) == {404: 5}
    assert await statuses(
        *(
            eve.get(f"/api/provider/{what}", headers=as_ada)
            for what in ("payouts", "balance", "earnings", "destinations")
        ),
        eve.post(PAYOUTS, json={"amount": 100, "method": eve.method()}, headers=as_ada),
    ) == {403: 5}
    for what in ("payouts", "earnings", "destinations"):
        seen = (await eve.get(f"/api/provider/{what}")).body.decode()
        assert not any(str(one) in seen for one in (payout, destination, ada.holder)), what
    assert await ada.status(payout) == "REQUESTED"


async def test_every_door_wants_the_role_that_it_is_for(here: Providers) -> None:
    ada = await here.provider()
    payout = await here.ask(ada)
    support = await here.staff(Role.SUPPORT)
    verbs = ("approve", "reject", "cancel", "retry", "process")
    for client in (ada, support):
        assert await statuses(*(client.post(f"/api/payouts/{payout}/{v}", json={"reason": "x"}) for v in verbs)) == {
            403: 5
        }
    order = {"holder": ada.reference, "reference": "mine", "amount": 10**6}
    known = {"holders": [{"reference": ada.reference, "name": "Ada", "verified": True}], "program": PROGRAM}
    for client in (ada, support):
        assert (await client.post("/api/earnings", params={"program": PROGRAM}, json=order)).status == 403
        assert (await client.post("/api/holders", json=known)).status == 403
        assert (await client.post(f"/api/holders/{ada.holder}/verify", json={"verified": True})).status == 403
    assert (await here.platform.post(PAYOUTS, json={"amount": 1, "method": ada.method()})).status == 401
    assert (await here.platform.post("/api/v1/payouts", json={}, headers={"X-IDEMPOTENCY-KEY": "x"})).status in {
        400,
        403,
    }
    assert (await support.post(PAYOUTS, json={"amount": 1, "method": ada.method()})).status == 403
    assert (await here.nobody.get(f"{PAYOUTS}/{payout}")).status == 401
    assert await ada.status(payout) == "REQUESTED"
    assert await ada.balance() == ("99000.00", "1000.00")


async def test_nobody_agrees_to_what_they_or_theirs_asked_for_through_any_door(here: Providers) -> None:
    """Somebody of the staff offers services as well, and asks from every door there is."""
    boss, other, ada = await here.staff(), await here.staff(), await here.provider()
    await here.act_for(boss, ada)
    asking = Provider(boss.session, boss.url, boss.headers, ada.reference, ada.name, ada.holder, ada.bank)
    system = await here.system(ada)
    method = {name: value for name, value in ada.method().items() if name != "type"}
    body = {"merchantReference": "one", "amount": "1000.00", "currency": "NGN", "destType": "BANK", **method}
    doors = {
        "requester_may_not_approve": [await here.ask(asking)],
        "acts_for_holder": [
            await here.ask(ada),
            UUID((await system.post("/api/v1/payouts", json=body, headers={"X-IDEMPOTENCY-KEY": "one"})).json["id"]),
        ],
    }
    for code, payouts in doors.items():
        for payout in payouts:
            for verb in ("approve", "reject"):
                refused = await boss.decide(payout, verb)
                assert (refused.status, refused.error["code"]) == (403, code), refused.body
            assert await ada.status(payout) == "REQUESTED"
            await other.approve(payout)
            assert await ada.status(payout) == "APPROVED"
    await here.world.audit()


async def test_of_two_who_decide_at_once_one_is_heard(here: Providers) -> None:
    ada = await here.provider()
    one, two, three = await here.staff(), await here.staff(), await here.staff()
    for first, second in (("approve", "approve"), ("approve", "reject"), ("reject", "reject")):
        payout = await here.ask(ada)
        assert await statuses(one.decide(payout, first), two.decide(payout, second)) == {200: 1, 409: 1}
        votes = await here.world.count("subject_id = $1", payout, table="votes")
        assert votes == 1
    payout = await here.ask(ada)
    told = await statuses(
        one.decide(payout, "approve"), two.decide(payout, "cancel"), three.decide(payout, "reject"),
        ada.post(f"{PAYOUTS}/{payout}/cancel"),
    )  # fmt: skip
    assert told[200] >= 1
    assert set(told) <= {200, 409}
    await here.world.audit()


async def test_where_two_have_to_agree_one_persons_word_counts_once(here: Providers) -> None:
    await here.change_terms(review__approvals_needed=2)
    ada, one, two = await here.provider(), await here.staff(), await here.staff()
    payout = await here.ask(ada)
    assert await statuses(*(one.decide(payout, "approve") for _ in range(10))) == {200: 1, 409: 9}
    assert await ada.status(payout) == "REQUESTED"
    await two.approve(payout)
    assert await ada.status(payout) == "APPROVED"
    await here.world.audit()
