"""What staff see of gateways."""

import msgspec

from bursar.dispatch import Condition
from bursar.foundation.clock import timestamp


class LowFloatView(msgspec.Struct, rename="camel"):
    """Our account at a gateway that holds too little, and since when. `held` is what it held at the last look."""

    currency: str
    held: str | None
    low_since: str | None


class CircuitView(msgspec.Struct, rename="camel"):
    """Whether a gateway is used: `closed`, it is; `open`, it is left alone; `half_open`, one look-up is trying it.

    `since` says when it was opened, `reason` what the last failure said, `failedProbes` how many look-ups have failed
    since then, and `nextProbeAt` when the next one is due.
    """

    stage: str
    since: str | None
    reason: str | None
    failed_probes: int
    next_probe_at: str | None


class GatewayView(msgspec.Struct, rename="camel"):
    """How things stand with one gateway; `breaks` counts its payments that are disputed and wait for two people."""

    name: str
    circuit: CircuitView
    low: list[LowFloatView]
    breaks: int

    @classmethod
    def of(cls, condition: Condition) -> "GatewayView":
        """Show one."""
        circuit = CircuitView(
            stage=condition.circuit,
            since=timestamp(condition.since) if condition.since else None,
            reason=condition.reason,
            failed_probes=condition.probes,
            next_probe_at=timestamp(condition.probe_at) if condition.probe_at else None,
        )
        low = [
            LowFloatView(
                account.currency,
                account.held.text if account.held is not None else None,
                timestamp(account.low_since) if account.low_since else None,
            )
            for account in condition.low
        ]
        return cls(condition.gateway, circuit, low, condition.breaks)
