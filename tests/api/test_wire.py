"""The words and rules of the wire that need no house to be seen."""

import msgspec
import pytest

from bursar.api import exports, rules
from bursar.api.merchants.wire import WORDS, PayoutBody, states_heard_as
from bursar.api.paging import NumberPageQuery, PageQuery, mark
from bursar.foundation import ids
from bursar.payouts import PayoutState
from ground import AT


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("requested", "PENDING"),
        ("in_review", "IN_REVIEW"),
        ("approved", "PENDING"),
        ("sending", "PROCESSING"),
        ("sent", "PENDING"),
        ("retrying", "RETRY"),
        ("on_hold", "ON_HOLD"),
        ("completed", "SUCCESS"),
        ("failed", "FAILED"),
        ("rejected", "FAILED"),
        ("cancelled", "CANCELLED"),
        ("returned", "RETURNED"),
    ],
)
def test_merchants_hear_these_words(state: str, word: str) -> None:
    assert WORDS[PayoutState(state)] == word
    assert PayoutState(state) in states_heard_as([WORDS[PayoutState(state)]])


def test_there_is_a_word_for_every_state() -> None:
    assert WORDS.keys() == set(PayoutState)


@pytest.mark.parametrize(
    ("complaint", "field", "rule"),
    [
        ("Expected `str`, got `int` - at `$.a.b[0]`", "a.b[0]", "a text, not a whole number"),
        ("Expected `str` of length >= 1 - at `$.a`", "a", "a text of at least 1 characters"),
        ("Expected `array` of length <= 3 - at `$.a`", "a", "a list of at most 3 items"),
        ("Expected `int` <= 200 - at `$.limit`", "limit", "a whole number of at most 200"),
        ("Expected `str | null`, got `bool` - at `$.a`", "a", "a text or null, not true or false"),
        ("Expected `str` matching regex '^x$' - at `$.a`", "a", "a text of the form '^x$'"),
        ("Expected `object`, got `array`", "", "an object, not a list"),
        ("Object missing required field `b` - at `$.a`", "a.b", "present"),
        ("Object contains unknown field `b`", "b", "left out; there is no such field"),
        ("Invalid enum value 'CARD' - at `$.destType`", "destType", "one of BANK"),
        ("Something else entirely", "", "Something else entirely"),
    ],
)
def test_a_complaint_is_put_into_words(complaint: str, field: str, rule: str) -> None:
    assert rules.broken(complaint, of=PayoutBody) == (field, rule)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\uff1dx", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert exports.lines([[cell]]).lstrip('"').startswith("'")


def test_cells_are_quoted_as_rfc_4180_has_it() -> None:
    assert exports.lines([["a,b", 'say "x"', "two\nlines", None, 7]]) == '"a,b","say ""x""","two\nlines",,7\r\n'


def test_a_mark_leads_back_to_its_place() -> None:

    place = ids.new(AT)
    assert PageQuery(cursor=mark(place)).before == place
    for number in (0, 17, 2**63 - 1):
        assert NumberPageQuery(cursor=mark(number)).before == number
    assert NumberPageQuery(cursor="_" * 11).before == 2**63 - 1
    assert msgspec.convert({"cursor": mark(17)}, NumberPageQuery).before == 17
