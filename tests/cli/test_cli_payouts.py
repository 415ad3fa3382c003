"""``bursar payouts``, as somebody at a keyboard uses it."""

from typing import Any
from uuid import UUID

import pytest
from cli_house import PASSWORD, Bursar

from bursar import payouts, programs
from bursar.foundation.db import Database
from bursar.foundation.errors import Refusal

NOBODYS = "01a1f867-0000-7000-8000-000000000000"
ACCOUNT = "1234500001"


def move(house: Bursar, payout_id: str, *verbs: str) -> None:
    """Let something happen to a payout that only a gateway brings about."""

    async def work(database: Database) -> None:
        steps = [
            payouts.Step(UUID(payout_id), verb, "gateway:test", gateway="test", gateway_reference="PSP1")
            for verb in verbs
        ]
        async with database.transaction() as tx:
            for result in await payouts.advance(tx, steps, book=programs.Book()):
                assert not isinstance(result, Refusal), result

    house.directly(work)


def decide(house: Bursar, verb: str, *ids: str, by: str = "amina@example.com", code: int = 0) -> Any:
    """Vote on payouts."""
    return house.json(
        "payouts", verb, *ids, "--as", by, "--reason", "seen", "--password-stdin", given=f"{PASSWORD}\n", code=code
    )


# Creating -------------------------------------------------------------------------------------------------------------


def test_a_payout_is_asked_for_and_its_money_reserved(shop: Bursar) -> None:
    made = shop.ask("1000.50")
    assert (made["state"], made["amount"]) == ("approved", {"amount": "1000.50", "currency": "PKR"})
    held = shop.json("ledger", "balances", "--program", "merchants")["holders"][0]
    assert held["reserved"]["amount"] == "1000.50"


def test_an_account_number_is_never_shown(shop: Bursar) -> None:
    made = shop.ask(account=ACCOUNT)
    shown = [shop.said("payouts", *args) for args in (("list",), ("list", "--json"), ("show", made["id"], "--json"))]
    assert made["destination"] == "HBL …0001, Test User"
    assert not [text for text in shown if ACCOUNT in text]


def test_what_the_terms_do_not_allow_is_refused(shop: Bursar) -> None:
    of = ("--program", "merchants", "--holder", "acme", "--account", ACCOUNT, "--title", "T", "--reference", "r")
    assert "not_allowed" in shop.refused("payouts", "create", *of, "--amount", "10", "--bank", "NOBANK")
    assert "invalid_amount" in shop.refused("payouts", "create", *of, "--amount", "10.005", "--bank", "HBL")
    assert "insufficient_funds" in shop.refused("payouts", "create", *of, "--amount", "2000000", "--bank", "HBL")
    assert shop.json("payouts", "list") == []


# Looking --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def several(shop: Bursar) -> Bursar:
    """An installation with three payouts: small, middling, and one that waits for people."""
    for amount, reference in (("10", "small"), ("5000", "middling"), ("100000", "large")):
        shop.ask(amount, reference=reference)
    return shop


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((), ["large", "middling", "small"]),
        (("--state", "in_review"), ["large"]),
        (("--state", "in_review", "--state", "approved"), ["large", "middling", "small"]),
        (("--search", "mid"), ["middling"]),
        (("--program", "merchants", "--min", "10.01", "--max", "99999.99"), ["middling"]),
        (("--program", "merchants", "--holder", "acme", "--limit", "2"), ["large", "middling"]),
        (("--until", "2020-01-01"), []),
        (("--since", "2020-01-01"), ["large", "middling", "small"]),
    ],
)
def test_lists_are_narrowed_by_filters(several: Bursar, filters: tuple[str, ...], found: list[str]) -> None:
    assert [row["reference"] for row in several.json("payouts", "list", *filters)] == found


def test_a_list_goes_on_after_its_last_payout(several: Bursar) -> None:
    [newest] = several.json("payouts", "list", "--limit", "1")
    assert newest["id"] in several("payouts", "list", "--limit", "1").stderr, "it says how to go on"
    rest = several.json("payouts", "list", "--after", newest["id"])
    assert [row["reference"] for row in rest] == ["middling", "small"]


def test_a_reference_without_its_program_is_wrong_usage(several: Bursar) -> None:
    assert several("payouts", "list", "--holder", "acme").exit_code == 2


def test_what_waits_says_for_what(several: Bursar) -> None:
    several.said("kill-switch", "on", "--program", "merchants", "--reason", "bank holiday")
    waiting = {row["reference"]: row["waiting"] for row in several.json("payouts", "list")}
    assert waiting == {"large": "approval", "middling": "bank holiday", "small": "bank holiday"}


def test_a_payout_is_shown_with_its_whole_story(shop: Bursar) -> None:
    shop.employ("amina@example.com")
    made = shop.ask("150000")
    decide(shop, "approve", made["id"])
    move(shop, made["id"], "send", "settle")
    story = shop.json("payouts", "show", made["id"])
    assert story["payout"]["state"] == "completed"
    told = [(entry["kind"], entry["text"].split(":")[0].split()[0]) for entry in story["timeline"]]
    assert told == [
        ("move", "request"), ("check", "high"), ("check", "pass"), ("move", "review"), ("money", "reserve"),
        ("vote", "amina@example.com"), ("move", "approve"),
        ("move", "send"), ("move", "settle"), ("money", "post"),
    ]  # fmt: skip
    page = shop.said("payouts", "show", made["id"])
    assert "amina@example.com agreed (seen)" in page
    assert "post 150,000.00 PKR: reserved → clearing" in page


def test_a_payout_that_is_not_there_is_refused(shop: Bursar) -> None:
    assert "payout_not_found" in shop.refused("payouts", "show", NOBODYS)


# Deciding -------------------------------------------------------------------------------------------------------------


def test_a_review_is_approved_by_somebody_who_signs_in(shop: Bursar) -> None:
    shop.employ("amina@example.com")
    made = shop.ask("150000")
    [decided] = decide(shop, "approve", made["id"])
    assert decided["state"] == "approved"


def test_a_review_is_rejected_and_its_money_is_free_again(shop: Bursar) -> None:
    shop.employ("amina@example.com")
    [decided] = decide(shop, "reject", shop.ask("150000")["id"])
    assert (decided["state"], decided["reason"]) == ("rejected", "seen")
    held = shop.json("ledger", "balances", "--program", "merchants")["holders"][0]
    assert held["available"]["amount"] == "1000000.00"


def test_a_wrong_password_decides_nothing(shop: Bursar) -> None:
    shop.employ("amina@example.com")
    made = shop.ask("150000")
    options = ("--as", "amina@example.com", "--password-stdin")
    assert "sign_in_refused" in shop.refused("payouts", "approve", made["id"], *options, given="guess\n")
    assert shop.json("payouts", "list")[0]["state"] == "in_review"


def test_a_role_that_may_only_look_decides_nothing(shop: Bursar) -> None:
    shop.employ("sam@example.com", role="Support")
    made = shop.ask("150000")
    options = ("--as", "sam@example.com", "--password-stdin")
    for verb in ("approve", "cancel"):
        assert "not_permitted" in shop.refused("payouts", verb, made["id"], *options, given=f"{PASSWORD}\n")


def test_nobody_approves_what_they_asked_for(shop: Bursar) -> None:
    shop.employ("amina@example.com")
    shop.employ("ben@example.com")
    of = ("--program", "merchants", "--holder", "acme", "--bank", "HBL", "--account", ACCOUNT, "--title", "T")
    own = ("--as", "amina@example.com", "--password-stdin", "--amount", "150000", "--reference", "own")
    made = shop.json("payouts", "create", *of, *own, given=f"{PASSWORD}\n")
    [refused] = decide(shop, "approve", made["id"], code=1)
    assert refused["error"]["code"] == "requester_may_not_approve"
    [decided] = decide(shop, "approve", made["id"], by="ben@example.com")
    assert decided["state"] == "approved"


def test_each_payout_is_decided_on_its_own(shop: Bursar) -> None:
    shop.employ("amina@example.com")
    small, large = shop.ask("10"), shop.ask("150000")
    results = decide(shop, "approve", small["id"], large["id"], large["id"], NOBODYS, code=1)
    assert [result.get("error", {}).get("code") for result in results] == ["wrong_state", None, "payout_not_found"]
    assert results[1]["state"] == "approved"


def test_a_payout_is_cancelled_by_whoever_is_at_the_keyboard(shop: Bursar) -> None:
    made = shop.ask()
    [cancelled] = shop.json("payouts", "cancel", made["id"], "--reason", "asked twice")
    assert cancelled["state"] == "cancelled"
    [*_, last] = [e for e in shop.json("payouts", "show", made["id"])["timeline"] if e["kind"] == "move"]
    assert last["facts"]["actor"].startswith("cli")


def test_a_failed_payout_is_tried_again(shop: Bursar) -> None:
    made = shop.ask()
    move(shop, made["id"], "send", "fail")
    [retried] = shop.json("payouts", "retry", made["id"])
    assert (retried["state"], retried["tries"]) == ("approved", 1)


# Watching -------------------------------------------------------------------------------------------------------------


def test_watching_ends_when_all_that_were_named_rest(shop: Bursar) -> None:
    made = shop.ask()
    move(shop, made["id"], "send", "settle")
    assert [row["state"] for row in shop.json("payouts", "watch", made["id"])] == ["completed"]


def test_watching_says_when_time_came_first(shop: Bursar) -> None:
    made = shop.ask()
    result = shop("payouts", "watch", made["id"], "--timeout", "0.1")
    assert result.exit_code == 1
    assert "approved" in result.stdout
