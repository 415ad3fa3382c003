"""Circuits: a gateway that does not answer is left alone until it does.

Closed, it is used. After too many calls in a row without a definite word it is open: nothing is sent through it, and
nothing is asked. Now and then it is half-open: one look-up, which moves no money, shows whether it is back.

A gateway may also tell us that a bank behind it is out of order. Then that bank's own circuit is open: nothing is sent
there, and all else goes on. It closes when the gateway says so, or after ``DOWNTIME_SECONDS_MAX``.
"""

from bursar.dispatch.circuits.actions import known, reset, told
from bursar.dispatch.circuits.breaker import Circuits
from bursar.dispatch.circuits.model import (
    BANK_DOWN,
    DOWNTIME_SECONDS_MAX,
    FAILURES_MAX,
    Circuit,
    Stage,
    circuit_of,
    parts_of,
)
from bursar.dispatch.circuits.store import begin_probe, close

__all__ = [
    "BANK_DOWN",
    "DOWNTIME_SECONDS_MAX",
    "FAILURES_MAX",
    "Circuit",
    "Circuits",
    "Stage",
    "begin_probe",
    "circuit_of",
    "close",
    "known",
    "parts_of",
    "reset",
    "told",
]
