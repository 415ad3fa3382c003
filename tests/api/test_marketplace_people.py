"""Scouts and sellers over HTTP: what is theirs, asking for it, what scouts are credited, and whom they recruited."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from bursar import identity, payouts
from bursar.api.marketplace.wire import WORDS, states_heard_as
from bursar.foundation.db import Database
from bursar.identity import Role, Scope
from bursar.payouts import PayoutState
from ground import AT
from house import Client
from market_house import MY_PAYOUTS, Earner, apply_marketplace, earner, new_order
from providers_house import Provider, walk

SignIn = Callable[..., Awaitable[Client]]
OpenAsha = Callable[..., Awaitable[Earner]]
Issue = Callable[..., Awaitable[Client]]


@pytest.fixture
async def scout(open_asha: OpenAsha) -> Earner:
    """A scout who has earned 5,000.00 INR, and somebody who acts for them."""
    return await open_asha(money="5000.00")


@pytest.fixture
async def app(platform: Issue) -> Client:
    """The marketplace's own system."""
    return await platform(program="marketplace")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("requested", "pending"),
        ("in_review", "pending"),
        ("approved", "pending"),
        ("sending", "processing"),
        ("sent", "processing"),
        ("retrying", "processing"),
        ("on_hold", "processing"),
        ("completed", "completed"),
        ("failed", "failed"),
        ("returned", "failed"),
        ("rejected", "cancelled"),
        ("cancelled", "cancelled"),
    ],
)
def test_marketplaces_hear_these_words(state: str, word: str) -> None:
    assert WORDS[PayoutState(state)] == word
    assert PayoutState(state) in states_heard_as([word])


def test_there_is_a_marketplace_word_for_every_state() -> None:
    assert WORDS.keys() == set(PayoutState)


# Asking ---------------------------------------------------------------------------------------------------------------


async def test_a_scout_asks_for_an_amount(scout: Earner) -> None:
    answer = await scout.ask(1000)
    assert answer.status == 201, answer.body
    told = answer.json
    assert told.items() >= {
        "payout_type": "scout_bounty",
        "status": "pending",
        "amount_paise": 1000,
        "netted_paise": 0,
        "user_id": scout.reference,
        "scout_id": scout.reference,
        "order_id": None,
        "completed_at": None,
    }.items()  # fmt: skip
    assert await scout.figures() == {
        "earnings": 500_000, "available": 499_000, "reserved": 1000, "paid": 0, "debt": 0,
    }  # fmt: skip


async def test_without_an_amount_it_is_all_there_is(scout: Earner) -> None:
    assert (await scout.ask()).json["amount_paise"] == 500_000
    again = await scout.ask()
    assert (again.status, again.error["code"]) == (409, "nothing_earned")


async def test_the_body_may_be_left_out(scout: Earner) -> None:
    answer = await scout.post(f"{scout.path}/request-payout")
    assert (answer.status, answer.json["amount_paise"]) == (201, 500_000)


async def test_of_two_who_want_everything_at_once_one_gets_it(scout: Earner) -> None:
    answers = await asyncio.gather(scout.ask(), scout.ask())
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert (await scout.figures())["reserved"] == 500_000


async def test_a_seller_asks_for_what_is_on_their_balance(open_asha: OpenAsha) -> None:
    seller = await open_asha(kind="seller", money="10.00")
    told = (await seller.ask()).json
    assert (told["payout_type"], told["scout_id"], told["amount_paise"]) == ("seller_payout", None, 1000)


async def test_more_than_there_is_is_refused_and_so_is_less_than_the_minimum(scout: Earner) -> None:
    more = await scout.ask(500_001)
    assert (more.status, more.error["code"]) == (409, "insufficient_funds")
    assert (more.error["available"], more.error["needed"]) == ("5000.00", "5000.01")
    assert (await scout.ask(99)).status == 400
    assert (await scout.figures())["reserved"] == 0


@pytest.mark.parametrize("amount", [0, -1, 1.5, "1000", True, 10**15 + 1])
async def test_an_amount_is_a_whole_number_of_paise(amount: object, scout: Earner) -> None:
    answer = await scout.post(f"{scout.path}/request-payout", json={"amount_paise": amount})
    assert (answer.status, answer.error["field"]) == (400, "amount_paise")
    assert "amount_paise must be" in answer.error["message"]


async def test_nobody_is_paid_who_has_not_said_where(open_asha: OpenAsha) -> None:
    lost = await open_asha(money="10.00", stores=False)
    answer = await lost.ask()
    assert (answer.status, answer.error["code"]) == (400, "no_default_destination")


async def test_the_same_key_gets_the_same_answer_and_pays_once(scout: Earner) -> None:
    first, again = await scout.ask(1000, key="k"), await scout.ask(1000, key="k")
    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await scout.ask(2000, key="k")).error["code"] == "idempotency_key_reused"
    assert (await scout.figures())["reserved"] == 1000


async def test_the_platform_and_staff_ask_for_anybody(scout: Earner, app: Client, sign_in: SignIn) -> None:
    staff, support = await sign_in(Role.MANAGER), await sign_in(Role.SUPPORT)
    for asker, name in ((app, scout.reference), (app, scout.holder), (staff, scout.reference), (staff, scout.holder)):
        answer = await asker.post(f"/api/scouts/{name}/request-payout", json={"amount_paise": 1000})
        assert answer.status == 201, answer.body
    refused = await support.post(f"/api/scouts/{scout.reference}/request-payout", json={"amount_paise": 1000})
    assert refused.status == 403
    assert (await scout.figures())["reserved"] == 4000


async def test_who_asked_may_not_approve_it(scout: Earner, sign_in: SignIn, database: Database) -> None:
    staff = await sign_in(Role.MANAGER)
    asked = (await staff.post(f"/api/scouts/{scout.reference}/request-payout", json={"amount_paise": 1000})).json
    async with database.transaction() as tx:
        payout = await payouts.get(tx, UUID(asked["payout_id"]))
    assert payout.requester == f"person:{payout.requester_person}"


async def test_nobody_asks_or_looks_for_another(scout: Earner, open_asha: OpenAsha, ada: Provider) -> None:
    other = await open_asha(money="10.00")
    seller = await open_asha(kind="seller", money="10.00")
    for stranger in (other, seller, ada):
        for answer in (
            await stranger.post(f"{scout.path}/request-payout", json={}),
            await stranger.get(scout.path),
            await stranger.get(f"/api/scouts/{scout.holder}"),
        ):
            assert (answer.status, answer.error["code"]) == (404, "holder_not_found")
    assert (await scout.figures())["reserved"] == 0


async def test_a_scout_is_no_seller_and_a_name_of_nobody_is_nothing(scout: Earner, app: Client) -> None:
    for path in (
        f"/api/sellers/{scout.reference}",
        "/api/scouts/nobody",
        f"/api/scouts/{uuid4()}",
        "/api/scouts/a%00b",
    ):
        assert (await app.get(path)).status == 404, path


async def test_the_platforms_own_name_comes_before_our_id(scout: Earner, app: Client, database: Database) -> None:
    """A platform may call one scout by what is our id of another."""
    async with database.transaction() as tx:
        other = await earner(tx, "scout", money="7.00")
        await tx.run("SET LOCAL session_replication_role = replica")
        await tx.run("UPDATE holders SET reference = $2 WHERE id = $1", other.id, str(scout.holder))
    assert (await app.get(f"/api/scouts/{scout.holder}")).json["available_paise"] == 700


async def test_a_key_of_another_program_finds_nobody(scout: Earner, platform: Issue) -> None:
    other = await platform(program="providers")
    assert (await other.get(scout.path)).status == 404
    assert (await other.get(scout.path, params={"program": "marketplace"})).error["field"] == "program"


async def test_staff_name_another_program_than_the_usual_one(
    sign_in: SignIn, open_asha: OpenAsha, database: Database
) -> None:
    name = f"m{uuid4().hex[:10]}"
    async with database.transaction() as tx:
        await apply_marketplace(tx, name)
    scout, staff = await open_asha(program=name, money="3.00"), await sign_in(Role.SUPPORT)
    assert (await staff.get(scout.path)).status == 404
    assert (await staff.get(scout.path, params={"program": name})).json["earnings_paise"] == 300
    assert (await scout.get(scout.path)).json["program"] == name


async def test_who_acts_in_several_programs_says_which(scout: Earner, database: Database, nobody: Client) -> None:
    name = f"m{uuid4().hex[:10]}"
    async with database.transaction() as tx:
        await apply_marketplace(tx, name)
        other = await earner(tx, "scout", program=name, money="3.00")
        [person] = (await identity.people_of(tx, [scout.holder]))[scout.holder]
        await identity.link(tx, [(person.id, other.id)], actor="system:test", at=AT)
    assert (await scout.get(scout.path)).error["field"] == "program"
    assert (await scout.get(scout.path, params={"program": "marketplace"})).status == 200
    chosen = await scout.get(f"/api/scouts/{other.reference}", headers={"X-HOLDER-ID": str(other.id)})
    assert chosen.json["earnings_paise"] == 300


async def test_where_no_earnings_are_credited_none_are_asked_for(database: Database, open_asha: OpenAsha) -> None:
    name = f"m{uuid4().hex[:10]}"
    async with database.transaction() as tx:
        await apply_marketplace(tx, name, **{"credits: earnings ": "credits: deposits "})
    scout = await open_asha(program=name)
    answer = await scout.ask(100)
    assert (answer.status, answer.error["code"]) == (403, "no_earnings")


# My payouts -----------------------------------------------------------------------------------------------------------


async def test_my_payouts_are_as_the_document_shows_them(scout: Earner, database: Database) -> None:
    asked = [(await scout.ask(paise)).json["payout_id"] for paise in (1000, 2000, 4000, 8000)]
    await walk(database, asked[0], "send", "settle")
    await walk(database, asked[1], "send")
    await walk(database, asked[2], "cancel", reason="Asked for twice")
    answer = (await scout.get(MY_PAYOUTS, params={"limit": 20})).json
    assert [one["payout_id"] for one in answer["payouts"]] == asked[::-1]
    assert [one["status"] for one in answer["payouts"]] == ["pending", "cancelled", "processing", "completed"]
    done = answer["payouts"][-1]
    assert done["completed_at"] is not None
    assert {
        "payout_id",
        "payout_type",
        "status",
        "amount_paise",
        "created_at",
        "completed_at",
        "payment_reference",
    } <= set(done)
    assert answer["payouts"][1]["failure_reason"] == "Asked for twice"
    assert {name: answer[name] for name in ("total", "total_paid_paise", "pending_paise", "processing_paise")} == {
        "total": 4, "total_paid_paise": 1000, "pending_paise": 8000, "processing_paise": 2000,
    }  # fmt: skip


async def test_my_payouts_are_filtered_and_paged_and_the_sums_are_over_all(scout: Earner) -> None:
    asked = [(await scout.ask(paise)).json["payout_id"] for paise in (1000, 2000, 4000)]
    first = (await scout.get(MY_PAYOUTS, params={"limit": 2})).json
    assert (first["has_more"], first["total"]) == (True, 3)
    second = (await scout.get(MY_PAYOUTS, params={"limit": 2, "cursor": first["next_cursor"]})).json
    assert [one["payout_id"] for one in first["payouts"] + second["payouts"]] == asked[::-1]
    assert (second["has_more"], second["next_cursor"], second["pending_paise"]) == (False, None, 7000)
    none = (await scout.get(MY_PAYOUTS, params={"status": "completed,failed"})).json
    assert (none["payouts"], none["total"], none["pending_paise"]) == ([], 0, 7000)
    assert (await scout.get(MY_PAYOUTS, params={"from": "2100-01-01"})).json["total"] == 0
    assert (await scout.get(MY_PAYOUTS, params={"status": "PENDING"})).error["field"] == "status"
    listed = await scout.get(MY_PAYOUTS, params={"format": "csv"})
    assert len(listed.body.decode().strip().splitlines()) == 4


async def test_my_payouts_are_those_of_all_for_whom_i_act(scout: Earner, database: Database, app: Client) -> None:
    async with database.transaction() as tx:
        seller = await earner(tx, "seller")
        [person] = (await identity.people_of(tx, [scout.holder]))[scout.holder]
        await identity.link(tx, [(person.id, seller.id)], actor="system:test", at=AT)
    order = await new_order(app, seller.reference)
    await app.call("PATCH", f"/api/orders/{order}/complete")
    await scout.ask(1000)
    both = (await scout.get(MY_PAYOUTS)).json
    assert [(one["payout_type"], one["order_id"]) for one in both["payouts"]] == [
        ("scout_bounty", None), ("seller_payout", order),
    ]  # fmt: skip
    assert both["pending_paise"] == 51_000
    one = (await scout.get(MY_PAYOUTS, headers={"X-HOLDER-ID": str(seller.id)})).json
    assert (one["total"], one["pending_paise"]) == (1, 50_000)


async def test_one_of_my_payouts_comes_with_its_story(scout: Earner, open_asha: OpenAsha) -> None:
    asked = (await scout.ask(1000)).json["payout_id"]
    told = (await scout.get(f"{MY_PAYOUTS}/{asked}")).json
    assert (told["status"], told["waiting"]["reason"]) == ("pending", "next_run")
    assert [line["status"] for line in told["history"]] == ["pending", "pending"]
    assert [part["amount_paise"] for part in told["earnings"]] == [1000]
    other = await open_asha()
    for name in (asked, str(uuid4()), "nothing"):
        assert (await other.get(f"{MY_PAYOUTS}/{name}")).error["code"] == "payout_not_found"


async def test_who_acts_for_nobody_of_a_marketplace_has_an_empty_list(ada: Provider) -> None:
    await ada.ask()
    told = (await ada.get(MY_PAYOUTS)).json
    assert (told["payouts"], told["total"], told["pending_paise"]) == ([], 0, 0)


# Bounties and recruiting ----------------------------------------------------------------------------------------------


async def test_a_bounty_is_credited_once_for_its_reference(scout: Earner, app: Client) -> None:
    body = {"reference": "referral-7", "amount_paise": 2500, "description": "Found a seller"}
    first, again = [await app.post(f"{scout.path}/bounties", json=body) for _ in range(2)]
    assert (first.status, first.json["replayed"], again.json["replayed"]) == (201, False, True)
    other = await app.post(f"{scout.path}/bounties", json=body | {"amount_paise": 1})
    assert (other.status, other.error["code"]) == (409, "earning_reference_reused")
    assert (await scout.figures())["available"] == 502_500


async def test_many_bounties_are_each_answered(scout: Earner, app: Client) -> None:
    items = [
        {"reference": "a", "amount_paise": 1},
        {"reference": "b", "amount_paise": 0},
        {"reference": " ", "amount_paise": 1},
    ]
    answer = await app.post(f"{scout.path}/bounties", json=items)
    assert (answer.status, answer.json["credited"], answer.json["refused"]) == (200, 1, 2)
    assert answer.json["results"][1]["error"]["field"] == "amount_paise"


async def test_a_seller_has_no_bounties(open_asha: OpenAsha, app: Client) -> None:
    seller = await open_asha(kind="seller")
    answer = await app.post(f"/api/scouts/{seller.reference}/bounties", json={"reference": "a", "amount_paise": 1})
    assert answer.status == 404


async def test_a_recruited_sellers_sale_brings_the_scout_a_bounty(
    scout: Earner, open_asha: OpenAsha, app: Client
) -> None:
    seller = await open_asha(kind="seller")
    path = f"{seller.path}/recruiter"
    told = await app.call("PUT", path, json={"scout_id": scout.reference})
    assert (told.status, told.json["bounties"]) == (200, 0), told.body
    order = await new_order(app, seller.reference)
    sold = await app.call("PATCH", f"/api/orders/{order}/complete")
    assert (sold.json["bounty_paise"], sold.json["fee_paise"]) == (2500, 5000)
    assert (await scout.figures())["available"] == 502_500
    assert (await app.call("PUT", path, json={"scout_id": scout.reference})).json["bounties"] == 1
    assert (await app.call("PUT", path, json={"scout_id": seller.reference})).status == 404
    assert (await app.call("PUT", f"{scout.path}/recruiter", json={"scout_id": scout.reference})).status == 404


async def test_a_key_needs_the_scope(scout: Earner, platform: Issue) -> None:
    reader = await platform(Scope.EARNINGS_READ, program="marketplace")
    assert (await reader.get(scout.path)).status == 200
    refused = await reader.post(f"{scout.path}/request-payout", json={})
    assert (refused.status, refused.error["needed"]) == (403, "payouts:request")
