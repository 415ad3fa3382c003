"""The payout: its life in one table, and the decisions that need no database.

Everything that knows about states derives from ``LIFECYCLE``: the move in ``actions``, the database CHECKs (compared in
a test), the diagram in the documentation, and the tests.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from bursar.foundation.money import Money
from bursar.holders.model import SCOUT, SELLER, Destination
from bursar.payouts.errors import WrongState
from bursar.programs.model import Mode, Terms


class PayoutState(StrEnum):
    """Where a payout stands."""

    REQUESTED = "requested"  # Its money is reserved; it has not been judged yet.
    IN_REVIEW = "in_review"  # Waiting for the approvers that its terms ask for.
    APPROVED = "approved"  # Free to leave with the next batch.
    SENDING = "sending"  # Handed to the gateway; what became of it is not known yet.
    SENT = "sent"  # The gateway has it and has promised an answer.
    ON_HOLD = "on_hold"  # The gateway holds it; it may still pay, so only its word ends this.
    RETRYING = "retrying"  # The gateway refused for now; it leaves again when it is due.
    COMPLETED = "completed"  # The destination has the money.
    RETURNED = "returned"  # The money came back after completion.
    FAILED = "failed"  # The gateway refused for good; the reservation is released.
    REJECTED = "rejected"  # We refused it; the reservation is released.
    CANCELLED = "cancelled"  # Withdrawn in time; the reservation is released.


class Effect(Enum):
    """What a move does to the payout's reserved money."""

    NONE = "—"
    RESERVE = "RESERVE"
    POST = "POST"
    VOID = "VOID"
    REVERSE = "REVERSE"


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the life: a verb, from where it is allowed, where it leads, and what the money does."""

    verb: str
    sources: frozenset[PayoutState]
    target: PayoutState
    money: Effect = Effect.NONE


def _from(*sources: PayoutState) -> frozenset[PayoutState]:
    return frozenset(sources)


S, M = PayoutState, Effect

LIFECYCLE: Final = (
    Move("request", _from(), S.REQUESTED, M.RESERVE),
    Move("review", _from(S.REQUESTED, S.APPROVED), S.IN_REVIEW),
    Move("approve", _from(S.REQUESTED, S.IN_REVIEW), S.APPROVED),
    Move("reject", _from(S.REQUESTED, S.IN_REVIEW), S.REJECTED, M.VOID),
    Move("cancel", _from(S.REQUESTED, S.IN_REVIEW, S.APPROVED, S.RETRYING), S.CANCELLED, M.VOID),
    Move("send", _from(S.APPROVED, S.RETRYING), S.SENDING),
    Move("accept", _from(S.SENDING), S.SENT),
    Move("hold", _from(S.SENDING, S.SENT), S.ON_HOLD),
    Move("resume", _from(S.ON_HOLD), S.SENT),
    Move("settle", _from(S.SENDING, S.SENT, S.ON_HOLD), S.COMPLETED, M.POST),
    Move("defer", _from(S.SENDING, S.SENT), S.RETRYING),
    Move("fail", _from(S.SENDING, S.SENT, S.RETRYING, S.ON_HOLD), S.FAILED, M.VOID),
    Move("retry", _from(S.FAILED), S.APPROVED, M.RESERVE),
    Move("reopen", _from(S.FAILED, S.CANCELLED), S.SENDING, M.RESERVE),
    Move("return", _from(S.COMPLETED), S.RETURNED, M.REVERSE),
)

MOVES: Final = {move.verb: move for move in LIFECYCLE}
RESTING: Final = frozenset({S.COMPLETED, S.RETURNED, S.FAILED, S.REJECTED, S.CANCELLED})
"""States in which nothing is waiting to happen by itself."""

NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""When a payout is due that waits for its program's next run: PostgreSQL's ``infinity``, until ``hand_over``."""


class Ask(msgspec.Struct, frozen=True, gc=False):
    """What somebody asks for: pay this holder's money to that destination.

    ``requester`` is the actor that asks, ``requester_person`` the person behind it, who may not approve it. ``run_id``
    is the run that asks, ``tries_max`` how often it lets the payout be tried; None: as the terms say. ``is_stored``:
    the asker has just read the destination from what the holder has stored, so that it need not be looked up.
    ``kind`` says what it pays (see ``kind_for``); None: as its holder's kind says, which costs a look in programs with
    several. ``order_id`` is the one order that it pays for.
    """

    holder_id: UUID
    program: str
    reference: str
    amount: Money
    destination: Destination
    requester: str
    requester_person: UUID | None = None
    correlation_id: str | None = None
    run_id: UUID | None = None
    tries_max: int | None = None
    is_stored: bool = False
    kind: str | None = None
    order_id: UUID | None = None


class Payout(msgspec.Struct, frozen=True, gc=False):
    """One promise to pay one holder's money to one destination, as it stands.

    ``destination`` is a sealed envelope; ``destination_shown`` is what people may see of it, and equal destinations
    have an equal ``destination_index``. ``findings`` is all that was found about it, ``verdict`` the strongest level
    among it (pass, low, medium or high), and ``reviewed`` says whether people had to look. ``version`` counts the moves
    and ``reservation`` the reservations of its money, of which only the last can be open. ``run_id`` is the run that it
    leaves with, and ``tries_max`` how often that lets it be tried, where the terms do not say. ``kind`` is what it
    pays, ``order_id`` the order that it pays for, and ``netted`` what was kept back of what was asked for, to settle a
    debt: ``amount`` is what is left and is paid. ``barred``: what it pays for was undone, so nobody may try it again.
    """

    id: UUID
    program: str
    terms_version: int
    holder_id: UUID
    reference: str
    amount: Money
    state: PayoutState
    version: int
    reservation: int
    destination: bytes
    destination_shown: Mapping[str, Any]
    destination_group: str
    destination_index: bytes
    digest: bytes
    requester: str
    requester_person: UUID | None
    findings: Sequence[Mapping[str, Any]]
    verdict: str
    reviewed: bool
    gateway: str | None
    gateway_reference: str | None
    reason: str | None
    due_at: datetime
    tries: int
    correlation_id: str | None
    created_at: datetime
    updated_at: datetime
    processed_at: datetime | None
    run_id: UUID | None = None
    tries_max: int | None = None
    kind: str | None = None
    order_id: UUID | None = None
    netted: int = 0  # Minor units, in the currency of ``amount``.
    barred: bool = False

    @property
    def waits_for_run(self) -> bool:
        """Whether it leaves with its program's next run, and at no time of its own."""
        return self.state is PayoutState.APPROVED and self.due_at == NEVER

    def after(self, step: "Step", *, at: datetime) -> "Payout":
        """The payout once this step is taken.

        Raises:
            WrongState: the verb is not allowed from here.
        """
        target = next_state(self.state, step.verb)
        return msgspec.structs.replace(
            self,
            state=target,
            version=self.version + 1,
            reservation=self.reservation + (MOVES[step.verb].money is Effect.RESERVE),
            gateway=step.gateway or self.gateway,
            gateway_reference=step.gateway_reference or self.gateway_reference,
            reason=step.reason,
            due_at=step.due_at or at,
            tries=self.tries + (step.verb == "send"),
            updated_at=at,
            processed_at=at if target in RESTING else None,
        )


class Step(msgspec.Struct, frozen=True):
    """One move that somebody wants to make with one payout, and why."""

    payout_id: UUID
    verb: str
    actor: str
    reason: str | None = None
    facts: Mapping[str, Any] = {}
    gateway: str | None = None
    gateway_reference: str | None = None
    due_at: datetime | None = None


def next_state(state: PayoutState, verb: str) -> PayoutState:
    """Where a verb leads from here.

    Raises:
        WrongState: not from here; it names the states from which it is allowed.
    """
    move = MOVES[verb]
    if state not in move.sources:
        raise WrongState(verb=verb, state=state, allowed_from=sorted(move.sources))
    return move.target


def approved_due(terms: Terms, *, at: datetime) -> datetime:
    """When a payout may leave that is approved at this moment: at once, or with its program's next run."""
    return NEVER if terms.dispatch.mode is Mode.SCHEDULE else at


def kind_for(holder_kind: str) -> str:
    """What a payout to a holder of this kind pays: the marketplace document's words, else the holder's kind itself."""
    return {SCOUT: "scout_bounty", SELLER: "seller_payout"}.get(holder_kind, holder_kind)


def can(state: PayoutState, verb: str) -> bool:
    """Whether a verb is allowed from here."""
    return state in MOVES[verb].sources


def digest(amount: Money, destination: Destination, *, program: str, terms_version: int) -> bytes:
    """What an approval is bound to: amount, currency, destination and the terms that judged it, to the byte."""
    parts = (
        program,
        str(terms_version),
        str(amount.minor),
        amount.currency,
        destination.bank_code,
        destination.account_number,
        destination.account_title,
        *(() if destination.type == "BANK" else (destination.type,)),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of history: a payout took a step. Also what the rest of the world is told from."""

    payout_id: UUID
    holder_id: UUID
    program: str
    terms_version: int
    reference: str
    amount: Money
    gateway_reference: str | None
    seq: int
    verb: str
    from_state: PayoutState | None
    to_state: PayoutState
    reason: str | None
    facts: Mapping[str, Any]
    actor: str
    correlation_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Query:
    """Which payouts somebody wants to see, newest first.

    ``before`` is the id to continue after. ``offset`` passes over so many instead, which takes the longer the more they
    are, and shows a payout twice or never where others come in meanwhile.
    """

    holder_id: UUID | None = None
    holder_ids: frozenset[UUID] | None = None  # Of any of these; None: of anybody.
    program: str | None = None
    states: frozenset[PayoutState] = frozenset()
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    amount_min: int | None = None  # Minor units.
    amount_max: int | None = None
    reviewed: bool | None = None  # Only those that people had to look at, or only the others.
    verdicts: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()  # What they pay.
    order_id: UUID | None = None
    before: UUID | None = None
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of payouts that a holder asked for. ``accepted`` is how many were, once every row has been answered."""

    id: UUID
    holder_id: UUID
    fingerprint: bytes
    rows: int
    created_at: datetime
    accepted: int | None = None
