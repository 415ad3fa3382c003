"""``bursar orders``: from a file of orders to sellers' payouts, and back; and who recruited whom."""

from pathlib import Path
from typing import Any

import pytest
from cli_house import Bursar

PROGRAM = ("--program", "marketplace")
LAMP = ("--seller", "asha", "--price", "1499.00", "--item", "Brass lamp")


@pytest.fixture
def market(house: Bursar) -> Bursar:
    """An installation with the program ``marketplace``, two sellers, of whom one can be paid, and a scout."""
    house.said("programs", "apply", "marketplace")
    for kind, reference in (("seller", "asha"), ("seller", "dev"), ("scout", "ravi")):
        house.said("holders", "add", reference, *PROGRAM, "--kind", kind, "--name", reference.title())
    house.said("destinations", "add", "asha", *PROGRAM, "--bank", "HDFC0001234", "--number", "000111222333")
    return house


def listed(market: Bursar, *options: str) -> list[tuple[str, str]]:
    """Reference and status of each order, newest first."""
    return [(row["reference"], row["status"]) for row in market.json("orders", "list", *PROGRAM, *options)]


def told(market: Bursar, *references: str, code: int = 0, verb: str = "complete") -> list[dict[str, Any]]:
    return list(market.json("orders", verb, *references, *PROGRAM, code=code))


def test_an_order_is_created_completed_and_paid_for(market: Bursar) -> None:
    created = market.json("orders", "create", "o-1", *PROGRAM, *LAMP)
    assert (created["status"], created["fee"]["amount"], created["seller"]) == ("open", "149.90", "asha")
    assert market.json("orders", "create", "o-1", *PROGRAM, *LAMP) == created
    [done] = told(market, "o-1")
    assert (done["status"], done["put_off"]) == ("completed", None)
    [payout] = market.json("payouts", "list", *PROGRAM)
    assert (payout["id"], payout["amount"]["amount"]) == (done["payout"], "1499.00")
    assert market.json("orders", "show", done["id"], *PROGRAM) == done
    assert "Brass lamp" in market.said("orders", "show", "o-1", *PROGRAM)


def test_each_order_is_completed_or_refused_on_its_own(market: Bursar) -> None:
    market.said("orders", "create", "o-1", *PROGRAM, "--seller", "dev", "--price", "10", "--item", "Tea")
    result = market("orders", "complete", "o-1", "o-2", *PROGRAM)
    assert result.exit_code == 1
    assert "o-1: no payout yet. The seller has not said where to be paid." in result.stderr
    assert "error[order_not_found]: o-2" in result.stderr
    unknown, done = told(market, "o-2", "o-1", code=1)
    assert (unknown["error"]["code"], done["status"]) == ("order_not_found", "completed")


def test_orders_are_cancelled_before_and_refunded_after_they_are_completed(market: Bursar) -> None:
    for reference in ("o-1", "o-2"):
        market.said("orders", "create", reference, *PROGRAM, *LAMP, "--fee", "0", "--buyer", "user 7")
    told(market, "o-1")
    [cancelled] = market.json("orders", "cancel", "o-2", *PROGRAM, "--reason", "Sold out.")
    [refunded] = market.json("orders", "refund", "o-1", *PROGRAM, "--reason", "It broke.")
    assert (cancelled["status"], cancelled["reason"], cancelled["buyer"]) == ("cancelled", "Sold out.", "user 7")
    assert (refunded["status"], refunded["taken_back"]["amount"]) == ("refunded", "1499.00")
    assert listed(market, "--status", "refunded") == [("o-1", "refunded")]
    assert listed(market, "--seller", "dev") == []
    wrong = market("orders", "cancel", "o-1", *PROGRAM)
    assert "possible from: open" in wrong.stderr
    assert market.json("payouts", "list", *PROGRAM)[0]["state"] == "cancelled"


def test_a_file_of_orders_is_created_once(market: Bursar, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    lines = ["reference,seller,item,price,fee", "o-1,asha,Lamp,100.00,", "o-2,dev,Tea,50.00,0", "o-3,dev,Tea,0,"]
    file.write_text("\n".join(lines), "utf-8")
    tried = market.json("orders", "import", str(file), *PROGRAM, "--dry-run", code=1)
    assert (tried["created"]["count"], listed(market)) == (2, [])
    first, again = [market.json("orders", "import", str(file), *PROGRAM, code=1) for _ in range(2)]
    assert first["created"] == {"count": 2, "amount": {"amount": "150.00", "currency": "INR"}}
    assert (again["created"]["count"], again["created_before"]["count"]) == (0, 2)
    assert [(error["line"], error["field"]) for error in first["errors"]] == [(4, "price")]
    fees = {row["reference"]: row["fee"]["amount"] for row in market.json("orders", "list", *PROGRAM)}
    assert fees == {"o-1": "10.00", "o-2": "0.00"}


def test_a_scout_gets_a_bounty_for_what_a_recruited_seller_sells(market: Bursar) -> None:
    [known] = market.json("holders", "recruit", "asha", *PROGRAM, "--scout", "ravi")
    assert (known["scout"], known["bounties"]) == ("ravi", 0)
    market.said("orders", "create", "o-1", *PROGRAM, *LAMP)
    [done] = told(market, "o-1")
    assert (done["scout"], done["bounty"]["amount"]) == ("ravi", "74.95")
    [after] = market.json("holders", "recruits", "ravi", *PROGRAM)
    assert (after["seller"], after["bounties"]) == ("asha", 1)
    assert "not_recruited" in market.refused("holders", "recruit", "ravi", *PROGRAM, "--scout", "asha")
