"""Alerts: what is wrong, opened once, told to those who can help, and ended when it is over.

The room promises one alert for each thing that is wrong, however long it lasts and however many processes look; that
it is told by e-mail and signed post when it is opened, when it becomes critical and when it is resolved; that it ends
by itself a minute after its cause has gone, with some distance from the limit; and that whatever a person resolves is
not opened again before it had gone away.
"""

from bursar.monitoring.alerts.actions import (
    BY_ITSELF,
    PAGE_MAX,
    acknowledge,
    active,
    end_system,
    get,
    open_system,
    page,
    posts,
    resolve,
    try_out,
)
from bursar.monitoring.alerts.errors import AlertResolved, NoSuchAlert
from bursar.monitoring.alerts.laws import check as check_laws
from bursar.monitoring.alerts.limits import over_limits
from bursar.monitoring.alerts.model import Alert, AlertType, Finding, Post, PostState, Severity, Told
from bursar.monitoring.alerts.posting import BELL, Poster
from bursar.monitoring.alerts.system import nobody_works
from bursar.monitoring.alerts.watch import Watcher, findings, look

__all__ = [
    "BELL",
    "BY_ITSELF",
    "PAGE_MAX",
    "Alert",
    "AlertResolved",
    "AlertType",
    "Finding",
    "NoSuchAlert",
    "Post",
    "PostState",
    "Poster",
    "Severity",
    "Told",
    "Watcher",
    "acknowledge",
    "active",
    "check_laws",
    "end_system",
    "findings",
    "get",
    "look",
    "nobody_works",
    "open_system",
    "over_limits",
    "page",
    "posts",
    "resolve",
    "try_out",
]
