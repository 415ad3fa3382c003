"""Transfers as a Beancount ledger (https://beancount.github.io/docs/beancount_language_syntax.html).

What holders have is a liability of whoever runs Bursar, and what they owe is an asset. So is a program's funding, out
of which gateways pay: a gateway's clearing account goes as far below zero as it has paid out. Beancount writes debits
as positive figures and credits as negative ones, so an account that Bursar's ledger shows as grown by a credit is
negative here.
"""

import re
from collections.abc import Iterator
from typing import Final

from bursar.holders import Holder
from bursar.ledger import Account, AccountKind, Transfer

_TYPES: Final = {
    AccountKind.AVAILABLE: "Liabilities",
    AccountKind.RESERVED: "Liabilities",
    AccountKind.FUNDING: "Assets",
    AccountKind.FEES: "Income",
    AccountKind.SUSPENSE: "Liabilities",
    AccountKind.CLEARING: "Assets",
    AccountKind.DEBTS: "Assets",
}
_UNFIT: Final = re.compile(r"[^A-Za-z0-9]+")  # Part of no account's name here; Beancount itself allows more.
_UNQUOTED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": " ", "\r": " ", "\t": " "})
ID_DIGITS: Final = 12  # Of a holder's id, from its random end: as good as all of them to tell two holders apart.


class Beancount:
    """Writes a ledger line by line; each account is opened just before it is first used."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        self._open: set[str] = set()

    def beginning(self) -> str:
        """What stands before the first transaction."""
        return 'option "title" "Bursar"\n'

    def lines(self, transfer: Transfer, holder: Holder) -> Iterator[str]:
        """One transfer as a transaction, and before it whatever has to be opened for it."""
        amount, day = transfer.amount, transfer.at.date().isoformat()
        debit, credit = (_name(account, holder) for account in (transfer.debit, transfer.credit))
        for account in (debit, credit):
            if account not in self._open:
                self._open.add(account)
                yield f"\n{day} open {account}\n"
        yield f"\n{day} * {_quoted(holder.name)} {_quoted(transfer.reference or transfer.kind)}\n"
        yield f"  transfer: {_quoted(str(transfer.id))}\n"
        yield f"  time: {_quoted(transfer.at.isoformat())}\n"
        yield f"  kind: {_quoted(transfer.kind)}\n"
        if transfer.payout_id is not None:
            yield f"  payout: {_quoted(str(transfer.payout_id))}\n"
        yield f"  {debit}  {amount.text} {amount.currency}\n"
        yield f"  {credit}  {(-amount).text} {amount.currency}\n"


def _name(account: Account, holder: Holder) -> str:
    kind = account.kind.capitalize()
    if account.kind in {AccountKind.AVAILABLE, AccountKind.RESERVED}:
        return f"{_TYPES[account.kind]}:{_word(holder.program)}:{_of(holder)}:{kind}"
    return f"{_TYPES[account.kind]}:{kind}:{_word(account.owner)}"


def _of(holder: Holder) -> str:
    """A holder as one part of an account's name: readable, and different for each holder."""
    digits = holder.id.hex[-ID_DIGITS:].upper()
    word = _word(holder.reference)
    return f"{word}-{digits}" if word else f"H{digits}"


def _word(text: str) -> str:
    """Text as one part of an account's name, which begins with a capital letter or a digit."""
    joined = _UNFIT.sub("-", text).strip("-")
    return joined[:1].upper() + joined[1:]


def _quoted(text: str) -> str:
    return f'"{text.translate(_UNQUOTED)}"'
