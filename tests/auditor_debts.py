"""The auditor's law about debts: each is what was booked of it, and the debts account is what is owed."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from auditor import Evidence  # It imports this module's laws.

BOOKED_AS: Final = {"recovered": "recover", "forgiven": "forgive"}
WITHHELD_BY: Final = {"taken_back": "take_back", "recovered": "recover"}


def debts_are_explained(evidence: "Evidence") -> Iterator[str]:
    """Laws 1 and 2: every unit owed was booked, every unit that is no longer owed was too, and nothing else was."""
    transfers = {transfer["id"]: transfer for transfer in evidence.of("transfers")}
    yield from _debts(evidence, transfers)
    yield from _accounts(evidence)
    yield from _withholdings(evidence, transfers)


def _debts(evidence: "Evidence", transfers: dict[Any, dict[str, Any]]) -> Iterator[str]:
    parts = evidence.grouped("debt_recoveries", "debt_id")
    owing = {(t["holder_id"], t["reference"]): t["amount"] for t in transfers.values() if t["kind"] == "owe"}
    for debt in evidence.of("debts"):
        left, down = debt["amount"], Counter[str]()
        for part in parts.get(debt["id"], []):
            transfer = transfers.get(part["transfer_id"])
            if transfer is None or (transfer["kind"], transfer["amount"], transfer["holder_id"]) != (
                BOOKED_AS[part["how"]], part["amount"], debt["holder_id"],
            ):  # fmt: skip
                yield f"debt {debt['id']} came down by {part['amount']}, which was not booked"
            down[part["how"]] += part["amount"]
            left -= part["amount"]
        if (debt["recovered"], debt["forgiven"]) != (down["recovered"], down["forgiven"]):
            yield f"debt {debt['id']} says {debt['recovered']} and {debt['forgiven']}, its parts say {dict(down)}"
        if left < 0 or (left == 0) != (debt["ended_at"] is not None):
            yield f"debt {debt['id']} has {left} left"
        if owing.get((debt["holder_id"], debt["reference"])) != debt["amount"]:
            yield f"debt {debt['id']} was not booked as money"


def _accounts(evidence: "Evidence") -> Iterator[str]:
    names = {row["id"]: (row["owner"], row["currency"]) for row in evidence.of("accounts") if row["kind"] == "debts"}
    held: Counter[tuple[str, str]] = Counter()
    for transfer in evidence.of("transfers"):
        for side, sign in (("debit_account", -1), ("credit_account", 1)):
            if transfer[side] in names:
                held[names[transfer[side]]] += sign * transfer["amount"]
    for debt in evidence.of("debts"):
        held[debt["program"], debt["currency"]] += debt["amount"] - debt["recovered"] - debt["forgiven"]
    yield from (f"the debts account of {place} differs from what is owed by {by}" for place, by in held.items() if by)


def _withholdings(evidence: "Evidence", transfers: dict[Any, dict[str, Any]]) -> Iterator[str]:
    owners = {earning["id"]: earning["holder_id"] for earning in evidence.of("earnings")}
    sums: dict[Any, int] = defaultdict(int)
    for part in evidence.of("earning_withholdings"):
        name = part["transfer_id"]
        sums[name] += part["amount"]
        transfer = transfers.get(name)
        if transfer is None or transfer["kind"] != WITHHELD_BY[part["why"]]:
            yield f"transfer {name} withheld of an earning, and took nothing from its holder"
        elif sums[name] > transfer["amount"]:
            yield f"transfer {name} withheld {sums[name]} of earnings, and moved {transfer['amount']}"
        if owners.get(part["earning_id"]) != part["holder_id"]:
            yield f"transfer {name} withheld of somebody else's earning"
