"""What is done with circuits by word of others: gateways tell of downtimes, and people look, or close one by hand."""

from collections.abc import Iterable, Mapping

from bursar.dispatch.circuits import store
from bursar.dispatch.circuits.model import (
    BANK_DOWN,
    DOWNTIME_SECONDS_MAX,
    GATEWAY_DOWN,
    PROBE_SECONDS_MAX,
    Circuit,
    Stage,
    circuit_of,
)
from bursar.foundation import journal, log
from bursar.foundation.db import Transaction
from bursar.gateways import Downtime

_log = log.get(__name__)


async def known(tx: Transaction) -> Mapping[str, Circuit]:
    """Every circuit that was ever opened, by its gateway; all others are closed."""
    return {circuit.gateway: circuit for circuit in await store.known(tx)}


async def told(tx: Transaction, news: Iterable[tuple[str, Downtime]]) -> None:
    """Open and close circuits by what gateways tell of themselves: of one bank behind them, or of everything.

    Told again, late or in disorder, the same gives the same: the downtime that began last counts, and its end.
    """
    told = [(circuit_of(gateway, downtime.bank), downtime) for gateway, downtime in news]
    for circuit, downtime in sorted(told, key=lambda one: (one[0], one[1].since, one[1].is_over)):
        is_bank = downtime.bank is not None
        reason = BANK_DOWN if is_bank else GATEWAY_DOWN
        changed = await store.told(
            tx,
            circuit,
            stage=Stage.CLOSED if downtime.is_over else Stage.OPEN,
            since=downtime.since,
            reason=reason,
            seconds=DOWNTIME_SECONDS_MAX if is_bank else PROBE_SECONDS_MAX,
        )
        if changed and downtime.is_over:
            _log.info("circuit.closed", gateway=circuit)
        elif changed:
            _log.warning("circuit.opened", gateway=circuit, reason_code=reason)


async def reset(tx: Transaction, gateway: str, *, actor: str) -> bool:
    """Close a circuit by hand, without waiting for a probe; whether it was not closed. The journal notes who did."""
    was_open = await store.close(tx, gateway)
    if was_open:
        _log.warning("circuit.reset", gateway=gateway, actor=actor)
        await journal.note(tx, "circuit.reset", actor=actor, subject=f"gateway:{gateway}")
    return was_open
