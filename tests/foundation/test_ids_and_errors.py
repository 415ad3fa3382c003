"""Ids sort by time; refusals say what, why and where."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.foundation import ids
from bursar.foundation.clock import FakeClock, SystemClock
from bursar.foundation.errors import Conflict, Forbidden, Invalid, Kind, Missing, Refusal, TooMany, Unavailable

moments = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone


@given(moments, st.timedeltas(timedelta(milliseconds=1), timedelta(days=3650)))
def test_a_later_id_sorts_after_an_earlier_one(at: datetime, later: timedelta) -> None:
    assert ids.new(at) < ids.new(at + later)


@given(moments)
def test_an_id_is_a_version_7_uuid_of_its_moment(at: datetime) -> None:
    made = ids.new(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_ids_of_one_moment_differ() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    assert len({ids.new(at) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("text", ["", "1", "not-an-id", "0" * 31, "../../etc/passwd"])
def test_what_is_no_id_is_none(text: str) -> None:
    assert ids.parse(text) is None


def test_an_id_is_read_back() -> None:
    made = ids.new(datetime(2026, 11, 20, tzinfo=UTC))
    assert ids.parse(str(made)) == made


def test_the_fake_clock_stands_still_until_it_is_told_to_move() -> None:
    clock = FakeClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    before = clock.now()
    assert clock.now() == before
    clock.pass_time(timedelta(hours=2))
    assert clock.now() == before + timedelta(hours=2)


def test_the_systems_clock_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_refusals_docstring_is_its_message() -> None:
    assert Missing().message == "There is no such thing."
    assert str(Conflict("In these words.")) == "In these words."


def test_a_refusal_names_the_field_and_the_rule() -> None:
    refusal = Invalid(field="amount", rule="more than 0")
    assert refusal.message == "A field breaks a rule: amount must be more than 0."
    assert refusal.facts == {"field": "amount", "rule": "more than 0"}


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Invalid, Kind.INVALID),
        (Forbidden, Kind.FORBIDDEN),
        (Missing, Kind.MISSING),
        (Conflict, Kind.CONFLICT),
        (TooMany, Kind.TOO_MANY),
        (Unavailable, Kind.UNAVAILABLE),
    ],
)
def test_each_sort_of_refusal_has_its_kind(refusal: type[Refusal], kind: Kind) -> None:
    assert refusal.kind is kind


def test_codes_are_unique_among_all_refusals() -> None:
    """A code is what programs tell refusals apart by."""
    codes = [kind.code for kind in Refusal.__subclasses__()]
    assert len(codes) == len(set(codes))
