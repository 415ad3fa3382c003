"""What people do with circuits: look at them, and close one by hand."""

from collections.abc import Mapping

from bursar.dispatch.circuits import store
from bursar.dispatch.circuits.model import Circuit
from bursar.foundation import journal, log
from bursar.foundation.db import Transaction

_log = log.get(__name__)


async def known(tx: Transaction) -> Mapping[str, Circuit]:
    """Every circuit that was ever opened, by its gateway; all others are closed."""
    return {circuit.gateway: circuit for circuit in await store.known(tx)}


async def reset(tx: Transaction, gateway: str, *, actor: str) -> bool:
    """Close a circuit by hand, without waiting for a probe; whether it was not closed. The journal notes who did."""
    was_open = await store.close(tx, gateway)
    if was_open:
        _log.warning("circuit.reset", gateway=gateway, actor=actor)
        await journal.note(tx, "circuit.reset", actor=actor, subject=f"gateway:{gateway}")
    return was_open
