"""Monitoring: whether all is well, and the proof of it. It may look into every room and changes none of them."""

from bursar.monitoring import audit, housekeeping, workers
from bursar.monitoring.laws import Breach, check_laws
from bursar.monitoring.timeline import Entry, timeline

__all__ = ["Breach", "Entry", "audit", "check_laws", "housekeeping", "timeline", "workers"]
