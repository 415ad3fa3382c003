"""Monitoring: whether all is well, and the proof of it. It may look into every room.

It changes none of them, but for corrections on which two people agree; these go through the rooms' own verbs.
"""

from bursar.monitoring import (
    alerts,
    audit,
    exposition,
    housekeeping,
    reconciliation,
    recovery,
    stories,
    tallies,
    workers,
)
from bursar.monitoring.health import Health, Reason, Status, health
from bursar.monitoring.laws import Breach, check_laws
from bursar.monitoring.load import SystemLoad, load
from bursar.monitoring.metrics import WINDOW, Metrics, Standing, metrics
from bursar.monitoring.occasions import Errand
from bursar.monitoring.stories import Story, trace
from bursar.monitoring.timeline import Entry, timeline

__all__ = [
    "WINDOW",
    "Breach",
    "Entry",
    "Errand",
    "Health",
    "Metrics",
    "Reason",
    "Standing",
    "Status",
    "Story",
    "SystemLoad",
    "alerts",
    "audit",
    "check_laws",
    "exposition",
    "health",
    "housekeeping",
    "load",
    "metrics",
    "reconciliation",
    "recovery",
    "stories",
    "tallies",
    "timeline",
    "trace",
    "workers",
]
