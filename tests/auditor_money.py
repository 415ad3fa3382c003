"""The auditor's laws about money: it balances, nothing is overdrawn, and reservations end once."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from auditor import Evidence  # It imports this module's laws.

ENDS: Final = {
    "completed": ["reserve", "post"],
    "returned": ["reserve", "post", "reverse"],
    "failed": ["reserve", "void"],
    "rejected": ["reserve", "void"],
    "cancelled": ["reserve", "void"],
}
"""How the last reservation of a payout at rest has gone; of all others it is still open."""


def accounts_balance(evidence: "Evidence") -> Iterator[str]:
    """Law 1: the accounts of a currency sum to zero, and stored figures are what transfers say."""
    accounts = {row["id"]: row for row in evidence.of("accounts")}
    held: Counter[int] = Counter()
    for transfer in evidence.of("transfers"):
        for side, sign in (("debit_account", -1), ("credit_account", 1)):
            held[transfer[side]] += sign * transfer["amount"]
            if accounts[transfer[side]]["currency"] != transfer["currency"]:
                yield f"transfer {transfer['id']} touches an account of another currency"
    sums: Counter[str] = Counter()
    for account, amount in held.items():
        sums[accounts[account]["currency"]] += amount
    yield from (f"the accounts of {currency} sum to {total}" for currency, total in sums.items() if total)
    for balance in evidence.of("balances"):
        for figure in ("available", "reserved"):
            derived = held[balance[f"{figure}_account"]]
            if balance[figure] != derived:
                yield f"{balance['holder_id']} has {balance[figure]} {figure}, but its transfers say {derived}"


def nothing_is_overdrawn(evidence: "Evidence") -> Iterator[str]:
    """Law 2: no figure below zero, and what is reserved is what open reservations add up to."""
    open_sums: Counter[tuple[UUID, str]] = Counter()
    for transfer in evidence.of("transfers"):
        sign = {"reserve": 1, "post": -1, "void": -1}.get(transfer["kind"], 0)
        open_sums[transfer["holder_id"], transfer["currency"]] += sign * transfer["amount"]
    for balance in evidence.of("balances"):
        place = (balance["holder_id"], balance["currency"])
        if min(balance["available"], balance["reserved"]) < 0:
            yield f"{place} is below zero"
        if balance["reserved"] != open_sums[place]:
            yield f"{place} has {balance['reserved']} reserved, open reservations add up to {open_sums[place]}"


def reservations_end_once(evidence: "Evidence") -> Iterator[str]:
    """Law 2: each reservation ends exactly once, as its payout's state says, for the payout's amount."""
    by_payout = evidence.grouped("transfers", "payout_id")
    for payout in evidence.of("payouts"):
        moved: dict[int, list[dict[str, Any]]] = defaultdict(list)
        netted = 0
        for transfer in by_payout.get(payout["id"], []):
            if transfer["kind"] == "recover":
                netted += transfer["amount"]
            else:
                moved[transfer["reservation"]].append(transfer)
        if netted != payout["netted"]:
            yield f"payout {payout['id']} says {payout['netted']} was netted, {netted} was recovered from it"
        if sorted(moved) != list(range(1, payout["reservation"] + 1)):
            yield f"payout {payout['id']} has reservations {sorted(moved)}, but says {payout['reservation']}"
        for number, transfers in moved.items():
            kinds = [t["kind"].removesuffix("_to_suspense") for t in sorted(transfers, key=lambda t: t["step"])]
            is_last = number == payout["reservation"]
            expected = ENDS.get(payout["state"], ["reserve"]) if is_last else ["reserve", "void"]
            if kinds != expected:
                yield f"payout {payout['id']} is {payout['state']}; reservation {number} went {kinds}"
            if {(t["amount"], t["currency"], t["holder_id"]) for t in transfers} != {
                (payout["amount"], payout["currency"], payout["holder_id"])
            }:
                yield f"payout {payout['id']}: reservation {number} is not for what it asks"
