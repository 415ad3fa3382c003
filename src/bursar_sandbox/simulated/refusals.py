"""What the simulated gateway itself refuses, beside what every simulator does (`bursar_sandbox.refusals`).

Refused
└── KeyConflict    409
"""

from bursar_sandbox.refusals import Refused


class KeyConflict(Refused):
    """This key was used before, for a different payment."""

    status, code = 409, "key_conflict"
