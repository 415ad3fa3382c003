"""How things stand with each gateway, for people: whether it is in use, what our account lacks, what is disputed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bursar.dispatch import circuits, floats, store
from bursar.dispatch.circuits import Circuit, Stage
from bursar.dispatch.floats import Float
from bursar.foundation.db import Transaction
from bursar.gateways import Gateway
from bursar.programs import Terms


@dataclass(frozen=True, slots=True)
class Condition:
    """One gateway: its circuit (closed: in use), our accounts there that are low, and how many breaks are open.

    Or one ``bank`` behind it, by how its codes begin, of which it says that nothing can be paid there.

    Of a circuit that is not closed, ``since`` says when it was opened, ``reason`` what the last failure said,
    ``probes`` how many look-ups have failed since then, and ``probe_at`` when the next one is due.
    """

    gateway: str
    circuit: str
    low: tuple[Float, ...]
    breaks: int
    since: datetime | None = None
    reason: str | None = None
    probes: int = 0
    probe_at: datetime | None = None

    @property
    def bank(self) -> str | None:
        """The bank behind the gateway that this is about; None where it is about the gateway."""
        return circuits.parts_of(self.gateway)[1]


async def conditions(tx: Transaction, gateways: Collection[str]) -> list[Condition]:
    """How things stand with these gateways, by name, each followed by the banks that it cannot pay to."""
    known = await circuits.known(tx)
    down = {name for name in known if circuits.parts_of(name)[0] in gateways and circuits.parts_of(name)[1]}
    breaks = await store.breaks_by_gateway(tx)
    low = [account for account in await floats.known(tx) if account.low_since is not None]
    return [
        _condition(
            name,
            known.get(name),
            low=tuple(account for account in low if account.gateway == name),
            breaks=breaks.get(name, 0),
        )
        for name in sorted({*gateways, *down})
    ]


def paying_nobody(terms: Iterable[Terms], gateways: Mapping[str, Gateway]) -> list[Terms]:
    """Those of these programs whose payouts leave through a gateway for play, which pays nobody."""
    return [one for one in terms if one.route.gateway in gateways and not gateways[one.route.gateway].capabilities.pays]


def _condition(gateway: str, circuit: Circuit | None, *, low: tuple[Float, ...], breaks: int) -> Condition:
    if circuit is None or circuit.stage is Stage.CLOSED:
        return Condition(gateway, Stage.CLOSED.value, low, breaks)
    return Condition(
        gateway,
        circuit.stage.value,
        low,
        breaks,
        since=circuit.opened_at,
        reason=circuit.reason,
        probes=circuit.probes,
        probe_at=circuit.probe_at,
    )
