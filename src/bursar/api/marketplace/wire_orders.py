"""What sellers and their platform send and get about orders."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar import orders
from bursar.api import parts, problems
from bursar.api.filters import Search, TimeQuery, insist_searchable
from bursar.api.marketplace import examples
from bursar.api.marketplace.wire import MarketPayoutView, Paise
from bursar.api.openapi import JSON, SCHEMAS
from bursar.api.paging import mark
from bursar.api.rules import LINE, Name, ProgramName
from bursar.foundation import texts
from bursar.foundation.clock import timestamp
from bursar.foundation.errors import Refusal
from bursar.foundation.money import MINOR_MAX, Money
from bursar.holders import Holder
from bursar.orders import Completion, Created, NewOrder, Order, OrderState

ORDERS_MAX: Final = 1_000  # In one request that names them: as many as a page of any list shows.

OrderName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=orders.REFERENCE_LENGTH_MAX,
        description="What you call the order.",
        examples=["order-17"],
        extra_json_schema={"pattern": LINE},
    ),
]


class OrderBody(msgspec.Struct, forbid_unknown_fields=True):
    """Something that a seller is to deliver; `price_paise` is the seller's, and your fee stands beside it."""

    order_id: OrderName
    seller_id: Annotated[Name, msgspec.Meta(description="What you call the seller.", examples=["seller-1"])]
    item: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=orders.ITEM_LENGTH_MAX,
            description="What is sold.",
            examples=["A bicycle"],
            extra_json_schema={"pattern": LINE},
        ),
    ]
    price_paise: Paise
    fee_paise: (
        Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX, description="Your fee; left out, what your terms say.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    buyer: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=orders.BUYER_LENGTH_MAX,
                description="Who buys it, as you call them.",
                examples=["buyer-3"],
                extra_json_schema={"pattern": LINE},
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET

    def __post_init__(self) -> None:
        texts.insist_line(self.order_id, field="order_id", most=orders.REFERENCE_LENGTH_MAX)
        texts.insist_line(self.seller_id, field="seller_id", most=200)
        texts.insist_line(self.item, field="item", most=orders.ITEM_LENGTH_MAX)
        if self.buyer is not msgspec.UNSET:
            texts.insist_line(self.buyer, field="buyer", most=orders.BUYER_LENGTH_MAX)

    def wanted(self, program: str, *, currency: str, created_by: str) -> NewOrder:
        """What somebody wants to create with this body; ``currency`` is the program's."""
        return NewOrder(
            program=program,
            reference=self.order_id,
            seller=self.seller_id,
            item=self.item,
            price=Money(self.price_paise, currency),
            fee=None if self.fee_paise is msgspec.UNSET else Money(self.fee_paise, currency),
            buyer=None if self.buyer is msgspec.UNSET else self.buyer,
            created_by=created_by,
        )


class WhyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why an order is cancelled or refunded."""

    reason: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=orders.REASON_LENGTH_MAX,
                examples=["Sent back"],
                extra_json_schema={"pattern": LINE},
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.reason is not msgspec.UNSET:
            texts.insist_line(self.reason, field="reason", most=orders.REASON_LENGTH_MAX)


class CompleteBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which orders to complete."""

    order_ids: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=orders.REFERENCE_LENGTH_MAX)]],
        msgspec.Meta(
            min_length=1,
            max_length=ORDERS_MAX,
            description="By your names for them or our ids.",
            examples=[["order-17", "order-18"]],
        ),
    ]


class OrderQuery(TimeQuery, kw_only=True):
    """Which orders to list; the span of time is that in which they were created."""

    status: Annotated[list[OrderState], msgspec.Meta(description="One status or several.")] = msgspec.field(
        default_factory=list
    )
    seller: (
        Annotated[Name, msgspec.Meta(description="Only this seller's, by your name for them or our id.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    search: (
        Annotated[Search, msgspec.Meta(description="How an order's name or id begins.", examples=["order-1"])]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    program: (
        Annotated[ProgramName, msgspec.Meta(description="The program; see the other routes.")] | msgspec.UnsetType
    ) = msgspec.UNSET

    def __post_init__(self) -> None:
        insist_searchable(self.search)


class PutOffView(msgspec.Struct):
    """Why a completed order has no payout of its own; the money is on the seller's balance."""

    code: str
    message: str


class OrderView(msgspec.Struct):
    """One order. `order_id` and `seller_id` are the platform's own names, `id` is ours. Times are UTC.

    `recovered_paise` of the price went to what the seller owed when it was completed. Of a refunded price,
    `taken_back_paise` is what the seller still had, and `owed_paise` what they have owed since.
    """

    id: UUID
    order_id: str
    program: str
    seller_id: str
    buyer: str | None
    item: str
    price_paise: int
    fee_paise: int
    bounty_paise: int
    currency: str
    status: OrderState
    reason: str | None
    payout_id: UUID | None
    payout_refused: PutOffView | None
    recovered_paise: int
    taken_back_paise: int
    owed_paise: int
    created_at: str
    completed_at: str | None
    ended_at: str | None

    @classmethod
    def of(cls, order: Order, seller: Holder) -> "OrderView":
        """Show an order as it stands."""
        return cls(
            id=order.id,
            order_id=order.reference,
            program=order.program,
            seller_id=seller.reference,
            buyer=order.buyer,
            item=order.item,
            price_paise=order.price.minor,
            fee_paise=order.fee.minor,
            bounty_paise=order.bounty.minor,
            currency=order.price.currency,
            status=order.state,
            reason=order.reason,
            payout_id=order.payout_id,
            payout_refused=PutOffView(order.put_off.code, order.put_off.why) if order.put_off else None,
            recovered_paise=order.recovered.minor,
            taken_back_paise=order.taken_back.minor,
            owed_paise=order.owed.minor,
            created_at=timestamp(order.created_at),
            completed_at=timestamp(order.completed_at) if order.completed_at else None,
            ended_at=timestamp(order.ended_at) if order.ended_at else None,
        )


class CompletionView(OrderView):
    """A completed order, and the payout that came of it."""

    payout: MarketPayoutView | None

    @classmethod
    def whole(cls, done: Completion, seller: Holder) -> "CompletionView":
        """Show what completing an order came to; its payout as it was born, or as it stands if that was before."""
        show = MarketPayoutView.born if done.is_new else MarketPayoutView.of
        payout = show(done.payout, seller, order=done.order.reference) if done.payout else None
        return cls(**msgspec.structs.asdict(OrderView.of(done.order, seller)), payout=payout)


class OrdersPage(msgspec.Struct):
    """Some of the orders, newest first; while `has_more`, ask again with `cursor` set to `next_cursor`."""

    orders: list[OrderView]
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(cls, found: Sequence[OrderView], *, limit: int) -> "OrdersPage":
        """Show at most ``limit`` of them, out of one more than that, by which it is known whether there are more."""
        shown, has_more = list(found[:limit]), len(found) > limit
        return cls(shown, mark(shown[-1].id) if has_more else None, has_more)


class CreatedResult(msgspec.Struct, omit_defaults=True):
    """What became of one item: its order, or why there is none."""

    row: Annotated[int, msgspec.Meta(description="Counts the items from 1.")]
    order_id: str | msgspec.UnsetType = msgspec.UNSET
    id: UUID | msgspec.UnsetType = msgspec.UNSET
    replayed: Annotated[bool, msgspec.Meta(description="It was created before, with this content.")] = False
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, row: int, result: Created | Refusal) -> "CreatedResult":
        """Tell what became of one item."""
        if isinstance(result, Refusal):
            return cls(row, error=problems.told_of(result, naming=problems.snake))
        return cls(row, order_id=result.order.reference, id=result.order.id, replayed=not result.is_new)


class CreatedAnswer(msgspec.Struct):
    """What became of an array of orders."""

    rows: int
    created: int
    created_before: int
    refused: int
    results: list[CreatedResult]

    @classmethod
    def of(cls, results: Sequence[Created | Refusal]) -> "CreatedAnswer":
        """Add up what became of the items."""
        told = [CreatedResult.of(row, result) for row, result in enumerate(results, 1)]
        done, before, refused = parts.counted(told)
        return cls(len(told), done, before, refused, told)


class CompletedResult(msgspec.Struct, omit_defaults=True):
    """What became of one order: completed, with its payout, or why it is not."""

    order_id: str
    status: OrderState | msgspec.UnsetType = msgspec.UNSET
    payout_id: UUID | msgspec.UnsetType = msgspec.UNSET
    payout_refused: PutOffView | msgspec.UnsetType = msgspec.UNSET
    replayed: Annotated[bool, msgspec.Meta(description="It was completed before.")] = False
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, named: str, result: Completion | Refusal) -> "CompletedResult":
        """Tell what became of one order."""
        if isinstance(result, Refusal):
            return cls(named, error=problems.told_of(result, naming=problems.snake))
        order = result.order
        return cls(
            order_id=order.reference,
            status=order.state,
            payout_id=order.payout_id or msgspec.UNSET,
            payout_refused=PutOffView(order.put_off.code, order.put_off.why) if order.put_off else msgspec.UNSET,
            replayed=not result.is_new,
        )


class CompletedAnswer(msgspec.Struct):
    """What became of the orders, in the order in which they were named."""

    completed: int
    completed_before: int
    refused: int
    results: list[CompletedResult]

    @classmethod
    def of(cls, named: Collection[str], results: Sequence[Completion | Refusal]) -> "CompletedAnswer":
        """Add up what became of them."""
        told = [CompletedResult.of(name, result) for name, result in zip(named, results, strict=True)]
        done, before, refused = parts.counted(told)
        return cls(done, before, refused, told)


BODIES: Final[dict[str, Any]] = {
    JSON: {
        "schema": {
            "type": "array",
            "minItems": 1,
            # An item that is not as it must be is refused in its place, and spoils no other.
            "items": {"anyOf": [{"$ref": SCHEMAS.format(name="OrderBody")}, {}]},
        },
        "examples": {
            "Two": {"value": [examples.ORDER_WANTED, examples.ORDER_WANTED | {"order_id": "order-18"}]},
        },
    }
}
"""What is taken, as the documentation says it. How many items there may be, the program's terms say."""
