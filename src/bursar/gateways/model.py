"""What we ask a gateway, what it answers, and what it can do. No provider's name or wire format appears here."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from bursar.foundation.errors import Unauthorised, Unavailable
from bursar.foundation.money import Money
from bursar.holders.model import Destination


@dataclass(frozen=True, slots=True)
class Instruction:
    """One attempt to pay one payout. ``key`` is unique per attempt; ``payout_id`` stays the same over all of them.

    Only inquiries carry ``reference``, the gateway's own name for the attempt once it has given one, and ``paid``:
    whether it has said that it paid.
    """

    key: str
    payout_id: UUID
    amount: Money
    destination: Destination
    narration: str = ""
    reference: str | None = None
    paid: bool = False


class Word(StrEnum):
    """The kinds of things a gateway can say about an attempt."""

    ACCEPTED = "accepted"  # It has it and has promised an answer.
    PAID = "paid"
    HELD = "held"  # It has it and waits for something; it may still pay.
    REFUSED = "refused"  # It has not paid and will not: this attempt is over.
    UNKNOWN = "unknown"  # We do not know. The default for everything that is not proof.
    RETURNED = "returned"  # It paid, and the money came back. Only ever reported, never an answer to sending.


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt, as far as the gateway has told us.

    ``retryable`` matters for REFUSED alone: whether another attempt can help. ``lacks_funds`` too: our own account at
    the gateway holds too little, so that another attempt helps once it is funded. ``echo`` is what the gateway says it
    paid; when it differs from the instruction, the outcome is made UNKNOWN and a person looks. ``shown`` is the answer
    with everything secret left out, for the timeline.
    """

    word: Word
    reference: str | None = None
    reason: str | None = None
    retryable: bool = False
    lacks_funds: bool = False
    echo: "Echo | None" = None
    shown: Mapping[str, str | int | None] = field(default_factory=dict)
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Echo:
    """The amount and destination that a gateway repeats back; None where it does not repeat one."""

    amount: Money | None = None
    destination_hash: str | None = None


@dataclass(frozen=True, slots=True)
class NeverArrived:
    """A look-up's answer: the gateway has never seen this key. Inside its window, the same key may be sent again."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A gateway knows this account; ``account_title`` is the name it has for it, empty where it has none."""

    account_title: str


@dataclass(frozen=True, slots=True)
class Denied:
    """A gateway is sure that there is no such account, or that it cannot be paid to."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotKnown:
    """A gateway could not say; it may be asked again."""

    reason: str


Resolution = Confirmed | Denied | NotKnown
"""What a gateway says about an account before money goes there."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway tells us later, verified. ``event_id`` is unique per gateway; ``key`` is the attempt's.

    Where the gateway's ``reports_prove`` is False, its outcome is a hint: the gateway is asked before anything moves.
    """

    event_id: str
    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Downtime:
    """A gateway tells that a bank behind it is out of order, or well again (``is_over``). ``event_id`` as for reports.

    ``bank`` is how that bank's codes begin; None: nothing of the gateway's works. ``since`` tells one downtime from the
    next, however often and in whatever order we are told of it.
    """

    event_id: str
    bank: str | None
    since: datetime
    is_over: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """One line of what a gateway, or a statement of its account, says that it did; for reconciliation.

    ``key`` is ours, where it repeats it; ``reference`` is its own. ``amount`` is what it says it moved.
    """

    reference: str
    key: str | None
    amount: Money
    word: Word
    at: datetime


class CannotList(Unavailable):
    """The gateway did not give the list of its payments."""

    code = "gateway_list_unavailable"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do, declared once and checked before anything is sent."""

    currencies: frozenset[str]
    bulk_max: int = 1  # Items in one call; 1 means that it has no bulk endpoint.
    key_window: timedelta = timedelta(hours=24)  # How long it remembers a key; resending is safe only inside.
    deadline: float = 30.0  # Seconds for one call, all in all.
    inquire_max: int = 1  # Attempts that one inquiry may ask about.
    reports_prove: bool = True  # Whether a report's signature covers what it says; else it is only a reason to ask.
    cancel: bool = False
    resolve: bool = False  # Whether it can say whose account a number is: then it is also an ``AccountResolver``.
    lists: bool = False  # Whether it can list what it did in a span of time: then it is also a ``PaymentLister``.
    floats: bool = False  # Whether it can say what our account there holds: then it is also a ``FloatKeeper``.
    pays: bool = True  # Whether money moves at all; where it is only played, nobody is paid.
    hosts: tuple[str, ...] = ()


class ForgedReport(Unauthorised):
    """The report's signature does not match its bytes, or it is too old."""

    code = "invalid_signature"


class Gateway(Protocol):
    """A provider that can move money to a destination: three verbs and a declaration."""

    name: str
    capabilities: Capabilities

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Ask it to pay these, in one call where it has a bulk endpoint; one outcome each, in order. Never raises."""
        ...

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        """Ask what became of these attempts, at most ``inquire_max``; one answer each, in order.

        Never raises: not knowing is an outcome.
        """
        ...

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report | Downtime]:
        """Verify and read what it sent us, over the raw bytes.

        Raises:
            ForgedReport: the signature or its time is wrong; nothing of the body was believed.
            Invalid: properly signed, but not a report this version understands.
        """
        ...


class AccountResolver(Protocol):
    """A gateway whose capabilities say ``resolve``."""

    async def resolve(self, destination: Destination) -> Resolution:
        """Ask whose account this is. Never raises: not knowing is an answer."""
        ...


class FloatKeeper(Protocol):
    """A gateway whose capabilities say ``floats``."""

    async def float_of(self, currency: str) -> Money | None:
        """Ask what our account there holds and may be paid out. Never raises: None when it could not be asked."""
        ...


class PaymentLister(Protocol):
    """A gateway whose capabilities say ``lists``."""

    def payments(self, *, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """What it has of payments that were made in this span, in any order, page after page.

        Raises:
            CannotList: it could not be asked to the end; what was given so far proves nothing.
        """
        ...


def check_echo(outcome: Outcome, *, amount: Money, destination_hash: str) -> Outcome:
    """Believe an outcome only if the amount and destination it repeats are the ones that were asked for.

    A gateway that says it paid something else has told us nothing we can book.
    """
    echo = outcome.echo
    if echo is None or outcome.word is Word.UNKNOWN:
        return outcome
    if echo.amount not in {None, amount} or echo.destination_hash not in {None, destination_hash}:
        return Outcome(Word.UNKNOWN, reference=outcome.reference, reason="echo_mismatch", shown=outcome.shown)
    return outcome
