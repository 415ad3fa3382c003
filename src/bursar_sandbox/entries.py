"""How transfers and payouts are written into a book."""

from hashlib import sha256
from typing import Protocol

from bursar_sandbox.book import Book, Status, Transfer
from bursar_sandbox.orders import order_of


class Sum(Protocol):
    """Money under a name."""

    id: str
    amount: int
    currency: str


def enter(book: Book, paid: Sum, *, reference: str, payee: str, status: Status, at_ms: int) -> Transfer:
    """Write down a new payment.

    A reference that was used before is made another one, of the same order: this is how the book shows what was paid
    twice.
    """
    order = order_of(reference)
    entry = Transfer(
        reference=f"{reference}#{paid.id}" if book.find(reference) else reference,
        order_id=order,
        gateway_reference=paid.id,
        amount_minor=paid.amount,
        currency=paid.currency.upper(),
        destination=sha256(payee.encode()).digest(),
        destination_tail=payee[-4:],
        fingerprint=0,
        attempt_number=book.attempts_of(order) + 1,
        status=status,
        reason=None,
        accepted_ms=at_ms,
        changed_ms=at_ms,
    )
    book.enter(entry)
    return entry
