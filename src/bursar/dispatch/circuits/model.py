"""The stages of a circuit, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

FAILURES_MAX: Final = 10  # Calls in a row; a single lost answer says nothing, however many payouts it was about.
PROBE_SECONDS: Final = 15.0  # From opening to the first probe; twice as long after each that failed.
PROBE_SECONDS_MAX: Final = 300.0  # However long it has been away, it is used again within five minutes of its return.
PROBE_LEASE_SECONDS: Final = 60.0  # A probe that nobody has ended by then is somebody else's to repeat.
DOWNTIME_SECONDS_MAX: Final = 4 * 3600.0  # A bank of which nobody tells us that it is well again is tried all the same.
BANK_DOWN: Final = "bank_down"
GATEWAY_DOWN: Final = "gateway_down"
"""Why a circuit is open: its gateway has told us so, and no call has failed."""


class Stage(StrEnum):
    """Whether a gateway is used."""

    CLOSED = "closed"  # It is.
    OPEN = "open"  # Nothing is sent through it, and nothing is asked.
    HALF_OPEN = "half_open"  # One look-up is under way, to see whether it is back.


@dataclass(frozen=True, slots=True)
class Circuit:
    """One gateway's circuit, once it has been opened; or that of one bank behind it (see ``circuit_of``).

    ``reason`` is what the last failure said, ``failures`` how many calls in a row had failed when it opened, ``probes``
    how many look-ups have failed since, and ``probe_at`` when the next one is due.
    """

    gateway: str
    stage: Stage
    failures: int
    reason: str | None
    opened_at: datetime | None
    probes: int
    probe_at: datetime | None


def circuit_of(gateway: str, bank: str | None) -> str:
    """The circuit of a gateway, or of the bank behind it whose codes begin so; that one is not probed, and ends."""
    return gateway if bank is None else f"{gateway}{_BANK_MARK}{bank}"


def parts_of(circuit: str) -> tuple[str, str | None]:
    """The gateway whose circuit this is, and the bank behind it where it is that one's."""
    gateway, _, bank = circuit.partition(_BANK_MARK)
    return gateway, bank or None


def probe_wait(failed: int) -> float:
    """Seconds to the next probe after so many have failed."""
    return min(PROBE_SECONDS * 2.0 ** min(failed, 10), PROBE_SECONDS_MAX)


_BANK_MARK: Final = ":"  # Stands in no gateway's name.
