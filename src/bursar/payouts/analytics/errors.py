"""Why figures are not given.

Refusal
└── TooManyGroups  more rows than anybody reads
"""

from bursar.foundation.errors import Invalid


class TooManyGroups(Invalid):
    """There are too many groups."""

    code = "too_many_groups"

    def __init__(self, *, most: int) -> None:
        """Refuse, and say what to change."""
        super().__init__(
            f"These are more than {most:,} groups; ask for fewer days, or group by less.",
            field="group",
            rule=f"so that there are at most {most} groups",
        )
