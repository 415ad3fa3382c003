"""Orders: what sellers sell, what completing one pays to whom, and what a refund takes back.

The room promises that an order pays once: completing it credits the seller, books the platform's fee, credits the
scout who recruited the seller, and asks for the seller's payout, all in one transaction or not at all. A refund takes
all of it back in the same way, and what has left already becomes a debt. Every verb takes a batch, and each order of it
is served or refused on its own.
"""

from bursar.orders.cancel import cancel
from bursar.orders.complete import complete
from bursar.orders.create import create
from bursar.orders.errors import (
    EarnedBefore,
    NoSuchOrder,
    NotOrdered,
    NotRecruited,
    OrderReferenceReused,
    SellersDoNotComplete,
    WrongOrderState,
)
from bursar.orders.look import PAGE_MAX, get, get_many, page
from bursar.orders.model import (
    BUYER_LENGTH_MAX,
    ITEM_LENGTH_MAX,
    LIFE,
    REASON_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    Completion,
    Created,
    NewOrder,
    Order,
    OrderState,
    PutOff,
    Query,
    Recruit,
    Step,
)
from bursar.orders.recruiting import RECRUITS_MAX, recruit, recruiters, recruits_of
from bursar.orders.refund import refund

__all__ = [
    "BUYER_LENGTH_MAX",
    "ITEM_LENGTH_MAX",
    "LIFE",
    "PAGE_MAX",
    "REASON_LENGTH_MAX",
    "RECRUITS_MAX",
    "REFERENCE_LENGTH_MAX",
    "Completion",
    "Created",
    "EarnedBefore",
    "NewOrder",
    "NoSuchOrder",
    "NotOrdered",
    "NotRecruited",
    "Order",
    "OrderReferenceReused",
    "OrderState",
    "PutOff",
    "Query",
    "Recruit",
    "SellersDoNotComplete",
    "Step",
    "WrongOrderState",
    "cancel",
    "complete",
    "create",
    "get",
    "get_many",
    "page",
    "recruit",
    "recruiters",
    "recruits_of",
    "refund",
]
