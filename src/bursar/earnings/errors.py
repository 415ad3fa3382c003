"""Why an earning is not credited, or not to be had.

Refusal
├── NotCredited            a field breaks a rule: amount, currency, holder, program, time
├── SourceReferenceReused  the reference stands for something else already
└── NoSuchEarning          not there, or not this caller's
"""

from uuid import UUID

from bursar.foundation.errors import Conflict, Invalid, Missing


class NotCredited(Invalid):
    """This earning cannot be credited."""

    code = "earning_not_credited"


class SourceReferenceReused(Conflict):
    """This reference was credited before with other content."""

    code = "earning_reference_reused"

    def __init__(self, reference: str, *, earning_id: UUID | None) -> None:
        """Refuse, naming the reference and the earning that it stands for; None for a credit that is no earning."""
        before = f"the earning {earning_id}" if earning_id else "a credit that is no earning"
        super().__init__(
            f"The reference {reference!r} stands for {before} with other content.",
            field="reference",
            rule="one that was not used for anything else",
            reference=reference,
            earning=earning_id,
        )


class NoSuchEarning(Missing):
    """There is no such earning."""

    code = "earning_not_found"
