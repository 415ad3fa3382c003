"""What the mock bank itself refuses, beside what every simulator does (`bursar_sandbox.refusals`).

Refused
├── ReferenceConflict    409
└── NotCancellable       409
"""

from bursar_sandbox.refusals import Refused


class ReferenceConflict(Refused):
    """This reference was used before, for a different transfer."""

    status, code = 409, "reference_conflict"


class NotCancellable(Refused):
    """Only a transfer that is ON_HOLD or PENDING can be cancelled."""

    status, code = 409, "not_cancellable"
