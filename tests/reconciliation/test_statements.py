"""Statements as files: CSV under any names, camt.053 in any version; what cannot be trusted is refused whole."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from recon_house import PAID, ReconHouse

from bursar.dispatch.model import Prepared
from bursar.foundation.money import Money
from bursar.gateways import Payment, Word
from bursar.monitoring.reconciliation import (
    Columns,
    Comparison,
    Format,
    Kind,
    StatementReadBefore,
    UnreadableStatement,
    compare_statement,
)
from bursar.monitoring.reconciliation.statements.camt import Camt053
from bursar.monitoring.reconciliation.statements.table import Table

DAY = datetime(2026, 11, 19, tzinfo=UTC)
HEADER = "reference,key,amount,currency,date,status"


def table(*lines: str, columns: Columns | None = None, header: str = HEADER) -> list[Payment]:
    return list(Table(io.BytesIO("\n".join([header, *lines]).encode()), columns or Columns()).payments())


def entry(amount: str, *, key: str = "K", sign: str = "DBIT", returned: bool = False, status: str = "BOOK") -> str:
    details = f"<Refs><EndToEndId>{key}</EndToEndId></Refs>" + ("<RtrInf><Rsn/></RtrInf>" if returned else "")
    return f"""<Ntry><NtryRef>N-{key}</NtryRef><Amt Ccy="PKR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>
        <Sts>{status}</Sts><BookgDt><Dt>2026-11-19</Dt></BookgDt><AcctSvcrRef>S-{key}</AcctSvcrRef>
        <NtryDtls><TxDtls>{details}</TxDtls></NtryDtls></Ntry>"""


def balance(kind: str, amount: str, sign: str = "CRDT") -> str:
    return f"""<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="PKR">{amount}</Amt>
        <CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2026-11-19</Dt></Dt></Bal>"""


def camt(*parts: str, version: str = "02", before: str = "") -> bytes:
    return f"""<?xml version="1.0"?>{before}
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>
        <Stmt><Id>S1</Id><CreDtTm>2026-11-20T01:00:00Z</CreDtTm>{"".join(parts)}</Stmt>
        </BkToCstmrStmt></Document>""".encode()


def read(document: bytes) -> list[Payment]:
    return list(Camt053(io.BytesIO(document)).payments())


def test_a_table_is_read_by_the_names_its_columns_have() -> None:
    columns = Columns(
        reference="Trace", key=None, amount="Betrag", currency="PKR", at="Datum", status=None, delimiter=";",
        time_format="%d.%m.%Y",
    )  # fmt: skip
    [payment] = table('T1;"-1,000.50";19.11.2026', columns=columns, header="Trace;Betrag;Datum")
    assert payment == Payment("T1", None, Money(100_050, "PKR"), Word.PAID, DAY)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("Paid", Word.PAID), ("SUCCESSFUL", Word.PAID), ("failed", Word.REFUSED), ("Reversed", Word.RETURNED),
        ("in transit", Word.ACCEPTED), ("On hold", Word.HELD), ("whatever", Word.UNKNOWN), ("", Word.UNKNOWN),
    ],
)  # fmt: skip
def test_a_tables_status_is_understood_or_proves_nothing(said: str, word: Word) -> None:
    assert table(f"T1,k,1.00,PKR,2026-11-19,{said}")[0].word is word


@pytest.mark.parametrize(
    "line",
    ["T1,k,much,PKR,2026-11-19,paid", "T1,k,1.001,PKR,2026-11-19,paid", "T1,k,1.00,XXQ,2026-11-19,paid",
     "T1,k,1.00,PKR,yesterday,paid", ",k,1.00,PKR,2026-11-19,paid", "T1,k,0.00,PKR,2026-11-19,paid",
     "T1,k,nan,PKR,2026-11-19,paid"],
)  # fmt: skip
def test_a_table_with_a_line_that_cannot_be_read_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(UnreadableStatement) as refusal:
        table("T0,k,1.00,PKR,2026-11-19,paid", line)
    assert refusal.value.facts["line"] == 3


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"amount,date\n1,2", b"", b'reference,amount,date\n"a'])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableStatement):
        list(Table(io.BytesIO(content), Columns()).payments())


@pytest.mark.parametrize("version", ["02", "08", "13"])
def test_a_camt_document_tells_what_left_and_what_came_back(version: str) -> None:
    payments = read(
        camt(
            entry("1000.00", key="a"), entry("5.00", key="b", sign="CRDT", returned=True),
            entry("70.00", key="customer", sign="CRDT"), entry("9.00", key="c", status="PDNG"),
            entry("1.00", key="NOTPROVIDED"), version=version,
        )
    )  # fmt: skip
    assert [(p.key, p.amount.minor, p.word) for p in payments] == [
        ("a", 100_000, Word.PAID), ("b", 500, Word.RETURNED), (None, 100, Word.PAID),
    ]  # fmt: skip
    assert {payment.at for payment in payments} == {DAY}


def test_an_entry_that_books_several_payments_gives_each() -> None:
    details = "".join(
        f'<TxDtls><Refs><EndToEndId>{key}</EndToEndId></Refs><Amt Ccy="PKR">{amount}</Amt></TxDtls>'
        for key, amount in (("a", "1.00"), ("b", "2.00"))
    )
    whole = f"""<Ntry><Amt Ccy="PKR">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
        <BookgDt><DtTm>2026-11-19T00:00:00</DtTm></BookgDt><AcctSvcrRef>S</AcctSvcrRef>
        <NtryDtls>{details}</NtryDtls></Ntry>"""
    assert [(payment.key, payment.amount.minor) for payment in read(camt(whole, version="08"))] == [
        ("a", 100), ("b", 200),
    ]  # fmt: skip


@pytest.mark.parametrize(("closing", "missing"), [("900.00", 0), ("899.99", 1)])
def test_balances_have_to_follow_from_the_entries_to_the_last_unit(closing: str, missing: int) -> None:
    statement = Camt053(io.BytesIO(camt(balance("OPBD", "1000.00"), entry("100.00"), balance("CLBD", closing))))
    list(statement.payments())
    assert [(gap.expected.text, gap.found.text) for gap in statement.gaps()] == [("900.00", closing)] * missing


@pytest.mark.parametrize(
    "dtd",
    ['<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
     '<!DOCTYPE Document [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x">'],
)  # fmt: skip
def test_a_document_that_brings_a_dtd_is_refused(dtd: str) -> None:
    with pytest.raises(UnreadableStatement):
        read(camt(entry("1.00", key="&x;" if "ENTITY x" in dtd else "k"), before=dtd))


@pytest.mark.parametrize(
    "content",
    [b"", b"no xml", camt(entry("much")), camt(entry("1.00"))[:-40], camt(entry("1.00").replace("Dt>", "No>"))],
)
def test_what_is_no_camt_document_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableStatement):
        read(content)


# Comparing ------------------------------------------------------------------------------------------------------------


async def compare(house: ReconHouse, content: bytes, form: Format = Format.CSV) -> Comparison:
    return await compare_statement(
        house.database, io.BytesIO(content), gateway=house.bank.name, form=form, actor="test"
    )


async def paid_last_week(house: ReconHouse, count: int) -> list[Prepared]:
    made = await house.sent(count, PAID)
    await house.run(
        "UPDATE attempts SET sent_at = now() - interval '7 days' WHERE id = ANY($1)", [one.attempt_id for one in made]
    )
    return made


def lines(*payments: Prepared, days: tuple[int, ...] = (14, 0)) -> bytes:
    """A statement over two weeks, up to today."""
    now = datetime.now(UTC)
    ends = [f"x{day},,1.00,PKR,{(now - timedelta(days=day)).isoformat()},failed" for day in days]
    at = (now - timedelta(days=7)).isoformat()
    paid = [f"P-{one.instruction.key},{one.instruction.key},1000.00,PKR,{at},paid" for one in payments]
    return "\n".join([HEADER, *ends, *paid]).encode()


async def test_a_statement_that_says_what_we_know_passes(house: ReconHouse) -> None:
    made = await compare(house, lines(*await paid_last_week(house, 3)))
    assert (made.passed, made.payments) == (True, 5)


async def test_what_we_have_paid_and_a_statement_lacks_is_an_item(house: ReconHouse) -> None:
    first, second = await paid_last_week(house, 2)
    await compare(house, lines(first))
    [item] = await house.items()
    assert (item.kind, item.payout_id) == (Kind.MISSING_THERE, second.instruction.payout_id)


async def test_the_same_file_counts_once_and_one_that_could_not_be_read_may_come_again(house: ReconHouse) -> None:
    content = lines(*await paid_last_week(house, 1))
    await compare(house, content)
    with pytest.raises(StatementReadBefore):
        await compare(house, content)
    with pytest.raises(UnreadableStatement):
        await compare(house, content + b"\nbroken")
    with pytest.raises(UnreadableStatement):
        await compare(house, content + b"\nbroken")


async def test_a_gap_in_a_statements_balances_is_an_item(house: ReconHouse) -> None:
    [one] = await paid_last_week(house, 1)
    document = camt(balance("OPBD", "5000.00"), entry("1000.00", key=one.instruction.key), balance("CLBD", "4500.00"))
    await compare(house, document, Format.CAMT053)
    [gap] = [item for item in await house.items() if item.kind is Kind.STATEMENT_GAP]
    assert (gap.amount, gap.facts) == (Money(50_000, "PKR"), {"expected": "4000.00", "found": "4500.00"})
