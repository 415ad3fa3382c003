"""When holders want to be paid, as every door takes it."""

from typing import Annotated

import msgspec

from bursar.holders import Every, OwnSchedule

Frequency = Annotated[
    Every, msgspec.Meta(description="How often whatever is there then is paid out; in between, nothing is by itself.")
]
Day = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=31,
        description="Weekly: the day of the week, 0 is Sunday. Monthly: the day of the month; in a month without it, "
        "the last one. Left out for a daily schedule.",
        examples=[1],
    ),
]
Hour = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=23,
        description="On the clock of the program's time zone: paid with the first run that begins from then on.",
        examples=[9],
    ),
]


class ScheduleBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A schedule of the holder's own."""

    frequency: Frequency
    day: Day | None = None
    hour: Hour = 9

    def wish(self) -> OwnSchedule:
        """The same inside.

        Raises:
            Invalid: the day does not go with the frequency.
        """
        return OwnSchedule(self.frequency, self.day, self.hour)
