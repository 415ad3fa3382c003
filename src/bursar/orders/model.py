"""The order, its life, and what completing it is worth. Nothing here touches a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from bursar.foundation import ids, texts
from bursar.foundation.money import Money
from bursar.orders.errors import WrongOrderState
from bursar.payouts.model import Payout
from bursar.programs.model import Orders

REFERENCE_LENGTH_MAX: Final = 180  # Earnings and debts of an order carry it behind a word, in 200 characters.
SELLER_LENGTH_MAX: Final = 200  # As the references of holders.
ITEM_LENGTH_MAX: Final = 200
BUYER_LENGTH_MAX: Final = 200
REASON_LENGTH_MAX: Final = 200


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"  # Agreed, and not delivered yet; no money has moved.
    COMPLETED = "completed"  # The seller has earned the price.
    REFUNDED = "refunded"  # The buyer has the money back; the seller has not, or owes it.
    CANCELLED = "cancelled"  # It came to nothing before it was completed.


S = OrderState

LIFE: Final[Mapping[str, tuple[OrderState, OrderState]]] = {
    "complete": (S.OPEN, S.COMPLETED),
    "cancel": (S.OPEN, S.CANCELLED),
    "refund": (S.COMPLETED, S.REFUNDED),
}
"""For each verb: from where it is allowed, and where it leads. The database holds to the same (migration 0017)."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """Something that a seller is to deliver. ``reference`` is the platform's own name for it, unique in its program.

    ``fee`` is what the platform gets beside the price; None: what the terms say.

    Raises:
        Invalid: a reference, the item or the buyer is not a line.
    """

    program: str
    reference: str
    seller: str  # What the platform calls them.
    item: str
    price: Money
    created_by: str  # The actor.
    buyer: str | None = None
    fee: Money | None = None

    def __post_init__(self) -> None:
        texts.insist_line(self.reference, field="reference", most=REFERENCE_LENGTH_MAX)
        texts.insist_line(self.seller, field="seller", most=SELLER_LENGTH_MAX)
        texts.insist_line(self.item, field="item", most=ITEM_LENGTH_MAX)
        if self.buyer is not None:
            texts.insist_line(self.buyer, field="buyer", most=BUYER_LENGTH_MAX)


class PutOff(msgspec.Struct, frozen=True, gc=False):
    """Why completing an order asked for no payout, or was refused one: the money is on the seller's balance."""

    code: str
    why: str


class Order(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something that a seller sold, and what became of it.

    ``price`` is the seller's whole, ``fee`` the platform's beside it, and ``bounty`` what the scout ``scout_id`` was
    credited. ``payout_id`` is the payout that completing it asked for; without one, ``put_off`` says why, or all of the
    price was ``recovered`` for what the seller owed. Of a refunded price, ``taken_back`` is what the seller still had
    and ``owed`` what the seller has owed since.
    """

    id: UUID
    program: str
    reference: str
    seller_id: UUID
    buyer: str | None
    item: str
    price: Money
    fee: Money
    created_by: str
    created_at: datetime
    state: OrderState
    completed_at: datetime | None
    completed_by: str | None
    ended_at: datetime | None
    reason: str | None
    scout_id: UUID | None
    bounty: Money
    payout_id: UUID | None
    recovered: Money
    put_off: PutOff | None
    taken_back: Money
    owed: Money

    @property
    def source(self) -> str:
        """The source reference of the seller's earning."""
        return f"order:{self.reference}"

    @property
    def bounty_source(self) -> str:
        """The source reference of the scout's earning."""
        return f"bounty:{self.reference}"

    @property
    def refund_reference(self) -> str:
        """What taking back is for, and the debt that is left of it."""
        return f"refund:{self.reference}"

    def has(self, verb: str) -> bool:
        """Whether the verb was done already, and nothing after it.

        Raises:
            WrongOrderState: neither that nor may it be done; it names the states from which it is allowed.
        """
        source, target = LIFE[verb]
        if self.state not in {source, target}:
            raise WrongOrderState(verb=verb, state=self.state, allowed_from=[source])
        return self.state is target

    def is_what(self, new: NewOrder, *, seller_id: UUID) -> bool:
        """Whether this is what somebody wants to create; a fee that they leave out is whatever it was."""
        same = (self.seller_id, self.item, self.buyer, self.price) == (seller_id, new.item, new.buyer, new.price)
        return same and new.fee in {None, self.fee}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody wants done with one order.

    ``order`` is the platform's name for it in that program or, where there is no such, our id. ``sellers`` are the
    holders that whoever asks acts for, and only their orders are theirs to see; None: the platform or staff ask.
    ``person`` is the person behind the actor, who may not approve a payout that comes of it.
    """

    program: str
    order: str
    actor: str
    person: UUID | None = None
    sellers: frozenset[UUID] | None = None
    reason: str | None = None
    correlation_id: str | None = None

    def __post_init__(self) -> None:
        if self.reason is not None:
            texts.insist_line(self.reason, field="reason", most=REASON_LENGTH_MAX)

    @property
    def order_id(self) -> UUID | None:
        """The id that it may name; no name of a platform has to be one."""
        return ids.parse(self.order)


@dataclass(frozen=True, slots=True)
class Created:
    """What became of a wish to create; ``is_new`` is False for an order that was there already, and is unchanged."""

    order: Order
    is_new: bool


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed order and the payout that came of it, as both stand; ``is_new``: it was not completed before."""

    order: Order
    payout: Payout | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class Recruit:
    """A seller whom a scout recruited; ``bounties`` is how many the scout was credited for the seller's orders."""

    seller_id: UUID
    scout_id: UUID
    program: str
    since: datetime
    recruited_by: str
    bounties: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """Which orders somebody wants to see. ``before`` is the id to continue after; the newest come first."""

    program: str | None = None
    seller_ids: frozenset[UUID] | None = None  # None: of all sellers.
    states: frozenset[OrderState] = frozenset()
    search: str | None = None  # How a reference or an id begins.
    since: datetime | None = None  # Created then or later.
    until: datetime | None = None  # Created before that.
    before: UUID | None = None
    limit: int = 50


def fee_of(price: Money, terms: Orders) -> Money:
    """What the platform gets beside a price, where nobody says."""
    return _part(price, terms.fee_percent, terms.fee_fixed)


def bounty_of(price: Money, terms: Orders, *, bounties: int) -> Money:
    """What the scout gets for a sale of the seller's, who has brought so many bounties already."""
    if terms.bounty_sales_max is not None and bounties >= terms.bounty_sales_max:
        return Money.zero(price.currency)
    return _part(price, terms.bounty_percent, terms.bounty_fixed)


def _part(price: Money, percent: float, fixed: Money | None) -> Money:
    return price.share(percent) + (fixed or Money.zero(price.currency))
