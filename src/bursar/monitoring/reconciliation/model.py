"""Items: where two accounts of what happened differ, who has to look, and what may be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from bursar.foundation.money import Money


class Way(StrEnum):
    """Against what our payouts are compared."""

    BREAKS = "breaks"  # What dispatch came upon by itself.
    BOOKS = "books"  # Our own ledger.
    LIST = "list"  # A gateway's list of its payments.
    STATEMENT = "statement"  # The file of a gateway or bank.
    RECOVERY = "recovery"  # Against nothing yet, though a recovery waits for it.


class Kind(StrEnum):
    """In what two accounts differ. The first seven are also those of dispatch's own breaks."""

    UNKNOWN_OUTCOME = "unknown_outcome"  # Nobody could say in time what became of an attempt.
    PAID_AFTER_REFUSED = "paid_after_refused"
    REFUSED_AFTER_PAID = "refused_after_paid"
    AMOUNT_MISMATCH = "amount_mismatch"
    UNMATCHED_REPORT = "unmatched_report"
    NOT_APPROVED = "not_approved"
    DESTINATION_ALTERED = "destination_altered"
    PAID_NOT_SETTLED = "paid_not_settled"  # Paid there, still under way here.
    REFUSED_NOT_FAILED = "refused_not_failed"
    RETURNED_NOT_BOOKED = "returned_not_booked"
    OPEN_THERE = "open_there"  # Over here, still under way there: it may be paid yet.
    PAID_TWICE = "paid_twice"  # Another payment for a payout that is completed.
    LOST_ATTEMPT = "lost_attempt"  # There is a payment for a payout of ours, and no attempt: a restore has lost it.
    ORPHAN_PAYMENT = "orphan_payment"  # There is a payment, and no such payout.
    MISSING_THERE = "missing_there"  # We have paid it, and the other side has no payment.
    SUSPENDED = "suspended"  # Money that came back waits for a decision.
    BOOKS_BROKEN = "books_broken"  # Our own tables contradict each other.
    CLEARING_MISMATCH = "clearing_mismatch"  # Payouts and the ledger name different sums for a gateway.
    STATEMENT_GAP = "statement_gap"  # Opening balance and entries do not lead to the closing balance.
    NOT_COMPARED = "not_compared"  # In a recovery: a gateway that cannot list, and no statement yet.


class Action(StrEnum):
    """What two people may do about an item."""

    SETTLE = "settle"  # It was paid: complete the payout, out of the holder's money.
    REFUSE = "refuse"  # It was never paid: fail it, or let it go on.
    RETURN = "return"  # It was paid, and the money came back.
    WRITE_OFF = "write_off"  # It was paid: the program bears it, the holder keeps their money.
    RELEASE = "release"  # Out of suspense, to the holder.
    RECLAIM = "reclaim"  # Out of suspense, to the program.
    ACCEPT = "accept"  # It stays as it is, and is known.


class Owner(StrEnum):
    """Who has to look."""

    OPERATIONS = "operations"  # Ask the gateway, look at its list.
    TREASURY = "treasury"  # Money is missing, left over, or waits.
    SECURITY = "security"  # Somebody may have changed what nobody may.
    ENGINEERING = "engineering"  # The books contradict themselves; no correction mends that.


@dataclass(frozen=True, slots=True)
class Rule:
    """Who looks at a kind of item, what may be done about it, and which of that is suggested; None: look first."""

    owner: Owner
    actions: tuple[Action, ...]
    suggested: Action | None


K, A, W = Kind, Action, Owner

RULES: Final[Mapping[Kind, Rule]] = {
    #                       who looks       what may be done                                what is suggested
    K.UNKNOWN_OUTCOME:     Rule(W.OPERATIONS, (A.SETTLE, A.REFUSE),                          None),
    K.PAID_NOT_SETTLED:    Rule(W.OPERATIONS, (A.SETTLE,),                                   A.SETTLE),
    K.REFUSED_NOT_FAILED:  Rule(W.OPERATIONS, (A.REFUSE,),                                   A.REFUSE),
    K.PAID_AFTER_REFUSED:  Rule(W.TREASURY,   (A.SETTLE, A.WRITE_OFF, A.REFUSE),             A.SETTLE),
    K.REFUSED_AFTER_PAID:  Rule(W.OPERATIONS, (A.RETURN, A.ACCEPT),                          A.RETURN),
    K.RETURNED_NOT_BOOKED: Rule(W.OPERATIONS, (A.RETURN,),                                   A.RETURN),
    K.OPEN_THERE:          Rule(W.OPERATIONS, (A.ACCEPT,),                                   None),
    K.AMOUNT_MISMATCH:     Rule(W.TREASURY,   (A.SETTLE, A.REFUSE, A.RETURN, A.ACCEPT),      None),
    K.PAID_TWICE:          Rule(W.TREASURY,   (A.WRITE_OFF, A.ACCEPT),                       A.WRITE_OFF),
    K.LOST_ATTEMPT:        Rule(W.OPERATIONS, (A.SETTLE, A.WRITE_OFF),                       A.SETTLE),
    K.ORPHAN_PAYMENT:      Rule(W.TREASURY,   (A.WRITE_OFF, A.ACCEPT),                       A.WRITE_OFF),
    K.MISSING_THERE:       Rule(W.OPERATIONS, (A.RETURN, A.REFUSE, A.ACCEPT),                None),
    K.SUSPENDED:           Rule(W.TREASURY,   (A.RELEASE, A.RECLAIM),                        A.RELEASE),
    K.UNMATCHED_REPORT:    Rule(W.OPERATIONS, (A.ACCEPT,),                                   None),
    K.NOT_APPROVED:        Rule(W.SECURITY,   (A.ACCEPT,),                                   None),
    K.DESTINATION_ALTERED: Rule(W.SECURITY,   (A.ACCEPT,),                                   None),
    K.BOOKS_BROKEN:        Rule(W.ENGINEERING, (),                                           None),
    K.CLEARING_MISMATCH:   Rule(W.ENGINEERING, (A.ACCEPT,),                                  None),
    K.STATEMENT_GAP:       Rule(W.TREASURY,   (A.ACCEPT,),                                   None),
    K.NOT_COMPARED:        Rule(W.TREASURY,   (A.ACCEPT,),                                   None),
}  # fmt: skip
"""What follows from each kind of item."""

DISPUTED: Final = frozenset({K.LOST_ATTEMPT, K.PAID_AFTER_REFUSED, K.OPEN_THERE})
"""Kinds about which a break is opened, so that no other attempt is made: it might pay twice."""

ENDS_WITH_ITEM: Final = frozenset({K.LOST_ATTEMPT, K.OPEN_THERE})
"""Kinds whose breaks only we open, so that they are over when the item is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference, as a comparison finds it. ``subject`` tells it from others of its kind."""

    kind: Kind
    subject: str
    happened_at: datetime
    payout_id: UUID | None = None
    program: str | None = None
    gateway: str | None = None
    attempt_key: str | None = None
    gateway_reference: str | None = None
    break_id: UUID | None = None
    amount: Money | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Finding):
    """A difference that is open, or was."""

    id: UUID
    ways: Sequence[Way]
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    resolution: str | None

    @property
    def rule(self) -> Rule:
        """Who looks, and what may be done."""
        return RULES[self.kind]

    @property
    def actions(self) -> tuple[Action, ...]:
        """What may be done about this very one: what is not paid yet is not settled, and nobody's loss."""
        if self.kind is Kind.LOST_ATTEMPT and self.facts.get("said") not in {"paid", "returned"}:
            return ()
        return self.rule.actions

    @property
    def suggestion(self) -> Action | None:
        """What is suggested; None where somebody has to look first."""
        return self.rule.suggested if self.rule.suggested in self.actions else None

    def age(self, now: datetime) -> timedelta:
        """How long ago it happened."""
        return now - self.happened_at


@dataclass(frozen=True, slots=True)
class Span:
    """The payments of a time, its end excluded."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One look at another account of what happened, and what it came to. It ``passed`` when nothing differed."""

    id: UUID
    way: Way
    gateway: str
    span: Span
    state: str
    asked_by: str
    begun_at: datetime
    ended_at: datetime | None = None
    failure: str | None = None
    payments: int = 0
    differing: int = 0
    opened: int = 0
    closed: int = 0

    @property
    def passed(self) -> bool:
        """Whether it was made to the end, and found no difference."""
        return self.state == "done" and not self.differing


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody wants done about an item; ``state`` is waiting, done or rejected."""

    id: UUID
    item_id: UUID
    action: Action
    program: str | None
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    state: str
    decided_by: UUID | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Query:
    """Which items somebody wants to see. ``before`` is the id to continue after; newest come first."""

    is_open: bool | None = True
    kinds: frozenset[Kind] = frozenset()
    gateway: str | None = None
    program: str | None = None
    payout_id: UUID | None = None
    before: UUID | None = None
    limit: int = 50
