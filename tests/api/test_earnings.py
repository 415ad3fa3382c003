"""Earnings over HTTP: credited by the platform, listed by whoever may see them, each with the payouts that used it."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from bursar.identity import Role, Scope
from house import Client, Reply
from providers_house import OpenProvider, Provider

PATH = "/api/earnings"
OWN = "/api/provider/earnings"

SignIn = Callable[..., Awaitable[Client]]
Issue = Callable[..., Awaitable[Client]]


@pytest.fixture
async def shop(platform: Issue) -> Client:
    """The platform's own system, with a key for everything that a program's key can do."""
    return await platform()


@pytest.fixture
async def poor(open_ada: OpenProvider) -> Provider:
    """A provider who has earned nothing yet."""
    return await open_ada(money=None)


def body(provider: Provider, **changes: Any) -> dict[str, Any]:
    """Something that a provider has earned; a change to None leaves the field out."""
    given = {"holder": provider.reference, "reference": f"order-{uuid4().hex}", "amount": "1250.50", **changes}
    return {name: value for name, value in given.items() if value is not None}


async def earn(shop: Client, provider: Provider, *amounts: str) -> list[str]:
    """Credit these amounts, a day after another; their ids."""
    items = [
        body(provider, amount=amount, earnedAt=f"2025-11-{day:02}T09:00:00Z") for day, amount in enumerate(amounts, 1)
    ]
    answer = await shop.post(PATH, json=items)
    assert answer.status == 200, answer.body
    return [result["id"] for result in answer.json["results"]]


# Crediting ------------------------------------------------------------------------------------------------------------


async def test_one_earning_is_credited_and_can_be_asked_for_at_once(shop: Client, poor: Provider) -> None:
    sent = body(poor, amount=1250.5, description="Wiring", earnedAt="2025-11-20T09:00:00+01:00")
    answer = await shop.post(PATH, json=sent)
    assert answer.status == 201, answer.body
    shown = answer.json
    assert (
        shown
        | {
            "status": "AVAILABLE",
            "reference": sent["reference"],
            "description": "Wiring",
            "earnedAt": "2025-11-20T08:00:00.000Z",
            "amount": "1250.50",
            "availableBalance": "1250.50",
            "reservedAmount": "0.00",
            "paidAmount": "0.00",
            "suspendedAmount": "0.00",
            "withheldAmount": "0.00",
            "payouts": [],
            "withheld": [],
        }
        == shown
    )
    assert shown["creditedBy"].startswith("key:")
    assert shown["holder"]["reference"] == poor.reference
    assert (await poor.get("/api/provider/balance")).json["availableBalance"] == "1250.50"


async def test_the_same_again_is_answered_alike_and_counts_once(shop: Client, poor: Provider) -> None:
    sent = body(poor)
    first, again = [await shop.post(PATH, json=sent) for _ in range(2)]
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (await poor.get("/api/provider/balance")).json["availableBalance"] == "1250.50"


async def test_other_content_under_a_used_reference_is_refused(shop: Client, poor: Provider) -> None:
    sent = body(poor)
    await shop.post(PATH, json=sent)
    answer = await shop.post(PATH, json=sent | {"amount": "1.00"})
    assert (answer.status, answer.error["code"]) == (409, "earning_reference_reused")
    assert answer.error["reference"] == sent["reference"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": None}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"holder": "nobody"}, "holder"),
        ({"holder": "a\u0000b"}, "holder"),
        ({"reference": " x"}, "reference"),
        ({"description": "x" * 501}, "description"),
        ({"earnedAt": "yesterday then"}, "earnedAt"),
        ({"earnedAt": "2999-01-01"}, "earnedAt"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_its_field(
    shop: Client, poor: Provider, wrong: dict[str, Any], field: str
) -> None:
    answer = await shop.post(PATH, json=body(poor, **wrong))
    assert (answer.status, answer.error["field"]) == (400, field)
    assert answer.error["rule"]


async def test_many_succeed_or_fail_each_on_its_own(shop: Client, poor: Provider) -> None:
    known = body(poor)
    await shop.post(PATH, json=known)
    items = [body(poor), body(poor, amount="0"), known, 17, body(poor, holder="nobody"), body(poor)]
    answer = await shop.post(PATH, json=items)
    assert answer.status == 200
    told = answer.json
    assert [told[name] for name in ("rows", "credited", "creditedBefore", "refused")] == [6, 2, 1, 3]
    assert [result.get("error", {}).get("code") for result in told["results"]] == [
        None, "invalid_amount", None, "invalid_body", "earning_not_credited", None,
    ]  # fmt: skip
    assert [result["row"] for result in told["results"]] == [1, 2, 3, 4, 5, 6]
    assert told["results"][2]["replayed"] is True
    assert (await poor.get("/api/provider/balance")).json["availableBalance"] == "3751.50"


async def test_many_again_change_nothing(shop: Client, poor: Provider) -> None:
    items = [body(poor, amount="1.00") for _ in range(700)]  # More than one transaction takes.
    first, again = [(await shop.post(PATH, json=items)).json for _ in range(2)]
    assert (first["credited"], again["credited"], again["creditedBefore"]) == (700, 0, 700)
    assert [result["id"] for result in first["results"]] == [result["id"] for result in again["results"]]
    assert (await poor.get("/api/provider/balance")).json["availableBalance"] == "700.00"


@pytest.mark.parametrize("sent", ["[]", "[1", "", "17", "null"])
async def test_what_is_no_earning_is_refused(shop: Client, sent: str) -> None:
    answer = await shop.post(PATH, data=sent, headers={"Content-Type": "application/json"})
    assert answer.status == 400, answer.body


async def test_more_than_the_terms_allow_at_once_is_refused(shop: Client, poor: Provider) -> None:
    answer = await shop.post(PATH, json=[1] * 10_001)
    assert (answer.status, answer.error["rule"]) == (400, "1 to 10000 earnings")


async def test_staff_credit_in_the_program_that_they_name(sign_in: SignIn, poor: Provider) -> None:
    manager = await sign_in(Role.MANAGER)
    assert (await manager.post(PATH, json=body(poor))).error["field"] == "program"
    answer = await manager.post(f"{PATH}?program=providers", json=body(poor))
    assert answer.status == 201
    assert answer.json["creditedBy"].startswith("person:")
    assert (await manager.post(f"{PATH}?program=merchants", json=body(poor))).error["field"] == "program"


async def test_a_key_credits_in_its_own_program_only(shop: Client, poor: Provider, platform: Issue) -> None:
    assert (await shop.post(f"{PATH}?program=merchants", json=body(poor))).error["field"] == "program"
    other = await platform(Scope.EARNINGS_WRITE, program="merchants")
    assert (await other.post(PATH, json=body(poor))).error["code"] == "earning_not_credited"


# Looking --------------------------------------------------------------------------------------------------------------


async def request_payout(provider: Provider, amount: str) -> str:
    """Ask for a payout; its id."""
    answer: Reply = await provider.ask(amount=amount)
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


async def test_an_earning_leads_to_its_payout_and_back(shop: Client, poor: Provider, sign_in: SignIn) -> None:
    old, new = await earn(shop, poor, "100.00", "100.00")
    payout = await request_payout(poor, "150.00")
    for path, client in ((f"{OWN}/{new}", poor), (f"{PATH}/{new}", shop)):
        shown = (await client.get(path)).json
        assert (shown["status"], shown["availableBalance"], shown["reservedAmount"]) == ("AVAILABLE", "50.00", "50.00")
        assert [(used["payoutId"], used["amount"], used["status"]) for used in shown["payouts"]] == [
            (payout, "50.00", "RESERVED")
        ]
    staff = await sign_in(Role.SUPPORT)
    for told in (
        (await poor.get(f"/api/provider/payouts/{payout}")).json,
        (await staff.get(f"/api/payouts/{payout}")).json["data"],
    ):
        assert [(part["earningId"], part["amount"], part["status"]) for part in told["earnings"]] == [
            (old, "100.00", "RESERVED"),
            (new, "50.00", "RESERVED"),
        ]


async def test_what_a_cancelled_payout_took_is_available_again(shop: Client, poor: Provider) -> None:
    [earning] = await earn(shop, poor, "100.00")
    payout = await request_payout(poor, "60.00")
    told = (await poor.post(f"/api/provider/payouts/{payout}/cancel")).json
    assert [part["status"] for part in told["earnings"]] == ["RELEASED"]
    shown = (await poor.get(f"{OWN}/{earning}")).json
    assert (shown["status"], shown["availableBalance"]) == ("AVAILABLE", "100.00")
    assert [used["status"] for used in shown["payouts"]] == ["RELEASED"]


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("", ["3.00", "2.00", "1.00"]),
        ("?status=AVAILABLE", ["3.00", "2.00"]),
        ("?status=RESERVED", ["1.00"]),
        ("?status=PAID_OUT,RESERVED", ["1.00"]),
        ("?from=2025-11-02", ["3.00", "2.00"]),
        ("?from=2025-11-02&to=2025-11-02", ["2.00"]),
        ("?search=nothing", []),
    ],
)
async def test_providers_list_their_own(shop: Client, poor: Provider, query: str, amounts: list[str]) -> None:
    await earn(shop, poor, "1.00", "2.00", "3.00")
    await request_payout(poor, "1.50")
    listed = await poor.get(f"{OWN}{query}")
    assert [earning["amount"] for earning in listed.json["data"]] == amounts
    of_shop = await shop.get(f"{PATH}{query or '?'}&holder={poor.reference}")
    assert [earning["amount"] for earning in of_shop.json["data"]] == amounts


async def test_pages_go_on_where_the_last_one_ended(shop: Client, poor: Provider) -> None:
    await earn(shop, poor, "1.00", "2.00", "3.00")
    first = (await poor.get(f"{OWN}?limit=2")).json
    second = (await poor.get(f"{OWN}?limit=2&cursor={first['nextCursor']}")).json
    assert [earning["amount"] for earning in first["data"] + second["data"]] == ["3.00", "2.00", "1.00"]
    assert (first["hasMore"], second["hasMore"]) == (True, False)


async def test_a_list_can_be_had_as_csv(shop: Client, poor: Provider) -> None:
    await shop.post(PATH, json=body(poor, reference="=cmd()", amount="5.00"))
    payout = await request_payout(poor, "5.00")
    for client, path in ((poor, f"{OWN}?format=csv"), (shop, f"{PATH}?format=csv&holder={poor.reference}")):
        answer = await client.get(path)
        [row] = csv.DictReader(io.StringIO(answer.body.decode()))
        assert (row["reference"], row["status"], row["reservedAmount"]) == ("'=cmd()", "RESERVED", "5.00")
        assert row["payouts"] == payout


async def test_somebody_elses_earnings_are_not_there(shop: Client, poor: Provider, open_ada: OpenProvider) -> None:
    [earning] = await earn(shop, poor, "1.00")
    other = await open_ada(money=None)
    assert (await other.get(f"{OWN}/{earning}")).status == 404
    assert (await other.get(OWN)).json["data"] == []
    assert (await poor.get(f"{OWN}/no-id")).status == 404


async def test_a_key_sees_its_own_programs_earnings_only(shop: Client, poor: Provider, platform: Issue) -> None:
    [earning] = await earn(shop, poor, "1.00")
    other = await platform(Scope.EARNINGS_READ, program="merchants")
    assert (await other.get(f"{PATH}/{earning}")).status == 404
    assert (await other.get(PATH)).json["data"] == []
    assert (await other.get(f"{PATH}?program=providers")).status == 400


async def test_staff_see_all_programs_and_name_one_to_name_a_holder(
    shop: Client, poor: Provider, sign_in: SignIn
) -> None:
    [earning] = await earn(shop, poor, "1.00")
    staff = await sign_in(Role.SUPPORT)
    assert (await staff.get(f"{PATH}/{earning}")).json["program"] == "providers"
    assert earning in [found["id"] for found in (await staff.get(PATH)).json["data"]]
    assert (await staff.get(f"{PATH}?holder={poor.reference}")).error["field"] == "program"
    assert (await staff.get(f"{PATH}?program=providers&holder=nobody")).status == 404
