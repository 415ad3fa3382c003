"""``bursar ledger``: what it shows and what it writes."""

import csv
import io
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from cli_house import Bursar

from bursar.foundation.db import Database, Record

OF = ("--program", "merchants", "--holder", "acme")


def test_a_credit_counts_once_under_one_reference(shop: Bursar) -> None:
    first, second = (shop.credit("500.25", reference="wire 7") for _ in range(2))
    assert (first["credited"], second["credited"]) == (True, False)
    assert second["available"]["amount"] == "1000500.25"


def test_a_credit_is_noted_with_who_gave_it(shop: Bursar) -> None:
    async def notes(database: Database) -> list[Record]:
        async with database.transaction() as tx:
            return await tx.many("SELECT actor, facts FROM audit_notes WHERE action = 'holder.credited'")

    [note] = shop.directly(notes)
    assert note["actor"].startswith("cli")
    assert note["facts"] == {"amount": "1000000.00", "currency": "PKR", "reference": "first funds"}


def test_balances_show_holders_and_the_platform(shop: Bursar) -> None:
    shop.ask("1000")
    shown = shop.json("ledger", "balances")
    [held] = shown["holders"]
    assert (held["holder"], held["available"]["amount"], held["reserved"]["amount"]) == ("acme", "999000.00", "1000.00")
    assert [(a["kind"], a["amount"]["amount"]) for a in shown["platform"]] == [("funding", "-1000000.00")]
    assert "999,000.00 PKR" in shop.said("ledger", "balances", *OF)


def test_a_statement_shows_each_step_with_both_figures_after_it(shop: Bursar) -> None:
    shop.ask("1000")
    lines = shop.json("ledger", "statement", *OF)
    assert [(line["kind"], line["available"]["amount"], line["reserved"]["amount"]) for line in lines] == [
        ("reserve", "999000.00", "1000.00"),
        ("credit", "1000000.00", "0.00"),
    ]
    assert len(shop.json("ledger", "statement", *OF, "--limit", "1")) == 1
    assert shop.json("ledger", "statement", *OF, "--until", "2020-01-01") == []


def test_a_holder_that_is_not_there_is_refused(shop: Bursar) -> None:
    said = shop.refused("ledger", "statement", "--program", "merchants", "--holder", "nobody")
    assert "holder_not_found" in said


# Exports --------------------------------------------------------------------------------------------------------------

ACCOUNT = r"(?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
DAY = r"\d{4}-\d\d-\d\d"
STRING = r'"(?:[^"\\\n]|\\["\\])*"'
LINES = {
    "option": re.compile(rf"option {STRING} {STRING}"),
    "open": re.compile(rf"(?P<day>{DAY}) open (?P<account>{ACCOUNT})"),
    "transaction": re.compile(rf"(?P<day>{DAY}) \* {STRING} {STRING}"),
    "metadata": re.compile(rf"  [a-z][a-z_-]*: {STRING}"),
    "posting": re.compile(rf"  (?P<account>{ACCOUNT})  (?P<amount>-?\d+\.\d\d) (?P<currency>[A-Z]{{3}})"),
    "blank": re.compile(r""),
}


def read_beancount(text: str) -> list[dict[str, Decimal]]:
    """The transactions of a Beancount file as sums by account; everything else about it must be in order."""
    opened: dict[str, str] = {}
    transactions: list[dict[str, Decimal]] = []
    day = ""
    for line in text.splitlines():
        kind, found = next((k, m) for k, m in ((k, p.fullmatch(line)) for k, p in LINES.items()) if m)
        match kind:
            case "open":
                assert opened.setdefault(found["account"], found["day"]) == found["day"], "opened once"
            case "transaction":
                assert found["day"] >= day, "in the order of time"
                day = found["day"]
                transactions.append(defaultdict(Decimal))
            case "posting":
                assert opened[found["account"]] <= day, "opened before it is used"
                transactions[-1][found["account"]] += Decimal(found["amount"])
    assert all(sum(sums.values()) == 0 for sums in transactions), "each transaction balances"
    return transactions


def test_the_beancount_export_is_a_ledger_that_adds_up(shop: Bursar) -> None:
    odd = ('o"brien \\ sons', "--program", "merchants", "--kind", "merchant", "--name", 'O"Brien \\ & Söhne')
    shop.said("holders", "add", *odd)
    shop.ask("1000.05")
    transactions = read_beancount(shop.said("ledger", "export", "--format", "beancount"))
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for sums in transactions:
        for account, amount in sums.items():
            totals[re.sub(r"Acme-[0-9A-F]{12}", "Acme", account)] += amount
    assert totals == {
        "Assets:Funding:Merchants": Decimal(1_000_000),
        "Liabilities:Merchants:Acme:Available": Decimal("-998999.95"),
        "Liabilities:Merchants:Acme:Reserved": Decimal("-1000.05"),
    }


def test_a_name_cannot_break_out_of_its_line_of_beancount(shop: Bursar) -> None:
    odd = ("0_odd one!", "--program", "merchants", "--kind", "merchant", "--name", 'A" "B\\')
    shop.said("holders", "add", *odd)
    of = ("--program", "merchants", "--holder", "0_odd one!")
    shop.said("ledger", "credit", *of, "--amount", "1", "--reference", 'c" \\')
    assert len(read_beancount(shop.said("ledger", "export", "--format", "beancount"))) == 2


def test_the_csv_export_holds_every_transfer_with_both_its_accounts(shop: Bursar) -> None:
    shop.credit("5", reference="=cmd()")
    shop.ask("1000")
    rows = list(csv.DictReader(io.StringIO(shop.said("ledger", "export", "--format", "csv"))))
    assert [(row["kind"], row["amount"], row["debit_account"], row["credit_account"]) for row in rows] == [
        ("credit", "1000000.00", "funding", "available"),
        ("credit", "5.00", "funding", "available"),
        ("reserve", "1000.00", "available", "reserved"),
    ]
    assert rows[1]["reference"] == "'=cmd()", "no formula reaches a spreadsheet"


def test_an_export_goes_to_a_file_and_says_when_it_cannot(shop: Bursar, tmp_path: Path) -> None:
    file = tmp_path / "books.beancount"
    assert shop.said("ledger", "export", "--format", "beancount", "--output", str(file)) == ""
    assert len(read_beancount(file.read_text("utf-8"))) == 1
    nowhere = str(tmp_path / "nowhere" / "x.csv")
    assert "cannot_write" in shop.refused("ledger", "export", "--format", "csv", "--output", nowhere)


@pytest.mark.parametrize(("since", "count"), [("2020-01-01", 1), ("2100-01-01", 0)])
def test_an_export_can_be_of_some_time_only(shop: Bursar, since: str, count: int) -> None:
    assert len(read_beancount(shop.said("ledger", "export", "--format", "beancount", "--since", since))) == count
