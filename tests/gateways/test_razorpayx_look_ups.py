"""Asking RazorpayX: what became of an attempt, what it has of a span of time, what our account holds, whose one is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from razorpayx_desk import (
    ACCOUNT,
    BANK,
    KEY,
    LOST,
    NOW,
    VPA,
    believed,
    error,
    instruction,
    listed,
    paths,
    payout,
    razorpayx,
    said,
    whole,
)
from switchboard import Switchboard, reply

from bursar.foundation.http import CallFailed, Reply
from bursar.foundation.money import Money
from bursar.gateways import (
    CannotList,
    Confirmed,
    Denied,
    Instruction,
    NeverArrived,
    NotKnown,
    Outcome,
    Payment,
    Word,
)
from bursar.gateways.deadline import Deadline
from bursar.gateways.razorpayx import accounts
from bursar.gateways.razorpayx.api import Api
from ground import AT

KNOWN = instruction(reference="pout_1")


async def asked(*answers: Reply | CallFailed, about: Instruction | None = None) -> tuple[Any, Switchboard]:
    """Inquire, and believe only what is about what was asked; the calls that were made with it."""
    line, one = Switchboard(*answers), about or instruction()
    [answer] = await razorpayx(line).inquire([one])
    return believed(answer, one) if isinstance(answer, Outcome) else answer, line


# ---- What became of an attempt


async def test_an_attempt_is_looked_up_by_our_reference_in_our_account() -> None:
    outcome, line = await asked(listed(payout("processed")))
    assert (outcome.word, outcome.reference) == (Word.PAID, "pout_1")
    assert paths(line) == ["GET /payouts"]
    assert line.calls[0].query == {"account_number": ACCOUNT, "reference_id": KEY}


async def test_one_whose_id_is_known_is_looked_up_by_that() -> None:
    outcome, line = await asked(said(payout("processed")), about=KNOWN)
    assert (outcome.word, paths(line)) == (Word.PAID, ["GET /payouts/pout_1"])
    _, line = await asked(said(payout()), about=replace(KNOWN, reference="../x?y"))
    assert paths(line) == ["GET /payouts/..%2Fx%3Fy"]


async def test_what_no_list_has_never_arrived() -> None:
    assert isinstance((await asked(listed()))[0], NeverArrived)


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        error(None, 429),
        error("input_validation_failed"),
        reply(200, b"{"),
        reply(200, b"{}"),
        said({"entity": "collection", "items": [{"id": "pout_1"}]}),
        said({"entity": "payout", "items": []}),
        listed(payout(reference_id="key-2")),
        listed(payout(reference_id=None)),
        listed(payout(), payout(id="pout_2")),
        listed(payout("processed"), payout("processed", reference_id="key-2")),
        listed(payout(amount=1)),
    ],
    ids=range(12),
)
async def test_a_look_up_that_proves_nothing_leaves_us_not_knowing(answer: Reply | CallFailed) -> None:
    outcome, _ = await asked(answer)
    assert (outcome.word, outcome.retryable) == (Word.UNKNOWN, False)


@pytest.mark.parametrize("answer", [LOST, error("input_validation_failed"), error(None, 404)], ids=range(3))
async def test_an_id_that_is_not_found_is_no_proof_that_nothing_was_paid(answer: Reply | CallFailed) -> None:
    assert (await asked(answer, about=KNOWN))[0].word is Word.UNKNOWN


@pytest.mark.parametrize("status", ["reversed", "failed"])
async def test_what_was_paid_and_is_ours_again_has_come_back(status: str) -> None:
    """From there, a current account's payout may even become failed."""
    answer = said(payout(status, reason="beneficiary_bank_offline"))
    outcome, _ = await asked(answer, about=replace(KNOWN, paid=True))
    assert (outcome.word, outcome.reason, outcome.retryable) == (Word.RETURNED, "bank_unavailable", False)


async def test_what_was_never_paid_and_is_reversed_was_refused_and_may_be_tried_again() -> None:
    outcome, _ = await asked(said(payout("reversed", reason="beneficiary_bank_offline")), about=KNOWN)
    assert (outcome.word, outcome.reason, outcome.retryable) == (Word.REFUSED, "bank_unavailable", True)


async def test_a_look_up_and_a_sending_say_the_same() -> None:
    line = Switchboard(said(whole("processed")), listed(payout("processed")))
    gateway = razorpayx(line)
    assert list(await gateway.send([instruction()])) == list(await gateway.inquire([instruction()]))


# ---- The list of a span


async def payments(*answers: Reply | CallFailed) -> tuple[list[Payment], Switchboard]:
    """What it lists of an hour, and the calls that took."""
    line = Switchboard(*answers)
    found = [one async for one in razorpayx(line).payments(since=AT, until=AT + timedelta(hours=1))]
    return found, line


async def test_a_span_is_listed_page_after_page() -> None:
    pages = [[payout("processed", id=f"pout_{page}_{number}") for number in range(100)] for page in range(2)]
    found, line = await payments(*(listed(*page) for page in pages), listed(payout("failed")))
    assert len(found) == 201
    assert [call.query for call in line.calls] == [
        {"account_number": ACCOUNT, "from": str(NOW), "to": str(NOW + 3600), "count": "100", "skip": str(skip)}
        for skip in (0, 100, 200)
    ]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("processed", Word.PAID),
        ("processing", Word.ACCEPTED),
        ("queued", Word.HELD),
        ("failed", Word.REFUSED),
        ("reversed", Word.RETURNED),
        ("odd", Word.UNKNOWN),
    ],
)
async def test_a_line_of_the_list_says_under_which_key_how_much_and_when(status: str, word: Word) -> None:
    [found], _ = await payments(listed(payout(status)))
    assert found == Payment("pout_1", KEY, Money.parse("25.10", "INR"), word, AT.replace(microsecond=0))


@pytest.mark.parametrize(
    "changes", [{"notes": []}, {"notes": {"bursar_key": "another"}}, {"reference_id": None}, {"notes": None}]
)
async def test_a_payout_that_somebody_else_made_bears_no_key_of_ours(changes: dict[str, Any]) -> None:
    [found], _ = await payments(listed(payout(**changes)))
    assert found.key is None


@pytest.mark.parametrize(
    "answer", [LOST, error(None, 429), reply(200, b"[]"), listed(payout(created_at=10**18))], ids=range(4)
)
async def test_a_list_that_breaks_off_proves_nothing(answer: Reply | CallFailed) -> None:
    with pytest.raises(CannotList):
        await payments(listed(*[payout()] * 100), answer)


# ---- What our account holds


def balance(**changes: Any) -> dict[str, Any]:
    """One of our accounts there."""
    return {"account_number": ACCOUNT, "account_type": "current_account", "amount": 900_00, "available_amount": 850_05,
            "currency": "INR", "refreshed_at": NOW, **changes}  # fmt: skip


@pytest.mark.parametrize(
    ("items", "held"),
    [
        ([balance()], 850_05),
        ([balance(account_number="1"), balance()], 850_05),
        ([balance(available_amount=None)], 900_00),
        ([balance(available_amount=-5)], 0),
        ([balance(account_number="1")], 850_05),
        ([balance(account_number="1"), balance(account_number="2")], None),
        ([balance(), balance()], None),
        ([balance(currency="USD")], None),
        ([], None),
    ],
)
async def test_the_float_is_what_may_be_paid_out_of_our_account(items: list[Any], held: int | None) -> None:
    found = await razorpayx(Switchboard(listed(*items))).float_of("INR")
    assert found == (None if held is None else Money(held, "INR"))


@pytest.mark.parametrize("answer", [LOST, error(None, 500), reply(200, b"{}")], ids=range(3))
async def test_a_float_that_cannot_be_asked_is_not_known(answer: Reply | CallFailed) -> None:
    assert await razorpayx(Switchboard(answer)).float_of("INR") is None
    assert await razorpayx(Switchboard(listed(balance()))).float_of("USD") is None


# ---- Whose an account is


def validation(status: str = "completed", account: str | None = "active", *, name: str | None = "Gaurav  Kumar") -> Any:
    """What asking gave so far."""
    found = {"account_status": account, "registered_name": name, "name_match_score": 100}
    return {"id": "fav_1", "entity": "fund_account.validation", "status": status, "validation_results": found}


@pytest.mark.parametrize(
    ("answer", "resolution"),
    [
        (validation(), Confirmed("Gaurav Kumar")),
        (validation(account="valid", name=None), Confirmed("")),
        (validation(account="invalid"), Denied("account_not_found")),
        (validation(account=None), NotKnown("validation_failed")),
        (validation("failed"), NotKnown("validation_failed")),
        ({"id": "fav_1", "status": "completed", "results": {"account_status": "active"}}, Confirmed("")),
    ],
)
async def test_each_answer_about_an_account_is_understood(answer: Any, resolution: Any) -> None:
    line = Switchboard(said(answer))
    assert await razorpayx(line).resolve(BANK) == resolution
    assert line.calls[0].body == {
        "source_account_number": ACCOUNT,
        "validation_type": "optimized",
        "fund_account": {
            "account_type": "bank_account",
            "bank_account": {"name": "Gaurav Kumar", "ifsc": "HDFC0001234", "account_number": "1121431121541121"},
            "contact": {"name": "Gaurav Kumar"},
        },
    }


async def test_a_upi_address_can_be_asked_about_too() -> None:
    line = Switchboard(said(validation()))
    assert await razorpayx(line).resolve(VPA) == Confirmed("Gaurav Kumar")
    assert line.calls[0].body["fund_account"]["vpa"] == {"address": "gauravkumar@okaxis"}


def validations(line: Switchboard, *, wait: float) -> accounts.Validations:
    """What asks, with hardly a pause between two looks."""
    client: Any = line  # It answers as the client would.
    api = Api(client, url="http://rzp.test", key_id="rzp_live_1", key_secret="s", account_number=ACCOUNT)
    return accounts.Validations(api, wait=wait, pause=0.001)


async def test_an_answer_that_takes_a_while_is_waited_for() -> None:
    line = Switchboard(said(validation("created", None)), said(validation("created", None)), said(validation()))
    assert await validations(line, wait=60).of(BANK, within=Deadline(60)) == Confirmed("Gaurav Kumar")
    assert paths(line) == ["POST /fund_accounts/validations", *["GET /fund_accounts/validations/fav_1"] * 2]


async def test_asking_is_begun_once_and_looked_at_again() -> None:
    """Each beginning costs a fee."""
    line = Switchboard(
        said(validation("created", None)), LOST, said(validation("created", None)), said(validation()), LOST
    )
    asking = validations(line, wait=0)
    answers = [await asking.of(BANK, within=Deadline(60)) for _ in range(5)]
    under_way = NotKnown("validation_under_way")
    assert answers == [under_way, NotKnown("timed_out"), under_way, Confirmed("Gaurav Kumar"), NotKnown("timed_out")]
    assert [call.method for call in line.calls] == ["POST", "GET", "GET", "GET", "POST"]


@pytest.mark.parametrize("answer", [LOST, error("input_validation_failed"), reply(200, b"{}")], ids=range(3))
async def test_what_could_not_be_asked_says_nothing_about_the_account(answer: Reply | CallFailed) -> None:
    assert isinstance(await razorpayx(Switchboard(answer)).resolve(BANK), NotKnown)


async def test_in_test_mode_it_does_not_say_whose_an_account_is() -> None:
    """Else payouts would wait for an answer that never comes."""
    assert not razorpayx(Switchboard(LOST), key_id="rzp_test_1").capabilities.resolve
    assert razorpayx(Switchboard(LOST)).capabilities.resolve
