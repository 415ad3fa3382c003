"""Why a debt stays as it is.

Refusal
├── NoSuchDebt        not there, or not this caller's
├── DebtEnded         nothing is left of it
└── NothingToRecover  its holder has nothing available
"""

from bursar.foundation.errors import Conflict, Missing


class NoSuchDebt(Missing):
    """There is no such debt."""

    code = "debt_not_found"


class DebtEnded(Conflict):
    """Nothing is left of this debt."""

    code = "debt_ended"


class NothingToRecover(Conflict):
    """The holder has nothing available that could settle this debt."""

    code = "nothing_to_recover"
