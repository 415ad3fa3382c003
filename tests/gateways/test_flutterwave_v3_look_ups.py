"""Flutterwave v3, asked what became of attempts: what proves something, and how few calls it takes."""

from typing import Any

import pytest
from switchboard import (
    CallFailed,
    Switchboard,
    error,
    instruction,
    listed,
    reply,
    success,
    transfer,
    v3,
)

from bursar.foundation.http import Reply
from bursar.gateways import NeverArrived, Outcome, Word

LOST = CallFailed("timed_out", reached=True)


async def found(line: Switchboard, *numbers: int, reference: str | None = None) -> list[Outcome | NeverArrived]:
    """What we make of the answers to a look-up."""
    return list(await v3(line).inquire([instruction(number, reference=reference) for number in numbers]))


def words(answers: list[Outcome | NeverArrived]) -> list[Word | None]:
    return [answer.word if isinstance(answer, Outcome) else None for answer in answers]


async def test_an_attempt_without_a_name_there_is_found_by_our_reference() -> None:
    line = Switchboard(listed(transfer()))
    assert words(await found(line, 1)) == [Word.PAID]
    assert (line.calls[0].path, line.calls[0].query) == ("/v3/transfers", {"reference": "key-1"})


async def test_an_attempt_with_an_id_there_is_fetched_by_it() -> None:
    line = Switchboard(success(transfer("PENDING")))
    assert words(await found(line, 1, reference="101")) == [Word.ACCEPTED]
    assert line.calls[0].path == "/v3/transfers/101"


async def test_only_an_empty_list_says_that_it_never_arrived() -> None:
    assert isinstance((await found(Switchboard(listed()), 1))[0], NeverArrived)
    assert isinstance((await found(Switchboard(success([])), 1))[0], NeverArrived)


@pytest.mark.parametrize(
    "answer",
    [
        listed(total=1),
        listed(transfer(number=2)),
        success(None),
        success({}),
        reply(200, {"status": "error", "message": "No transfers", "data": []}),
        error("Transfer not found", 404),
        error("Payout was made to a blacklisted account number"),
        reply(500),
        LOST,
    ],
)
async def test_nothing_else_does(answer: Reply | CallFailed) -> None:
    assert words(await found(Switchboard(answer), 1)) == [Word.UNKNOWN]


@pytest.mark.parametrize("answer", [success(transfer(number=2)), error("Transfer not found", 404), success([])])
async def test_an_id_that_leads_elsewhere_or_nowhere_proves_nothing(answer: Reply) -> None:
    assert words(await found(Switchboard(answer), 1, reference="101")) == [Word.UNKNOWN]


async def test_a_bulks_members_are_found_through_its_list_whatever_their_order() -> None:
    members = [transfer("FAILED", number=3), transfer("PENDING", number=1), transfer("SUCCESSFUL", number=2)]
    line = Switchboard(listed(*members))
    answers = await found(line, 1, 2, 3, reference="bulk:77")
    assert words(answers) == [Word.ACCEPTED, Word.PAID, Word.REFUSED]
    assert [answer.reference for answer in answers if isinstance(answer, Outcome)] == ["bulk:77/101", "102", "103"]
    assert [(call.path, call.query) for call in line.calls] == [("/v3/transfers", {"batch_id": "77", "page": "1"})]


async def test_a_member_that_was_seen_under_way_is_still_looked_up_with_its_bulk() -> None:
    line = Switchboard(listed(transfer(number=1), transfer(number=2)))
    assert words(await found(line, 1, 2, reference="bulk:77/101")) == [Word.PAID, Word.PAID]
    assert len(line.calls) == 1


async def test_a_hundred_members_take_one_call_for_each_page() -> None:
    pages = [
        listed(*(transfer(number=n) for n in range(first, first + 20)), page=page, pages=5, total=100)
        for page, first in enumerate(range(0, 100, 20), start=1)
    ]
    line = Switchboard(*pages)
    assert set(words(await found(line, *range(100), reference="bulk:77"))) == {Word.PAID}
    assert [call.query["page"] for call in line.calls] == ["1", "2", "3", "4", "5"]


async def test_members_are_asked_for_one_by_one_where_that_takes_fewer_calls() -> None:
    """Two are asked about, and the list has forty pages more: perhaps our bulk's id was not even understood."""
    strangers = listed(*(transfer(number=n) for n in range(50, 70)), pages=41, total=820)
    line = Switchboard(strangers, listed(transfer(number=1)), listed(transfer(number=2)))
    assert words(await found(line, 1, 2, reference="bulk:77")) == [Word.PAID, Word.PAID]
    assert [sorted(call.query) for call in line.calls] == [["batch_id", "page"], ["reference"], ["reference"]]


async def test_a_single_member_is_found_by_its_reference_at_once() -> None:
    line = Switchboard(listed(transfer()))
    assert words(await found(line, 1, reference="bulk:77")) == [Word.PAID]
    assert line.calls[0].query == {"reference": "key-1"}


async def test_a_member_missing_from_the_list_never_arrived_only_if_its_reference_says_so() -> None:
    line = Switchboard(listed(transfer(number=1)), listed())
    first, second = await found(line, 1, 2, reference="bulk:77")
    assert isinstance(first, Outcome)
    assert isinstance(second, NeverArrived)
    assert line.calls[1].query == {"reference": "key-2"}


@pytest.mark.parametrize("answer", [reply(500), reply(429, headers={"Retry-After": "3"}), reply(200, b"{"), LOST])
async def test_a_list_that_cannot_be_read_is_not_followed_by_a_storm_of_calls(answer: Reply | CallFailed) -> None:
    line = Switchboard(answer)
    assert words(await found(line, *range(50), reference="bulk:77")) == [Word.UNKNOWN] * 50
    assert len(line.calls) == 1


async def test_what_the_first_pages_told_is_kept_when_the_next_one_is_lost() -> None:
    line = Switchboard(listed(transfer(number=1), pages=2, total=2), LOST)
    assert words(await found(line, 1, 2, reference="bulk:77")) == [Word.PAID, Word.UNKNOWN]


async def test_attempts_of_all_kinds_are_answered_in_their_order() -> None:
    asked = [
        instruction(1, reference="bulk:7"),
        instruction(5),
        instruction(2, reference="bulk:7"),
        instruction(4, reference="104"),
    ]
    line = Routed(
        {
            "batch_id=7": listed(transfer(number=2), transfer("FAILED", number=1)),
            "reference=key-5": listed(),
            "/transfers/104": success(transfer("PENDING", number=4)),
        }
    )
    answers = await v3(line).inquire(asked)
    assert words(list(answers)) == [Word.REFUSED, None, Word.PAID, Word.ACCEPTED]


class Routed(Switchboard):
    """Answers by address instead of in turn."""

    def __init__(self, routes: dict[str, Reply]) -> None:
        super().__init__()
        self._routes = routes

    async def call(self, method: str, url: str, **more: Any) -> Reply:
        return next(answer for route, answer in self._routes.items() if route in url)


# ---- Retries of theirs, and references for test keys


async def test_the_latest_retry_of_a_transfer_is_the_one_that_counts() -> None:
    transfers = [
        transfer("FAILED"),
        transfer("SUCCESSFUL", id=300, reference="key-1_RETRY_10"),
        transfer("FAILED", id=200, reference="key-1_RETRY_9"),
    ]
    [outcome] = await found(Switchboard(listed(*transfers)), 1)
    assert isinstance(outcome, Outcome)
    assert (outcome.word, outcome.reference) == (Word.PAID, "300")


@pytest.mark.parametrize("other", ["FAILED", "PENDING", "SUCCESSFUL"])
async def test_two_transfers_under_one_reference_leave_us_not_knowing(other: str) -> None:
    assert words(await found(Switchboard(listed(transfer(), transfer(other, id=300))), 1)) == [Word.UNKNOWN]


async def test_a_transfer_that_two_pages_show_is_still_one_and_stands_as_last_seen() -> None:
    first = listed(transfer("PENDING"), *(transfer(number=n) for n in range(3, 12)), pages=2, total=11)
    second = listed(transfer("SUCCESSFUL"), transfer(number=2), pages=2, total=11)
    assert words(await found(Switchboard(first, second), 1, 2, reference="bulk:7")) == [Word.PAID, Word.PAID]


async def test_a_suffix_for_test_keys_is_put_on_every_reference_and_taken_off_again() -> None:
    suffix = "_PMCKDU_1"
    line = Switchboard(success(transfer("NEW", reference=f"key-1{suffix}")))
    gateway = v3(line, test_suffix=suffix)
    [outcome] = await gateway.send([instruction()])
    assert outcome.word is Word.ACCEPTED
    assert line.calls[0].body["reference"] == f"key-1{suffix}"

    again = Switchboard(listed(transfer(reference=f"key-1{suffix}_RETRY_1")))
    [found_again] = await v3(again, test_suffix=suffix).inquire([instruction()])
    assert isinstance(found_again, Outcome)
    assert found_again.word is Word.PAID
    assert again.calls[0].query == {"reference": f"key-1{suffix}"}
