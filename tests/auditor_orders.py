"""The auditor's law about orders: completed ones paid everybody their part, once, and refunded ones took it back."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor import Evidence  # It imports this module's laws.


def orders_pay_once(evidence: "Evidence") -> Iterator[str]:
    """Law 2: what an order says of its money was booked, nothing else in its name, and at most one payout is for it."""
    booked = {(t["holder_id"], t["kind"], t["reference"]): t["amount"] for t in evidence.of("transfers")}
    payouts = evidence.grouped("payouts", "order_id")
    for order in evidence.of("orders"):
        for place, amount in _parts(order).items():
            if booked.get(place, 0) != amount:
                yield f"order {order['id']}: {place[1]} of {amount}, and {booked.get(place, 0)} was booked"
        paying = payouts.get(order["id"], [])
        if [payout["id"] for payout in paying] != [one for one in [order["payout_id"]] if one]:
            yield f"order {order['id']} names the payout {order['payout_id']}, and {len(paying)} name it"
        for payout in paying:
            whole = payout["amount"] + payout["netted"] + order["recovered"]
            if (payout["holder_id"], whole) != (order["seller_id"], order["price"]):
                yield f"order {order['id']} of {order['price']} is paid by a payout of {whole}"
    yield from _bounties(evidence)


def _parts(order: dict[str, Any]) -> dict[tuple[Any, str, str], int]:
    """What has to be booked for an order: for whom, as what, in which name, and how much."""
    seller, scout, name = order["seller_id"], order["scout_id"], order["reference"]
    sold, back = order["completed_at"] is not None, order["state"] == "refunded"
    parts = {
        (seller, "fee", f"order:{name}"): order["fee"] * sold,
        (seller, "take_back", f"refund:{name}"): order["taken_back"],
        (seller, "owe", f"refund:{name}"): order["owed"],
        (seller, "fee_back", f"refund:{name}"): order["fee"] * back,
    }
    if sold:  # Before that somebody may use the name by hand, and the order is never completed.
        parts[seller, "credit", f"order:{name}"] = order["price"]
    return parts if scout is None else parts | {(scout, "credit", f"bounty:{name}"): order["bounty"]}


def _bounties(evidence: "Evidence") -> Iterator[str]:
    """A recruited seller has brought as many bounties as were counted; a bounty that was refunded is back or owed."""
    brought = Counter(order["seller_id"] for order in evidence.of("orders") if order["scout_id"])
    for recruit in evidence.of("recruits"):
        if recruit["bounties"] != brought[recruit["seller_id"]]:
            yield f"{recruit['seller_id']} brought {brought[recruit['seller_id']]}, {recruit['bounties']} were counted"
    booked = {(t["holder_id"], t["kind"], t["reference"]): t["amount"] for t in evidence.of("transfers")}
    for order in evidence.of("orders"):
        if order["scout_id"] and order["state"] == "refunded":
            name = f"refund:{order['reference']}"
            given_back = sum(booked.get((order["scout_id"], kind, name), 0) for kind in ("take_back", "owe"))
            if given_back != order["bounty"]:
                yield f"order {order['id']} is refunded, and of its bounty of {order['bounty']} only {given_back}"
