"""Dispatch: getting approved payouts to their gateways, and finding out what became of them.

Prepare, call, record: an attempt is written down before the gateway is called, no transaction is open during the call,
and what was answered is recorded afterwards. What is not known is asked about and never sent again on a guess.
"""

from bursar.dispatch import circuits, concluding, floats, recovery, reports
from bursar.dispatch.accounts import AccountChecker
from bursar.dispatch.circuits import Circuits
from bursar.dispatch.condition import Condition, conditions, paying_nobody
from bursar.dispatch.errors import AlreadyKnown, NoSuchAttempt, NoSuchGateway, NothingInDoubt, NotRecovering
from bursar.dispatch.floats import LOW_FLOAT, Float
from bursar.dispatch.inquire import Inquirer
from bursar.dispatch.model import Attempt, AttemptState, Told, gateway_key
from bursar.dispatch.record import Scribe, record
from bursar.dispatch.resolve import resolve
from bursar.dispatch.send import BELL, Dispatcher
from bursar.dispatch.store import figures
from bursar.dispatch.switches import Scope, Standing, Switch, go, standing, stop, switches
from bursar.dispatch.timeline import Happening, happenings
from bursar.dispatch.tools import Tools
from bursar.dispatch.watch import FloatWatcher

__all__ = [
    "BELL",
    "LOW_FLOAT",
    "AccountChecker",
    "AlreadyKnown",
    "Attempt",
    "AttemptState",
    "Circuits",
    "Condition",
    "Dispatcher",
    "Float",
    "FloatWatcher",
    "Happening",
    "Inquirer",
    "NoSuchAttempt",
    "NoSuchGateway",
    "NotRecovering",
    "NothingInDoubt",
    "Scope",
    "Scribe",
    "Standing",
    "Switch",
    "Told",
    "Tools",
    "circuits",
    "concluding",
    "conditions",
    "figures",
    "floats",
    "gateway_key",
    "go",
    "happenings",
    "paying_nobody",
    "record",
    "recovery",
    "reports",
    "resolve",
    "standing",
    "stop",
    "switches",
]
