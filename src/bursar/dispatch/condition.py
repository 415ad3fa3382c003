"""How things stand with each gateway, for people: whether it is in use, what our account lacks, what is disputed."""

from collections.abc import Collection
from dataclasses import dataclass

from bursar.dispatch import floats, store
from bursar.dispatch.floats import Float
from bursar.foundation.db import Transaction


@dataclass(frozen=True, slots=True)
class Condition:
    """One gateway: its circuit (closed: in use), our accounts there that are low, and how many breaks are open."""

    gateway: str
    circuit: str
    low: tuple[Float, ...]
    breaks: int


async def conditions(tx: Transaction, gateways: Collection[str]) -> list[Condition]:
    """How things stand with these gateways, by name."""
    circuits = {row["gateway"]: row["state"] for row in await store.circuits(tx)}
    breaks = await store.breaks_by_gateway(tx)
    low = [account for account in await floats.known(tx) if account.low_since is not None]
    return [
        Condition(
            gateway=name,
            circuit=circuits.get(name, "closed"),
            low=tuple(account for account in low if account.gateway == name),
            breaks=breaks.get(name, 0),
        )
        for name in sorted(gateways)
    ]
