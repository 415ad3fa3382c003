"""When runs are, by a name: the intervals that NestJS's scheduler knows (``CronExpression`` in ``@nestjs/schedule``).

Those with seconds have no meaning here; our runs are not that fine. The rest say the same in the form that cron knows:
``0 */2 * * *`` rather than ``0 0-23/2 * * *``, since only a star says that it does not matter when the clock jumps.
"""

from collections.abc import Mapping
from typing import Final

_HOURS_12: Final = {f"{hour % 12 or 12}{'AM' if hour < 12 else 'PM'}": hour for hour in range(1, 24)}

NAMED: Final[Mapping[str, str]] = {
    "EVERY_MINUTE": "* * * * *",
    **{f"EVERY_{minutes}_MINUTES": f"*/{minutes} * * * *" for minutes in (5, 10, 15, 30)},
    "EVERY_HOUR": "0 * * * *",
    **{f"EVERY_{hours}_HOURS": f"0 */{hours} * * *" for hours in range(2, 13)},
    **{f"EVERY_DAY_AT_{said}": f"0 {hour} * * *" for said, hour in _HOURS_12.items() if said != "12PM"},
    "EVERY_DAY_AT_NOON": "0 12 * * *",
    "EVERY_DAY_AT_MIDNIGHT": "0 0 * * *",
    "EVERY_WEEK": "0 0 * * 0",
    "EVERY_WEEKDAY": "0 0 * * 1-5",
    "EVERY_WEEKEND": "0 0 * * 6,0",
    "EVERY_1ST_DAY_OF_MONTH_AT_MIDNIGHT": "0 0 1 * *",
    "EVERY_1ST_DAY_OF_MONTH_AT_NOON": "0 12 1 * *",
    "EVERY_2ND_HOUR": "0 */2 * * *",
    "EVERY_2ND_HOUR_FROM_1AM_THROUGH_11PM": "0 1-23/2 * * *",
    "EVERY_2ND_MONTH": "0 0 1 */2 *",
    "EVERY_QUARTER": "0 0 1 */3 *",
    "EVERY_6_MONTHS": "0 0 1 */6 *",
    "EVERY_YEAR": "0 0 1 1 *",
    "EVERY_30_MINUTES_BETWEEN_9AM_AND_5PM": "*/30 9-17 * * *",
    "EVERY_30_MINUTES_BETWEEN_9AM_AND_6PM": "*/30 9-18 * * *",
    "EVERY_30_MINUTES_BETWEEN_10AM_AND_7PM": "*/30 10-19 * * *",
    **{f"MONDAY_TO_FRIDAY_AT_{said}": f"0 {hour} * * 1-5" for said, hour in _HOURS_12.items()},
    "MONDAY_TO_FRIDAY_AT_09_30AM": "30 9 * * 1-5",
    "MONDAY_TO_FRIDAY_AT_11_30AM": "30 11 * * 1-5",
}
"""The five parts that each name stands for."""


def five_parts(said: str) -> str:
    """A cron expression's five parts, whether they are written out or named."""
    return NAMED.get(said, said)
