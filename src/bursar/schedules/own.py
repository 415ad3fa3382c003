"""Own schedules: when holders who choose for themselves are to be paid, by the calendar of their program.

The program's own runs look whose has come round; so nobody is paid before the first run that begins from then on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bursar import holders, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import Every, Holder, OwnSchedule, Preferences, Round
from bursar.schedules.errors import OwnSchedulesNotOffered
from bursar.schedules.occurrences import HORIZON, Schedule, crons_of, following


async def choose(
    tx: Transaction, chosen: Sequence[Holder], wish: OwnSchedule, *, book: programs.Book, actor: str
) -> dict[UUID, Preferences]:
    """Pay these holders by this schedule from now on: whatever is there then, and nothing in between by itself.

    Raises:
        OwnSchedulesNotOffered: the terms of one's program do not let its holders choose.
        Invalid: it never comes round there, since its days are all holidays.
    """
    terms = await book.judge(tx, {holder.program for holder in chosen})
    at = await tx.now()
    wishes = {holder.id: (wish, first_round(terms[holder.program], wish, after=at)) for holder in chosen}
    return await holders.set_schedule(tx, wishes, actor=actor)


def insist_offered(terms: programs.Terms) -> None:
    """Insist that a program lets its holders choose.

    Raises:
        OwnSchedulesNotOffered: it does not.
    """
    if not terms.runs.own_schedules:
        raise OwnSchedulesNotOffered(program=terms.program)


def first_round(terms: programs.Terms, wish: OwnSchedule, *, after: datetime) -> datetime:
    """When a schedule that somebody wishes for would come round first, as an instant in UTC.

    Raises:
        OwnSchedulesNotOffered: the terms do not let holders choose.
        Invalid: it never would, since its days are all holidays.
    """
    insist_offered(terms)
    found = following(_schedule_of(terms, wish), after=after)
    if found is None:
        raise Invalid(field="day", rule="a day on which this program pays")
    return found.at


def rounds(
    terms: programs.Terms, wishes: Mapping[UUID, OwnSchedule], reasons: Mapping[UUID, str], *, at: datetime
) -> list[Round]:
    """These holders' schedules once more, as they come round next after ``at``; ``reasons`` are whose came to nothing.

    What was missed is not made up for: one payout of the whole balance is all that there is to make up.
    """
    next_at = {}
    for wish in set(wishes.values()):  # Thousands of holders choose among few days and hours.
        found = following(_schedule_of(terms, wish), after=at)
        next_at[wish] = at + HORIZON if found is None else found.at  # None: the terms have new holidays since.
    return [Round(holder_id, next_at[wish], reasons.get(holder_id)) for holder_id, wish in wishes.items()]


def _schedule_of(terms: programs.Terms, wish: OwnSchedule) -> Schedule:
    """A wish in the program's time zone and by its holidays."""
    assert terms.dispatch.time_zone is not None, "no program file may leave it out where there are own schedules"
    calendar = programs.Schedule(
        frequency=programs.Frequency(wish.every.value),
        day_of_week=wish.day if wish.every is Every.WEEK else None,
        day_of_month=wish.day if wish.every is Every.MONTH else None,
        hour=wish.hour,
    )
    return Schedule(
        crons=crons_of(calendar),
        time_zone=terms.dispatch.time_zone,
        holidays=terms.schedule.holidays,
        on_holiday=terms.schedule.on_holiday,
    )
