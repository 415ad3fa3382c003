"""The files that come with Bursar say what the five requirement documents ask for."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from program_text import Account

from bursar import programs, schedules
from bursar.foundation.money import Money

NAMES = ["marketplace", "members", "merchants", "providers", "writers"]


def ready(name: str) -> programs.Terms:
    file = programs.ready()[name]
    return programs.read(programs.load(file), file=file.name)


def test_all_five_are_there() -> None:
    assert list(programs.ready()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_in_order_and_named_after_its_program(name: str) -> None:
    assert ready(name).program == name


@pytest.mark.parametrize(
    ("name", "kinds", "currency", "funding", "gateway"),
    [
        ("marketplace", ("scout", "seller"), "INR", "holder", "simulated"),
        ("members", ("member",), "USD", "program", "instructions"),
        ("merchants", ("merchant",), "PKR", "holder", "mockbank"),
        ("providers", ("provider",), "NGN", "holder", "flutterwave"),
        ("writers", ("writer",), "USD", "holder", "stripe"),
    ],
)
def test_each_says_who_is_paid_in_what_and_how(
    name: str, kinds: tuple[str, ...], currency: str, funding: str, gateway: str
) -> None:
    terms = ready(name)
    assert (terms.holder_kinds, terms.currency, terms.funding, terms.route.gateway) == (
        kinds,
        currency,
        funding,
        gateway,
    )


def test_merchants_are_reviewed_from_a_hundred_thousand_on() -> None:
    review = ready("merchants").review
    assert (review.amount_at, review.approvals_needed) == (Money(100_000_00, "PKR"), 1)


def test_merchants_leave_every_five_seconds_in_tens_grouped_by_bank() -> None:
    dispatch = ready("merchants").dispatch
    assert (dispatch.mode, dispatch.every_seconds, dispatch.batch_size) == (programs.Mode.CONTINUOUS, 5, 10)
    assert dispatch.group_by is programs.GroupBy.BANK


def test_merchants_are_tried_three_times_the_second_two_seconds_after_the_first() -> None:
    retry = ready("merchants").retry
    assert (retry.max_attempts, retry.delay(1, 0.0)) == (3, 2)


def test_merchants_webhooks_are_tried_more_than_three_times_with_thirty_seconds_each() -> None:
    webhooks = ready("merchants").webhooks
    assert webhooks.max_attempts > 3
    assert webhooks.timeout_seconds == 30


@pytest.mark.parametrize(
    ("number", "accepted"),
    [
        ("1234500001", True),
        ("9876500002", True),
        ("12345678", True),
        ("1" * 24, True),
        ("PK36SCBL0000001123456702", True),
        ("1234567", False),
        ("1" * 25, False),
        ("pk36scbl0000001123456702", False),
        ("PK36SCBL000000112345670", False),
        ("1234-5678", False),
    ],
)
def test_merchants_pay_to_pakistani_account_numbers(number: str, accepted: bool) -> None:
    refusal = nullcontext() if accepted else pytest.raises(programs.DestinationNotAllowed)
    with refusal:
        ready("merchants").destinations.insist(Account(account_number=number))


def test_no_ready_program_pays_without_a_person_where_its_document_wants_one() -> None:
    assert (ready("members").review.amount_at, ready("members").review.approvals_needed) == (Money(1, "USD"), 2)


def test_providers_are_reviewed_as_their_document_says() -> None:
    """Over fifty thousand, unverified, or with fewer than three successful payouts; and what is unusual besides."""
    terms = ready("providers")
    fifty_thousand, next_to_it = Money(5_000_000, "NGN"), Money(5_000_001, "NGN")
    assert terms.review.amount_at is not None
    assert not fifty_thousand.covers(terms.review.amount_at)
    assert next_to_it.covers(terms.review.amount_at)
    assert (terms.risk.verified, terms.risk.successes_min) == (True, 3)
    assert terms.review.at_level is programs.Severity.MEDIUM
    assert None not in msgspec.structs.astuple(terms.risk), "every rule is asked"


def test_writers_are_paid_from_twenty_five_dollars_on() -> None:
    assert ready("writers").limits.minimum == Money(25_00, "USD")


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("providers", [datetime(2026, 11, 20, 11, tzinfo=UTC), datetime(2026, 11, 20, 13, tzinfo=UTC)]),
        ("marketplace", [datetime(2026, 11, 20, 9, 30, tzinfo=UTC), datetime(2026, 11, 20, 10, 30, tzinfo=UTC)]),
        ("writers", [datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2027, 1, 1, 9, tzinfo=UTC)]),
    ],
)
def test_scheduled_programs_run_when_their_documents_say(name: str, runs: list[datetime]) -> None:
    schedule = schedules.schedule_of(ready(name))
    assert schedule is not None
    friday = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert [one.at for one in schedules.between(schedule, after=friday, until=runs[-1])] == runs


def test_writers_have_the_settings_and_defaults_of_their_document() -> None:
    terms = ready("writers")
    dispatch, retry, alerts = terms.dispatch, terms.retry, terms.alerts
    assert (dispatch.batch_size, dispatch.concurrency, dispatch.lease_seconds) == (10, 5, 300)
    assert (retry.max_attempts, retry.delay(1, 0.0), retry.delay(2, 0.0)) == (1 + 3, 30, 60)
    assert (terms.runs.pays, terms.runs.failsafe, terms.runs.emails) == (programs.Pays.BALANCES, True, ())
    assert (alerts.enabled, alerts.failure_rate_max, alerts.pending_max, alerts.delay_hours_max) == (True, 10, 50, 24)
    assert (alerts.amount_max, alerts.emails, alerts.webhook_urls) == (Money(10_000_00, "USD"), (), ())


def test_writers_are_paid_to_their_own_accounts_at_the_gateway() -> None:
    destinations = ready("writers").destinations
    destinations.insist(Account(type="GATEWAY_ACCOUNT", bank_code="stripe", account_number="acct_1032D82eZvKYlo2C"))
    with pytest.raises(programs.DestinationNotAllowed, match="as this program's gateway has it"):
        destinations.insist(Account(type="GATEWAY_ACCOUNT", bank_code="stripe", account_number="ba_1032D82eZvKYlo2C"))
    with pytest.raises(programs.DestinationNotAllowed, match="must be of type GATEWAY_ACCOUNT"):
        destinations.insist(Account())


def test_returned_money_of_members_waits_for_a_person() -> None:
    assert ready("members").returns_to is programs.ReturnsTo.SUSPENSE


def test_the_merchants_file_explains_every_field() -> None:
    group, explained = "", set()
    for line in programs.ready()["merchants"].read_text("utf-8").splitlines():
        name, _, rest = line.partition(":")
        if line.startswith("  "):
            explained |= {f"{group}.{name.strip()}"} if "#" in rest else set()
        else:
            group = name
            explained |= {name} if "#" in rest else set()
    missing = programs.fields(ready("merchants")).keys() - explained
    assert missing == {"destinations.account_number"}, "that one is explained above its line"


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_bytes(b"program: m\ntitle: \xff\n")
    with pytest.raises(programs.BadTerms, match=r"m\.yaml:2: the file must be UTF-8 text"):
        programs.load(tmp_path / "m.yaml")


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(programs.BadTerms, match=r"gone\.yaml:1: the file cannot be opened: No such file"):
        programs.load(tmp_path / "gone.yaml")


def test_of_a_file_that_is_too_large_only_the_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_bytes(b"# \n" * programs.SOURCE_BYTES_MAX)
    with pytest.raises(programs.BadTerms, match="must not be larger than 64 KiB"):
        programs.load(tmp_path / "m.yaml")
