"""Why something about alerts is not done.

Refusal
├── NoSuchAlert      not there
└── AlertResolved    it is over; there is nothing left to acknowledge or resolve
"""

from bursar.foundation.errors import Conflict, Missing


class NoSuchAlert(Missing):
    """There is no such alert."""

    code = "alert_not_found"


class AlertResolved(Conflict):
    """This alert has been resolved already."""

    code = "alert_resolved"
