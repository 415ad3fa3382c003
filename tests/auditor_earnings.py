"""The auditor's laws about earnings: they are where payouts have left them, and there is money for each."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from auditor import Evidence  # It imports this module's laws.

PAYOFFS: Final = {
    "reserve": "reserved",
    "post": "paid",
    "void": "released",
    "reverse": "returned",
    "reverse_to_suspense": "suspended",
    "release": "returned",
    "reclaim": "suspended",
}
"""What became of a part of an earning, by what happened last to the money that was reserved with it."""


def earnings_stand_for_money(evidence: "Evidence") -> Iterator[str]:
    """Law 2: earnings' figures follow from what was taken of them, and there is money for all that is left."""
    payoffs = evidence.grouped("earning_payoffs", "earning_id")
    withheld = evidence.grouped("earning_withholdings", "earning_id")
    booked = {(t["holder_id"], t["reference"]): t for t in evidence.of("transfers") if t["kind"] == "credit"}
    sums: dict[str, Counter[tuple[UUID, str]]] = {"available": Counter(), "reserved": Counter()}
    for earning in evidence.of("earnings"):
        taken: Counter[str] = Counter()
        for payoff in payoffs.get(earning["id"], []):
            taken[payoff["state"]] += payoff["amount"]
        for withholding in withheld.get(earning["id"], []):
            taken["withheld"] += withholding["amount"]
        derived = {state: taken[state] for state in ("reserved", "paid", "suspended", "withheld")}
        derived["available"] = earning["amount"] - sum(derived.values())
        if any(earning[figure] != amount or amount < 0 for figure, amount in derived.items()):
            yield f"earning {earning['id']} is not where its payoffs say: {derived}"
        credit = booked.get((earning["holder_id"], earning["reference"]))
        if credit is None or (credit["amount"], credit["currency"]) != (earning["amount"], earning["currency"]):
            yield f"earning {earning['id']} was not booked as money"
        for figure, by_holder in sums.items():
            by_holder[earning["holder_id"], earning["currency"]] += earning[figure]
    balances = {(row["holder_id"], row["currency"]): row for row in evidence.of("balances")}
    for figure, by_holder in sums.items():
        for place, amount in by_holder.items():
            money = balances[place][figure] if place in balances else 0
            if amount > money:
                yield f"{place} has earnings of {amount} {figure}, and {money} of money"


def earnings_follow_their_payouts(evidence: "Evidence") -> Iterator[str]:
    """Law 2: a reservation took at most its amount of that holder's own earnings, and they go as its money goes."""
    payouts = {payout["id"]: payout for payout in evidence.of("payouts")}
    owners = {earning["id"]: earning["holder_id"] for earning in evidence.of("earnings")}
    moved: dict[tuple[UUID, int], dict[str, Any]] = {}
    steps = (t for t in evidence.of("transfers") if t["payout_id"] and t["kind"] != "recover")
    for transfer in sorted(steps, key=lambda t: t["step"]):
        moved[transfer["payout_id"], transfer["reservation"]] = transfer
    took: Counter[tuple[UUID, int]] = Counter()
    for payoff in evidence.of("earning_payoffs"):
        name, payout = (payoff["payout_id"], payoff["reservation"]), payouts[payoff["payout_id"]]
        took[name] += payoff["amount"]
        if name not in moved or payoff["state"] != PAYOFFS[moved[name]["kind"]]:
            yield f"payout {payout['id']}: what reservation {name[1]} took is {payoff['state']}, its money is not"
        if {payoff["holder_id"], owners.get(payoff["earning_id"])} != {payout["holder_id"]}:
            yield f"payout {payout['id']} took somebody else's earning"
    for (payout_id, reservation), amount in took.items():
        if amount > payouts[payout_id]["amount"]:
            yield f"payout {payout_id}: reservation {reservation} took {amount}, more than it pays"
