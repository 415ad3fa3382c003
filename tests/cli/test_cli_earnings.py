"""``bursar earnings``: from a file into the books, safe to run again, and from an earning to its payouts."""

from pathlib import Path
from typing import Any

import pytest
from cli_house import Bursar

from bursar import earnings, holders, payouts, programs
from bursar.foundation.clock import SystemClock
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database
from bursar.foundation.money import Money

PROGRAM = ("--program", "providers")


@pytest.fixture
def office(house: Bursar) -> Bursar:
    """An installation with the program ``providers`` and two of them."""
    house.said("programs", "apply", "providers")
    for reference in ("ada", "bola"):
        house.said("holders", "add", reference, *PROGRAM, "--kind", "provider", "--name", reference.title())
    return house


def written(folder: Path, *lines: str, head: str = "holder,reference,amount,description,earned_at") -> str:
    """A file of earnings."""
    file = folder / "earnings.csv"
    file.write_text("\n".join([head, *lines, ""]), "utf-8")
    return str(file)


def listed(office: Bursar, *options: str) -> list[tuple[str, str, str]]:
    """Reference, what is available and status of each earning, newest first."""
    rows = office.json("earnings", "list", *PROGRAM, *options)
    return [(row["reference"], row["available"]["amount"], row["status"]) for row in rows]


def test_a_file_is_credited_with_counts_and_sums(office: Bursar, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        'ada,order-1,1250.50,"Wiring, kitchen",2026-01-02',
        "bola,order-1,99,,2026-01-03T10:00:00+01:00",
        "ada,order-2,1,,",
    )
    told = office.json("earnings", "import", file, *PROGRAM)
    assert told == {
        "dry_run": False,
        "credited": {"count": 3, "amount": {"amount": "1350.50", "currency": "NGN"}},
        "credited_before": {"count": 0, "amount": {"amount": "0.00", "currency": "NGN"}},
        "refused": 0,
        "errors": [],
    }
    of_ada, of_bola, _ = sorted(office.json("earnings", "list", *PROGRAM), key=lambda row: row["earned_at"])
    assert (of_ada["description"], of_ada["earned_at"]) == ("Wiring, kitchen", "2026-01-02T00:00:00Z")
    assert of_bola["earned_at"] == "2026-01-03T09:00:00Z"
    assert of_ada["credited_by"].startswith("cli")
    balances = office.json("ledger", "balances", *PROGRAM)["holders"]
    assert {row["holder"]: row["available"]["amount"] for row in balances} == {"ada": "1251.50", "bola": "99.00"}


def test_the_same_file_again_credits_nothing(office: Bursar, tmp_path: Path) -> None:
    file = written(tmp_path, *(f"ada,order-{n},1.00,," for n in range(1_200)))  # More than one batch.
    first, again = [office.json("earnings", "import", file, *PROGRAM) for _ in range(2)]
    assert (first["credited"]["count"], first["credited"]["amount"]["amount"]) == (1_200, "1200.00")
    assert (again["credited"]["count"], again["credited_before"]["count"]) == (0, 1_200)
    assert again["credited_before"]["amount"]["amount"] == "1200.00"


def test_faulty_rows_are_named_by_line_field_and_rule_and_spoil_no_other(office: Bursar, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "ada,order-1,10.00,,",
        "nobody,order-2,10.00,,",
        "ada,order-3,0,,",
        "ada,order-4,ten,,",
        "ada,order-5,10.00",
        '"ada","order-6",10.00,"two',
        'lines",someday',
        "ada,order-1,11.00,,",
        "ada,order-7,10.00,,",
    )
    told = office.json("earnings", "import", file, *PROGRAM, code=1)
    assert [(error["line"], error["field"]) for error in told["errors"]] == [
        (3, "holder"), (4, "amount"), (5, "amount"), (6, "row"), (8, "earned_at"), (9, "reference"),
    ]  # fmt: skip
    assert all(error["rule"] and error["code"] for error in told["errors"])
    assert (told["credited"]["count"], told["refused"]) == (2, 6)
    assert [reference for reference, *_ in listed(office)] == ["order-7", "order-1"]
    said = office("earnings", "import", file, *PROGRAM)
    assert said.exit_code == 1
    assert "line 4: " in said.stderr
    assert "order-1" in said.stderr


def test_a_dry_run_tells_what_would_happen_and_stores_nothing(office: Bursar, tmp_path: Path) -> None:
    file = written(tmp_path, "ada,order-1,10.00,,", "nobody,order-2,10.00,,")
    told = office.json("earnings", "import", file, *PROGRAM, "--dry-run", code=1)
    assert (told["dry_run"], told["credited"]["count"], told["refused"]) == (True, 1, 1)
    assert listed(office) == []
    assert "would be credited" in office("earnings", "import", file, *PROGRAM, "--dry-run").stdout


@pytest.mark.parametrize(
    "head", ["holder,reference", "holder,reference,amount,colour", "holder,holder,reference,amount"]
)
def test_a_file_with_other_columns_is_refused(office: Bursar, tmp_path: Path, head: str) -> None:
    said = office.refused("earnings", "import", written(tmp_path, head=head), *PROGRAM)
    assert "invalid_earnings_file" in said


def test_what_cannot_be_read_keeps_what_was_credited_before_it(office: Bursar, tmp_path: Path) -> None:
    """Repaired and imported again, the file goes on where it stopped."""
    rows = [f"ada,order-{n},1.00,," for n in range(600)]
    file = Path(written(tmp_path, *rows))
    whole = file.read_bytes()
    file.write_bytes(whole + b'"ada"x,order-x,1.00,,\n')
    broken = office("earnings", "import", str(file), *PROGRAM)
    assert broken.exit_code == 1
    assert "invalid_earnings_file" in broken.stderr
    assert "500.00 NGN" in broken.stdout, "what stays done is said"
    file.write_bytes(whole)
    told = office.json("earnings", "import", str(file), *PROGRAM)
    assert told["credited_before"]["count"] == 500
    assert told["credited"]["count"] == 100


def test_a_text_that_is_no_utf_8_is_named_by_its_line(office: Bursar, tmp_path: Path) -> None:
    file = Path(written(tmp_path))
    file.write_bytes(file.read_bytes() + b"ada,order-1,1.00,caf\xe9,\nada,order-2,1.00,caf\xc3\xa9,\n")
    told = office.json("earnings", "import", str(file), *PROGRAM, code=1)
    assert [(error["line"], error["field"]) for error in told["errors"]] == [(2, "description")]
    assert told["credited"]["count"] == 1


def test_no_file_no_program(office: Bursar, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.csv")
    assert "invalid_earnings_file" in office.refused("earnings", "import", nowhere, *PROGRAM)
    file = written(tmp_path)
    assert "program_not_found" in office.refused("earnings", "import", file, "--program", "nothing")


def test_a_program_with_deposits_takes_no_earnings(shop: Bursar, tmp_path: Path) -> None:
    file = written(tmp_path, "acme,order-1,1.00", head="holder,reference,amount")
    told = shop.json("earnings", "import", file, "--program", "merchants", code=1)
    assert told["errors"][0]["field"] == "program"


def test_lists_can_be_of_a_holder_a_status_and_some_time(office: Bursar, tmp_path: Path) -> None:
    file = written(
        tmp_path, "ada,order-1,1.00,,2026-01-01", "ada,order-2,2.00,,2026-02-01", "bola,order-3,3.00,,2026-03-01"
    )
    office.json("earnings", "import", file, *PROGRAM)
    assert listed(office, "--holder", "ada") == [("order-2", "2.00", "available"), ("order-1", "1.00", "available")]
    assert listed(office, "--status", "paid_out") == []
    assert [row[0] for row in listed(office, "--since", "2026-02-01")] == ["order-3", "order-2"]
    assert [row[0] for row in listed(office, "--search", "order-3")] == ["order-3"]
    [first] = office.json("earnings", "list", *PROGRAM, "--limit", "1")
    assert [row[0] for row in listed(office, "--after", first["id"])] == ["order-2", "order-1"]
    assert "order-2" in office.said("earnings", "list")


async def _request(database: Database) -> str:
    """Ask for a payout as a provider would; no command does that for them."""
    at = SystemClock().now()
    async with database.transaction() as tx:
        ada = await holders.by_reference(tx, "providers", "ada")
        ask = payouts.Ask(
            holder_id=ada.id,
            program="providers",
            reference="November",
            amount=Money.parse("1.50", "NGN"),
            destination=holders.Destination("044", "0690000031", "Ada"),
            requester="test",
        )
        keyring = Keyring([b"k" * 32])
        await holders.add_destinations(
            tx,
            [holders.NewDestination(ada.id, ask.destination, cool_off_hours=0, added_by="test")],
            keyring=keyring,
            at=at,
        )
        desk = payouts.Desk(programs.Book(), keyring)
        [payout] = await payouts.request(tx, [ask], desk=desk, at=at)
        assert isinstance(payout, payouts.Payout), payout
        assert await earnings.of_payouts(tx, [payout.id])
    return str(payout.id)


def test_one_earning_is_shown_with_the_payouts_that_used_it(office: Bursar, tmp_path: Path) -> None:
    office.json(
        "earnings", "import", written(tmp_path, "ada,order-1,1.00,,2026-01-01", "ada,order-2,1.00,Tiles,"), *PROGRAM
    )
    payout = office.directly(_request)
    newest, _ = office.json("earnings", "list", *PROGRAM)
    shown: dict[str, Any] = office.json("earnings", "show", newest["id"])
    assert (shown["reference"], shown["status"], shown["available"]["amount"]) == ("order-2", "available", "0.50")
    [part] = shown["payouts"]
    assert (part["payout"], part["amount"]["amount"], part["status"]) == (payout, "0.50", "reserved")
    said = office.said("earnings", "show", newest["id"])
    assert payout in said
    assert "Tiles" in said
    assert "earning_not_found" in office.refused("earnings", "show", payout)
