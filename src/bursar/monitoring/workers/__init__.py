"""The workers there are: each signs a row now and then, so that anybody can see who works, and what waits.

A row is a sign of life and no lease: nothing is taken away from a worker that is not seen, and nothing waits for one.
"""

from bursar.monitoring.workers.model import Load, Sign, Waiting, Worker, is_stuck
from bursar.monitoring.workers.presence import Presence
from bursar.monitoring.workers.store import forget_old, known, waiting

__all__ = ["Load", "Presence", "Sign", "Waiting", "Worker", "forget_old", "is_stuck", "known", "waiting"]
