"""``bursar statements`` and ``bursar analytics``: periods, one statement, files for a whole program, and figures."""

import csv
import io
from pathlib import Path

import pytest
from cli_house import Bursar
from pypdf import PdfReader

PROGRAM = ("--program", "marketplace")
ASHA = (*PROGRAM, "--holder", "asha")


@pytest.fixture
def office(house: Bursar, tmp_path: Path) -> Bursar:
    """An installation with the marketplace and three scouts, two of whom have been credited."""
    house.said("programs", "apply", "marketplace")
    for reference in ("asha", "Ravi & Söhne", "nobody"):
        house.said("holders", "add", reference, *PROGRAM, "--kind", "scout", "--name", reference.title())
    file = tmp_path / "bounties.csv"
    file.write_text("holder,reference,amount\nasha,sale-1,1250.50\nRavi & Söhne,sale-1,99\n", "utf-8")
    house.said("earnings", "import", str(file), *PROGRAM)
    return house


def month(office: Bursar) -> str:
    """The name of the month under way."""
    _, found = office.json("statements", "list", *ASHA)
    return str(found["period"])


def test_periods_are_listed_newest_first(office: Bursar) -> None:
    year, only = office.json("statements", "list", *ASHA)
    assert year["first"].endswith("-04-01")
    assert (only["closing"]["amount"], only["over"]) == ("1250.50", False)
    assert office.json("statements", "list", *PROGRAM, "--holder", "nobody") == []


def test_a_statement_is_shown(office: Bursar) -> None:
    told = office.json("statements", "show", month(office), *ASHA)
    assert told["totals"] == {"bounty": {"amount": "1250.50", "currency": "INR"}}
    assert [line["reference"] for line in told["lines"]] == ["sale-1"]
    assert "Closing balance: 1,250.50 INR" in office.said("statements", "show", month(office), *ASHA)


def test_a_whole_program_is_written_into_a_folder(office: Bursar, tmp_path: Path) -> None:
    folder, period = tmp_path / "out", month(office)
    office.said("statements", "write", period, *PROGRAM, "--folder", str(folder))
    names = sorted(path.name for path in folder.iterdir())
    assert names[1] == f"asha-{period}.pdf"
    assert names[0].startswith("Ravi-S-hne-")
    assert len(names) == 2  # Whoever has nothing to state has no file.
    assert "₹1,250.50" in PdfReader(folder / names[1]).pages[0].extract_text()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    office.said("statements", "write", period, *PROGRAM, "--folder", str(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_one_holders_can_be_written_as_csv(office: Bursar, tmp_path: Path) -> None:
    period = month(office)
    office.said("statements", "write", period, *ASHA, "--format", "csv", "--folder", str(tmp_path))
    text = (tmp_path / f"asha-{period}.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["entry"], row["balance"]) for row in rows][-1] == ("closing", "1250.50")


def test_what_cannot_be_written_is_said(office: Bursar, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    result = office("statements", "write", month(office), *ASHA, "--folder", str(tmp_path / "taken" / "deeper"))
    assert result.exit_code == 1
    assert "error[cannot_write_statement]" in result.stderr


def test_what_is_no_period_is_refused(office: Bursar) -> None:
    result = office("statements", "show", "soon", *ASHA)
    assert (result.exit_code, "a year such as 2026" in result.stderr) == (1, True)


def test_figures_are_shown_and_printed_as_csv(office: Bursar) -> None:
    assert office.json("analytics", *PROGRAM, "--group", "day", "--group", "status") == []
    result = office("analytics", "--from", "2026-01-01", "--csv")
    assert result.exit_code == 0, result.output
    assert next(csv.reader(io.StringIO(result.stdout)))[:4] == ["date", "kind", "status", "gateway"]
    assert office("analytics", "--group", "day", "--group", "week").exit_code == 2
    assert office("analytics", "--from", "2026-01-01", "--to", "2027-06-01").exit_code == 1
