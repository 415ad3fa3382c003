"""camt.053, the bank-to-customer statement of ISO 20022, in any of its versions, as a stream.

Entities are not replaced and nothing is fetched: a document that brings a DTD is refused (OWASP, XML external entity).
Signs come from ``CdtDbtInd``, and the opening balance with all booked entries has to give the closing balance exactly.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import BinaryIO, Final

from lxml import etree

from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money, exponent
from bursar.gateways import Payment, Word
from bursar.monitoring.reconciliation.errors import UnreadableStatement
from bursar.monitoring.reconciliation.statements.model import Gap

TEXT_LENGTH_MAX: Final = 200
NOT_PROVIDED: Final = "NOTPROVIDED"  # What banks write where nobody gave them an end-to-end id.

_Element = etree._Element  # noqa: SLF001 - lxml has no other name for the type


class Camt053:
    """One such document, of one or more statements."""

    def __init__(self, file: BinaryIO) -> None:
        """Read from this file; an entry is forgotten once it has been read."""
        self._file = file
        self._gaps: list[Gap] = []
        self._balances: dict[str, Money] = {}
        self._booked: Money | None = None  # Added up, so that a long statement takes no more room than a short one.
        self._name = ""

    def payments(self) -> Iterator[Payment]:
        """What left the account, and what came back to it.

        Raises:
            UnreadableStatement: it is not well-formed, brings a DTD, or an entry lacks what it has to have.
        """
        parts = etree.iterparse(
            self._file,
            events=("start", "end"),
            tag=("{*}Document", "{*}Stmt", "{*}Bal", "{*}Ntry"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for event, element in parts:
                yield from self._part(event, etree.QName(element).localname, element)
        except (etree.XMLSyntaxError, Refusal, ValueError, ArithmeticError) as broken:
            if isinstance(broken, UnreadableStatement):
                raise
            raise UnreadableStatement(field="file", rule="a camt.053 document") from broken

    def gaps(self) -> list[Gap]:
        """The statements whose closing balance is not what their entries lead to."""
        return self._gaps

    def _part(self, event: str, name: str, element: _Element) -> Iterator[Payment]:
        match event, name:
            case "start", "Document":
                if element.getroottree().docinfo.internalDTD is not None:
                    raise UnreadableStatement(field="file", rule="without a DTD")
            case "start", "Stmt":
                self._balances, self._booked = {}, None
            case "end", "Bal":
                self._balances[_text(element, "Tp/CdOrPrtry/Cd")] = _signed(element)
                element.clear()
            case "end", "Ntry":
                if _text(element, "Sts") in {"BOOK", ""} or _text(element, "Sts/Cd") == "BOOK":
                    booked = _signed(element)
                    self._booked = booked if self._booked is None else self._booked + booked
                    yield from _payments(element)
                _forget(element)
            case "end", "Stmt":
                self._name = _text(element, "Id")
                self._close(_moment(element))
                element.clear()

    def _close(self, at: datetime) -> None:
        opening = self._balances.get("OPBD") or self._balances.get("PRCD")
        closing = self._balances.get("CLBD")
        if opening is None or closing is None:
            return
        expected = opening if self._booked is None else opening + self._booked
        if expected != closing:
            self._gaps.append(Gap(self._name, expected, closing, at))


def _forget(entry: _Element) -> None:
    """Let go of an entry that was read, and of the one before it; the parser still needs the place of this one."""
    entry.clear()
    before, statement = entry.getprevious(), entry.getparent()
    if before is not None and statement is not None and etree.QName(before).localname == "Ntry":
        statement.remove(before)


def _payments(entry: _Element) -> Iterator[Payment]:
    """The payments of one entry: one, or as many as it books together."""
    at = _moment(entry)
    is_return = _text(entry, "CdtDbtInd") == "CRDT"
    details = _all(entry, "NtryDtls/TxDtls")
    for detail in details or [entry]:
        if is_return and _first(detail, "RtrInf") is None:
            continue  # Money that came in for another reason is none of our payments.
        key = _text(detail, "Refs/EndToEndId")
        yield Payment(
            reference=(_text(detail, "Refs/AcctSvcrRef") or _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
                       or key or "?")[:TEXT_LENGTH_MAX],
            key=key[:TEXT_LENGTH_MAX] if key and key != NOT_PROVIDED else None,
            amount=_amount(detail if len(details) > 1 else _with_amount(detail, entry)),
            word=Word.RETURNED if is_return else Word.PAID,
            at=at,
        )  # fmt: skip


def _with_amount(detail: _Element, entry: _Element) -> _Element:
    """Which of the two says how much, where an entry books one payment."""
    return detail if _amount_element(detail) is not None else entry


def _amount(element: _Element) -> Money:
    found = _amount_element(element)
    if found is None:
        raise UnreadableStatement(field="file", rule="a document whose payments say how much")
    return Money.parse(Decimal((found.text or "").strip()), found.get("Ccy", ""))


def _amount_element(element: _Element) -> _Element | None:
    return _first(element, "Amt") if _first(element, "Amt") is not None else _first(element, "AmtDtls/TxAmt/Amt")


def _signed(element: _Element) -> Money:
    """A balance or an entry with its sign; a balance may be nothing at all."""
    found = _first(element, "Amt")
    if found is None:
        raise UnreadableStatement(field="file", rule="a document whose entries say how much")
    currency = found.get("Ccy", "")
    minor = Decimal((found.text or "").strip()).scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise UnreadableStatement(field="file", rule=f"without fractions of the smallest unit of {currency}")
    money = Money(int(minor), currency)
    return -money if _text(element, "CdtDbtInd") == "DBIT" else money


def _moment(element: _Element) -> datetime:
    """When it was booked; for a statement, when it was made."""
    for path in ("BookgDt/DtTm", "BookgDt/Dt", "ValDt/DtTm", "ValDt/Dt", "CreDtTm"):
        if text := _text(element, path):
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    raise UnreadableStatement(field="file", rule="a document whose entries have a date")


def _first(element: _Element, path: str) -> _Element | None:
    found = _all(element, path)
    return found[0] if found else None


def _all(element: _Element, path: str) -> list[_Element]:
    """The elements at a path of local names; each version of the standard has a namespace of its own."""
    return element.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


def _text(element: _Element, path: str) -> str:
    found = _first(element, path)
    return (found.text or "").strip() if found is not None else ""
