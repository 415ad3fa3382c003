"""``bursar risk``: explaining a decision, trying out terms on the past, and the denied list."""

from pathlib import Path
from typing import Any

import pytest
from cli_house import PASSWORD, Bursar

from bursar.payouts import Difference
from ground import terms_text

NUMBER = "98765432100001"


def draft(folder: Path, **changes: Any) -> str:
    """A program file with these changes to the merchants' terms."""
    file = folder / "draft.yaml"
    file.write_text(terms_text(**changes))
    return str(file)


def backtest(shop: Bursar, file: str, **options: str) -> Any:
    """What the replay said."""
    given = {"program": "merchants", "terms": file, "since": "2020-01-01", **options}
    return shop.json("risk", "backtest", *(word for name, value in given.items() for word in (f"--{name}", value)))


def differences(said: Any) -> dict[str, int]:
    """How many payouts came out how, where any did."""
    return {row["difference"]: row["count"] for row in said["differences"] if row["count"]}


def test_a_decision_is_explained_with_findings_thresholds_and_who_decided(shop: Bursar) -> None:
    shop.employ("amina@example.com")
    asked = shop.ask("150000")
    who = ("--as", "amina@example.com", "--password-stdin")
    shop.json("payouts", "approve", asked["id"], *who, given=f"{PASSWORD}\n")
    said = shop.json("risk", "explain", asked["id"])
    assert (said["verdict"], said["reviewed"], said["terms_version"]) == ("high", True, 1)
    assert [one["rule"] for one in said["findings"]] == ["amount_over_review_threshold", "denied"]
    assert said["findings"][0]["facts"] == {"amount": "150000.00", "threshold": "100000.00"}
    assert said["thresholds"]["review.amount_at"] == {"amount": "100000.00", "currency": "PKR"}
    assert said["thresholds"]["risk.denied"] is True
    assert [one["text"].partition(":")[0].partition(" (")[0] for one in said["decided"]] == [
        "review",
        "amina@example.com agreed",
        "approve",
    ]


def test_people_read_it_strongest_first(shop: Bursar) -> None:
    said = shop.said("risk", "explain", shop.ask("150000")["id"])
    assert "150,000.00 PKR under merchants version 1: high, people had to look." in said
    assert said.index("is at or above 100,000.00 PKR") < said.index("on the denied list")
    assert "nobody had to look" in shop.said("risk", "explain", shop.ask("10", reference="inv-2")["id"])


def test_what_is_not_there_cannot_be_explained(shop: Bursar) -> None:
    assert "payout_not_found" in shop.refused("risk", "explain", "0193f0c1-0000-7000-8000-000000000000")


def test_draft_terms_are_tried_out_on_what_was_decided(shop: Bursar, tmp_path: Path) -> None:
    for number, amount in enumerate(("100", "60000", "150000")):
        shop.ask(amount, reference=f"inv-{number}", account=f"123450000{number}")
    same = backtest(shop, draft(tmp_path))
    assert differences(same) == {"still_approved": 2, "still_held": 1}
    stricter = backtest(shop, draft(tmp_path, review__amount_at=50000.00))
    assert differences(stricter) == {"still_approved": 1, "still_held": 1, "newly_held": 1}
    assert stricter["rules"] == [
        {
            "difference": Difference.NEWLY_HELD,
            "rule": "amount_over_review_threshold",
            "count": 1,
            "money": [{"amount": "60000.00", "currency": "PKR"}],
        }
    ]
    assert backtest(shop, draft(tmp_path), until="2020-02-01")["count"] == 0
    assert shop.json("payouts", "list", "--state", "in_review"), "and nothing has moved"


def test_people_read_a_replay_as_a_table(shop: Bursar, tmp_path: Path) -> None:
    shop.ask("60000")
    file = draft(tmp_path, review__amount_at=50000.00)
    said = shop.said("risk", "backtest", "--terms", file, "--since", "2020-01-01")
    assert "1 payouts of merchants" in said
    [line] = [line for line in said.splitlines() if "newly_held" in line and "amount_over" in line]
    assert line.split()[2:] == ["1", "60,000.00", "PKR"]


@pytest.mark.parametrize(("changes", "code"), [({"program": "others"}, 2), ({"review__approvals_needed": 99}, 1)])
def test_a_draft_is_about_the_program_and_in_order(
    shop: Bursar, tmp_path: Path, changes: dict[str, Any], code: int
) -> None:
    file = draft(tmp_path, **changes)
    result = shop("risk", "backtest", "--program", "merchants", "--terms", file, "--since", "2020-01-01")
    assert result.exit_code == code, result.output


@pytest.mark.parametrize(
    ("options", "what", "meant"),
    [
        (("--program", "merchants", "--holder", "acme"), "holder", "merchants/acme"),
        (("--name", "Test User"), "name", "Test User"),
        (("--bank", "HBL"), "destination", "a destination"),
    ],
)
def test_whoever_is_denied_is_held_until_allowed_again(
    shop: Bursar, options: tuple[str, ...], what: str, meant: str
) -> None:
    entry = shop.json("risk", "deny", *options, "--reason", "case 17", given=f"{NUMBER}\n")
    assert entry["what"] == what
    [listed] = shop.json("risk", "denied")
    assert (listed["id"], listed["meant"], listed["reason"]) == (entry["id"], meant, "case 17")
    assert shop.ask(account=NUMBER)["state"] == "in_review"
    shop.said("risk", "allow", entry["id"])
    assert shop.json("risk", "denied") == []
    assert shop.ask(account=NUMBER, reference="inv-2")["state"] == "approved"
    assert "denial_not_found" in shop.refused("risk", "allow", entry["id"])


def test_the_destination_of_a_payout_is_denied_without_saying_its_number(shop: Bursar) -> None:
    first = shop.ask(account=NUMBER)
    said = shop.said("risk", "deny", "--payout", first["id"], "--reason", "stolen")
    assert NUMBER not in said
    assert shop.ask(account=NUMBER, reference="inv-2")["state"] == "in_review"
    assert "already_denied" in shop.refused("risk", "deny", "--payout", first["id"], "--reason", "again")


def test_a_upi_address_is_denied_in_letters_of_either_case_and_never_shown(shop: Bursar) -> None:
    said = shop.said("risk", "deny", "--upi", "--reason", "stolen", given="Anna.Khan@OkAxis\n")
    assert "anna.khan" not in said.lower()
    again = shop("risk", "deny", "--upi", "--reason", "again", given="anna.khan@okaxis\n")
    assert (again.exit_code, "already_denied" in again.output) == (1, True)
    wrong = shop("risk", "deny", "--upi", "--reason", "again", given="anna.khan\n")
    assert (wrong.exit_code, "a UPI address such as name@bank" in wrong.output) == (1, True)
    assert "anna.khan" not in again.output + wrong.output


@pytest.mark.parametrize(
    "options",
    [(), ("--name", "A", "--bank", "HBL"), ("--name", "A", "--upi"), ("--holder", "acme"), ("--payout", "no-id")],
)
def test_one_thing_is_denied_at_a_time(shop: Bursar, options: tuple[str, ...]) -> None:
    assert shop("risk", "deny", *options, "--reason", "why").exit_code == 2
