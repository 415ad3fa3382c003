"""What terms promise about waits, destinations and differences."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from program_text import TEXT, Account, changed

from bursar import programs
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money

SECRET_NUMBER = "00123456789012345678901234567890"


@pytest.fixture
def terms() -> programs.Terms:
    return programs.read(TEXT, file="m.yaml")


def test_retries_back_off_up_to_a_limit() -> None:
    retry = programs.Retry(base_seconds=2, factor=2, max_seconds=10, jitter=0)
    assert [retry.delay(attempt, 0.5) for attempt in range(1, 6)] == [2, 4, 8, 10, 10]


@given(
    attempt=st.integers(1, 10_000),
    chance=st.floats(0, 1, exclude_max=True),
    jitter=st.floats(0, 1),
    factor=st.floats(1, 10),
)
def test_a_retry_is_never_later_than_its_limit(attempt: int, chance: float, jitter: float, factor: float) -> None:
    retry = programs.Retry(base_seconds=2, factor=factor, max_seconds=60, jitter=jitter)
    assert 0 <= retry.delay(attempt, chance) <= 60


def test_chance_takes_off_no_more_than_the_jitter() -> None:
    retry = programs.Retry(base_seconds=10, jitter=0.25)
    assert retry.delay(1, 0.0) == 10
    assert retry.delay(1, 0.5) == 8.75
    assert 7.5 <= retry.delay(1, 0.999) < 7.6


def test_the_last_wait_between_inquiries_repeats() -> None:
    unknown = programs.Unknown(schedule_seconds=(5, 30), poll_seconds=(60, 300))
    assert [unknown.delay(inquiries) for inquiries in range(4)] == [5, 30, 30, 30]
    assert [unknown.poll_delay(inquiries) for inquiries in range(4)] == [60, 300, 300, 300]


def test_webhooks_end_with_their_last_try() -> None:
    webhooks = programs.Webhooks(max_attempts=3, schedule_seconds=(5, 300))
    assert [webhooks.delay(tries) for tries in (1, 2, 3, 4)] == [5, 300, None, None]


def test_the_defaults_of_webhooks_fit_together() -> None:
    webhooks = programs.Webhooks()
    assert len(webhooks.schedule_seconds) == webhooks.max_attempts - 1


def test_a_destination_that_the_terms_know_is_accepted(terms: programs.Terms) -> None:
    terms.destinations.insist(Account())


@pytest.mark.parametrize(
    ("account", "field"),
    [
        (Account(bank_code="NOPE"), "bank_code"),
        (Account(bank_code="hbl"), "bank_code"),
        (Account(account_number="1234567"), "account_number"),
        (Account(account_number=""), "account_number"),
        (Account(account_number="1234500001\n"), "account_number"),
        (Account(account_number="\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668"), "account_number"),
        (Account(account_title=""), "account_title"),
        (Account(account_title="x" * 101), "account_title"),
    ],
)
def test_a_destination_is_refused_by_field(terms: programs.Terms, account: Account, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        terms.destinations.insist(account)
    assert refused.value.facts["field"] == field


def test_a_refused_account_number_is_not_repeated(terms: programs.Terms) -> None:
    with pytest.raises(programs.DestinationNotAllowed) as refused:
        terms.destinations.insist(Account(account_number=SECRET_NUMBER))
    assert SECRET_NUMBER not in f"{refused.value}{refused.value.facts}"


def test_a_program_without_banks_pays_to_no_bank(terms: programs.Terms) -> None:
    only_upi = msgspec.structs.replace(terms.destinations, types=(programs.DestinationType.UPI,))
    with pytest.raises(programs.DestinationNotAllowed, match="must be of type UPI"):
        only_upi.insist(Account())


def test_without_a_list_and_a_pattern_the_gateway_decides(terms: programs.Terms) -> None:
    any_bank = msgspec.structs.replace(terms.destinations, bank_codes=(), account_number=None)
    any_bank.insist(Account(bank_code="ANY", account_number="x"))
    with pytest.raises(programs.DestinationNotAllowed):
        any_bank.insist(Account(account_number="x" * 35))


@pytest.mark.parametrize(
    ("pattern", "address", "is_accepted"),
    [
        (None, "an@okaxis", True),
        (None, "9000090000@ybl", True),
        (None, f"{'a' * 60}@okhdfcbank", True),
        (None, "anna@example.com", False),
        (None, "anna", False),
        (None, "", False),
        (None, f"{'a' * 100}@ybl", False),
        ("[0-9]{10}@ybl", "9000090000@ybl", True),
        ("[0-9]{10}@ybl", "9000090000@ybl\n", False),
        ("[0-9]{10}@ybl", "anna@ybl", False),
    ],
)
def test_a_upi_address_is_accepted_as_the_terms_say(
    terms: programs.Terms, pattern: str | None, address: str, is_accepted: bool
) -> None:
    upi = (programs.DestinationType.UPI,)
    destinations = msgspec.structs.replace(
        terms.destinations, types=upi, bank_codes=(), account_number=None, upi=pattern
    )
    account = Account(type="UPI", bank_code="ybl", account_number=address)
    if is_accepted:
        destinations.insist(account)
        return
    with pytest.raises(Invalid) as refused:
        destinations.insist(account)
    assert refused.value.facts["field"] == "address"
    assert not address or address not in f"{refused.value}{refused.value.facts}"


def test_a_difference_is_named_field_by_field(terms: programs.Terms) -> None:
    text = changed("amount_at: 100000.00", "amount_at: null").replace("[HBL, UBL]", "[HBL]")
    assert programs.diff(terms, programs.read(text, file="m.yaml")) == [
        programs.Change("review.amount_at", Money(100_000_00, "PKR"), None),
        programs.Change("destinations.bank_codes", ("HBL", "UBL"), ("HBL",)),
    ]


def test_a_version_alone_is_no_difference(terms: programs.Terms) -> None:
    assert programs.diff(terms, msgspec.structs.replace(terms, version=7)) == []


def test_fields_come_by_path_in_the_order_of_the_file(terms: programs.Terms) -> None:
    keys = list(programs.fields(terms))
    assert keys[:3] == ["program", "title", "holder_kinds"]
    assert keys[-1] == "bulk.rows_max"
    assert "version" not in keys


def test_terms_cannot_be_changed(terms: programs.Terms) -> None:
    with pytest.raises(AttributeError):
        terms.title = "Other"  # type: ignore[misc]
