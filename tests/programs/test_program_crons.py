"""Intervals by the names that NestJS's scheduler gives them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest
from cronsim import CronSim
from program_text import SCHEDULED, with_values

from bursar import programs
from bursar.programs.crons import NAMED

# As `CronExpression` of @nestjs/schedule has them, where the two forms differ; a sixth part in front is seconds.
AS_NESTJS_HAS_THEM = {
    "EVERY_MINUTE": "*/1 * * * *",
    "EVERY_5_MINUTES": "0 */5 * * * *",
    "EVERY_30_MINUTES": "0 */30 * * * *",
    "EVERY_HOUR": "0 0-23/1 * * *",
    "EVERY_5_HOURS": "0 0-23/5 * * *",
    "EVERY_12_HOURS": "0 0-23/12 * * *",
    "EVERY_DAY_AT_1AM": "0 01 * * *",
    "EVERY_DAY_AT_11PM": "0 23 * * *",
    "EVERY_DAY_AT_NOON": "0 12 * * *",
    "EVERY_DAY_AT_MIDNIGHT": "0 0 * * *",
    "EVERY_WEEKEND": "0 0 * * 6,0",
    "EVERY_QUARTER": "0 0 1 */3 *",
    "EVERY_30_MINUTES_BETWEEN_9AM_AND_5PM": "0 */30 9-17 * * *",
    "MONDAY_TO_FRIDAY_AT_1AM": "0 0 01 * * 1-5",
    "MONDAY_TO_FRIDAY_AT_09_30AM": "0 30 09 * * 1-5",
    "MONDAY_TO_FRIDAY_AT_12PM": "0 0 12 * * 1-5",
}


def moments(cron: str) -> list[datetime]:
    found: Iterator[datetime] = CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))
    return list(islice(found, 50))


@pytest.mark.parametrize("name", AS_NESTJS_HAS_THEM)
def test_a_name_stands_for_the_moments_that_nestjs_means(name: str) -> None:
    parts = AS_NESTJS_HAS_THEM[name].split()
    assert moments(programs.five_parts(name)) == moments(" ".join(parts[-5:]))


def test_every_name_can_stand_in_a_program_file_and_stays_as_it_is_written() -> None:
    for name in NAMED:
        terms = programs.read(with_values(SCHEDULED | {"dispatch.cron": name}), file="terms.yaml")
        assert terms.dispatch.cron == name


def test_what_is_no_name_are_the_parts_themselves() -> None:
    assert programs.five_parts("0 */6 * * *") == "0 */6 * * *"
