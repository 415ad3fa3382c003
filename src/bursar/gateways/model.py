"""What we ask a gateway, what it answers, and what it can do. No provider's name or wire format appears here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from bursar.foundation.errors import Unauthorised
from bursar.foundation.money import Money
from bursar.holders.model import Destination


@dataclass(frozen=True, slots=True)
class Instruction:
    """One attempt to pay one payout. ``key`` is unique per attempt; ``payout_id`` stays the same over all of them."""

    key: str
    payout_id: UUID
    amount: Money
    destination: Destination
    narration: str = ""


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

    ``retryable`` matters for REFUSED alone: whether another attempt can help. ``echo`` is what the gateway says it
    paid; when it differs from the instruction, the outcome is made UNKNOWN and a person looks. ``shown`` is the answer
    with everything secret left out, for the timeline.
    """

    word: Word
    reference: str | None = None
    reason: str | None = None
    retryable: bool = False
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
class Report:
    """What a gateway tells us later, verified. ``event_id`` is unique per gateway; ``key`` is the attempt's."""

    event_id: str
    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do, declared once and checked before anything is sent."""

    currencies: frozenset[str]
    bulk_max: int = 1  # Items in one call; 1 means that it has no bulk endpoint.
    key_window: timedelta = timedelta(hours=24)  # How long it remembers a key; resending is safe only inside.
    deadline: float = 30.0  # Seconds for one call, all in all.
    cancel: bool = False
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

    async def inquire(self, instruction: Instruction) -> Outcome | NeverArrived:
        """Ask what became of an attempt. Never raises: not knowing is an outcome."""
        ...

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:
        """Verify and read what it sent us, over the raw bytes.

        Raises:
            ForgedReport: the signature or its time is wrong; nothing of the body was believed.
            Invalid: properly signed, but not a report this version understands.
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
