"""Circuits: a gateway that does not answer is left alone until it does.

Closed, it is used. After too many calls in a row without a definite word it is open: nothing is sent through it, and
nothing is asked. Now and then it is half-open: one look-up, which moves no money, shows whether it is back.
"""

from bursar.dispatch.circuits.actions import known, reset
from bursar.dispatch.circuits.breaker import Circuits
from bursar.dispatch.circuits.model import FAILURES_MAX, Circuit, Stage
from bursar.dispatch.circuits.store import begin_probe, close

__all__ = ["FAILURES_MAX", "Circuit", "Circuits", "Stage", "begin_probe", "close", "known", "reset"]
