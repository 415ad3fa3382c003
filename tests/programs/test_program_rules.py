"""Every rule of a program file refuses what breaks it, by line and field, in words that say what is allowed."""

import pytest
from program_text import SCHEDULED, TEXT, changed, line_of, with_value, with_values

from bursar import programs
from bursar.programs import rules
from bursar.programs.model import Terms

NAME = "1 to 40 small letters, digits, - and _, with a letter first"
LINE = "one line of 1 to 80 characters"
CURRENCY = "an ISO 4217 currency code such as PKR"
AMOUNT = "a positive amount of PKR with at most 2 decimals"
CRON = "a cron expression of five parts that names some moment, such as 0 9 1 * *, or a name such as EVERY_HOUR"
ZONE = "a time zone of the IANA database, such as UTC or Asia/Karachi"
COUNTRY = "a country's two-letter code of ISO 3166, such as PK"
PATTERN = "a plain pattern of letters, digits, [A-Z0-9], {8,24} and | such as [0-9]{8,24}"
PLAIN_PATTERN = "a plain pattern of letters, digits, _, [A-Z0-9], {8,24} and | such as acct_[A-Za-z0-9]{10,29}"
ADDRESS_PATTERN = "a plain pattern of letters, digits, @, [a-z0-9.], {2,50} and | such as [a-z0-9._-]{2,50}@okaxis"
PLACE = "a country whose holidays are known, such as US, or US-CA"
YES_OR_NO = "true or false"
PERCENTAGE = "a percentage from 0 to 100"
EMAIL = "an e-mail address"
TYPES = "one of BANK, MOBILE_MONEY, UPI, GATEWAY_ACCOUNT, ADDRESS"
A_WEEK = "a number of seconds from 0.05 to 604800"
A_DAY = "a number of seconds from 0.05 to 86400"

SCALARS = [
    ("program", "Merchants", NAME),
    ("program", f"m{'x' * 40}", NAME),
    ("title", "' '", LINE),
    ("title", f"{'x' * 81}", LINE),
    ("currency", "XYZ", CURRENCY),
    ("currency", "XAU", CURRENCY),
    ("currency", "pkr", CURRENCY),
    ("funding", "bank", "one of holder, program"),
    ("limits.minimum", "0", AMOUNT),
    ("limits.minimum", "-1", AMOUNT),
    ("limits.minimum", "1.001", AMOUNT),
    ("limits.maximum", ".inf", AMOUNT),
    ("limits.per_day", "9 000", AMOUNT),
    ("review.amount_at", "'100,000'", AMOUNT),
    ("review.amount_at", "1e5", AMOUNT),
    ("review.amount_at", "1_000", AMOUNT),
    ("review.amount_at", "0x10", AMOUNT),
    ("review.approvals_needed", "0", "a whole number from 1 to 5"),
    ("review.approvals_needed", "6", "a whole number from 1 to 5"),
    ("review.approvals_needed", "1.5", "a whole number from 1 to 5"),
    ("review.approvals_needed", "true", "a whole number from 1 to 5"),
    ("review.approvals_needed", "9999999999", "a whole number from 1 to 5"),
    ("review.expires_after_hours", "0", "a whole number from 1 to 2160"),
    ("dispatch.mode", "daily", "one of continuous, schedule"),
    ("dispatch.every_seconds", "0", A_DAY),
    ("dispatch.every_seconds", "nan", A_DAY),
    ("dispatch.every_seconds", "5 s", A_DAY),
    ("dispatch.cron", "often", CRON),
    ("dispatch.cron", "0 9 31 2 *", CRON),
    ("dispatch.cron", "0 0 9 1 * *", CRON),
    ("dispatch.cron", "every_hour", CRON),
    ("dispatch.cron", "EVERY_30_SECONDS", CRON),
    ("dispatch.time_zone", "Asia", ZONE),
    ("dispatch.time_zone", "Asia/Nowhere", ZONE),
    ("dispatch.time_zone", "../../etc/passwd", ZONE),
    ("dispatch.batch_size", "1001", "a whole number from 1 to 1000"),
    ("dispatch.group_by", "city", "one of bank, none"),
    ("dispatch.concurrency", "0", "a whole number from 1 to 500"),
    ("dispatch.rate_per_second", "0", "a number from 0.01 to 10000"),
    ("dispatch.lease_seconds", "30", "a number of seconds from 35 to 3600"),
    ("route.gateway", "Some Bank", NAME),
    ("retry.max_attempts", "21", "a whole number from 1 to 20"),
    ("retry.base_seconds", "0", A_DAY),
    ("retry.factor", "0.5", "a number from 1 to 10"),
    ("retry.max_seconds", "604801", A_WEEK),
    ("retry.jitter", "1.1", "a number from 0 to 1"),
    ("unknown.limit_hours", "721", "a whole number from 1 to 720"),
    ("webhooks.max_attempts", "2", "a whole number from 3 to 20"),
    ("webhooks.timeout_seconds", "61", "a number of seconds from 1 to 60"),
    ("destinations.country", "UK", COUNTRY),
    ("destinations.country", "Pakistan", COUNTRY),
    ("destinations.account_number", "'([0-9]+)+'", PATTERN),
    ("destinations.account_number", "'[0-9]*'", PATTERN),
    ("destinations.account_number", "'[9-0]{8}'", PATTERN),
    ("destinations.account_number", "'[0-9]{999}'", PATTERN),
    ("destinations.account_title_max", "141", "a whole number from 1 to 140"),
    ("destinations.gateway_account", "'acct_.*'", PLAIN_PATTERN),
    ("destinations.upi", "'.*@okaxis'", ADDRESS_PATTERN),
    ("destinations.upi", "'([a-z]+)+@okaxis'", ADDRESS_PATTERN),
    ("destinations.upi", "'[z-a]{2}@okaxis'", ADDRESS_PATTERN),
    ("returns_to", "sender", "one of holder, suspense"),
    ("bulk.rows_max", "100001", "a whole number from 1 to 100000"),
    ("schedule.enabled", "yes", YES_OR_NO),
    ("schedule.frequency", "yearly", "one of daily, weekly, monthly"),
    ("schedule.day_of_week", "7", "a whole number from 0 to 6"),
    ("schedule.day_of_month", "0", "a whole number from 1 to 31"),
    ("schedule.day_of_month", "32", "a whole number from 1 to 31"),
    ("schedule.hour", "24", "a whole number from 0 to 23"),
    ("schedule.hour", "9:00", "a whole number from 0 to 23"),
    ("schedule.minute", "60", "a whole number from 0 to 59"),
    ("schedule.catch_up", "some", "one of skip, one, all"),
    ("schedule.holidays", "us", PLACE),
    ("schedule.holidays", "XX", PLACE),
    ("schedule.holidays", "US-XX", PLACE),
    ("schedule.holidays", "US-", PLACE),
    ("schedule.on_holiday", "later", "one of next, previous, skip"),
    ("runs.pays", "everybody", "one of requests, balances"),
    ("runs.cut_off_hours", "745", "a number of hours from 0 to 744"),
    ("runs.failsafe", "1", YES_OR_NO),
    ("runs.failure_rate_max", "100.1", PERCENTAGE),
    ("runs.failures_min", "0", "a whole number from 1 to 1000000"),
    ("runs.amount_max", "0", AMOUNT),
    ("alerts.enabled", "on", YES_OR_NO),
    ("alerts.failure_rate_max", "-1", PERCENTAGE),
    ("alerts.pending_max", "2.5", "a whole number from 0 to 1000000"),
    ("alerts.delay_hours_max", "0", "a number of hours from 0.01 to 2160"),
    ("alerts.amount_max", "10.001", AMOUNT),
    ("alerts.window_hours", "0", "a whole number from 1 to 744"),
]

HTTPS = "an address that begins with https://"
LISTED = "must be a list of"
MUST_LEAVE = "must leave time for at least the first inquiry of"
ONE_LESS = "must have one wait less than max_attempts: one after each try but the last"
NOT_AMONG_GATEWAY = "is for the type GATEWAY_ACCOUNT, which is not among the types"
SAYS_WHEN = "must have a frequency when dispatch.mode is schedule and dispatch.cron is not given, and only then"
CAN_PAY = "can pay balances only when dispatch.mode is schedule, funding is holder and limits.minimum is given"
NOT_AMONG = "is for the type BANK, which is not among the types"
FOR_REQUESTS = "is for runs that pay requests"
NEEDS_RUNS = "can have payouts_max and own_schedules only when dispatch.mode is schedule"
NO_BALANCE = "must be suspense when funding is program: its holders have no balance to return money to"

LISTS = [
    ("holder_kinds", "[]", f"{LISTED} at least 1 (given an empty list)"),
    ("holder_kinds", "merchant", f'must be a list, each item {NAME} (given "merchant")'),
    ("holder_kinds", "[merchant, Shop]", f'[1] must be {NAME} (given "Shop")'),
    ("holder_kinds", "[[shop]]", f"[0] must be {NAME} (given a list)"),
    ("holder_kinds", "[shop, shop]", '[1] must not come twice (given "shop")'),
    ("unknown.schedule_seconds", "[5, soon]", f'[1] must be {A_WEEK} (given "soon")'),
    ("unknown.poll_seconds", "[]", f"{LISTED} at least 1 (given an empty list)"),
    ("webhooks.schedule_seconds", "5", f'must be a list, each item {A_WEEK} (given "5")'),
    ("destinations.types", "[BANK, CASH]", f'[1] must be {TYPES} (given "CASH")'),
    ("destinations.types", "[BANK, BANK]", '[1] must not come twice (given "BANK")'),
    ("destinations.bank_codes", "[HBL, hbl]", '[1] must be 2 to 20 capital letters and digits (given "hbl")'),
    ("destinations.bank_codes", "[HBL, HBL]", '[1] must not come twice (given "HBL")'),
    ("destinations.bank_codes", "null", "must be a list, each item 2 to 20 capital letters and digits (given nothing)"),
    ("runs.emails", "ada@example.com", f'must be a list, each item {EMAIL} (given "ada@example.com")'),
    ("runs.emails", "[ada]", f'[0] must be {EMAIL} (given "ada")'),
    ("alerts.emails", "[a@b.org, a@b.org]", '[1] must not come twice (given "a@b.org")'),
    ("alerts.webhook_urls", "[http://example.com/x]", f'[0] must be {HTTPS} (given "http://example.com/x")'),
    ("alerts.webhook_urls", "[https://a@example.com]", f'[0] must be {HTTPS} (given "https://a@example.com")'),
]

BETWEEN_FIELDS = [
    ("limits.minimum", "6000000", "limits.maximum", "must be at least the minimum"),
    ("limits.per_day", "4999999.99", "limits.per_day", "must be at least the maximum"),
    (
        "dispatch.every_seconds",
        "null",
        "dispatch.every_seconds",
        "must be given when mode is continuous, and only then",
    ),
    ("dispatch.mode", "schedule", "dispatch.every_seconds", "must be given when mode is continuous, and only then"),
    ("dispatch.mode", "schedule", "schedule", SAYS_WHEN),
    ("schedule.frequency", "daily", "schedule", SAYS_WHEN),
    ("schedule.frequency", "weekly", "schedule.day_of_week", "must be given when frequency is weekly, and only then"),
    ("schedule.day_of_week", "1", "schedule.day_of_week", "must be given when frequency is weekly, and only then"),
    (
        "schedule.frequency",
        "monthly",
        "schedule.day_of_month",
        "must be given when frequency is monthly, and only then",
    ),
    ("schedule.day_of_month", "1", "schedule.day_of_month", "must be given when frequency is monthly, and only then"),
    ("runs.pays", "balances", "runs", CAN_PAY),
    ("runs.payouts_max", "10", "runs", NEEDS_RUNS),
    ("runs.own_schedules", "true", "runs", NEEDS_RUNS),
    ("dispatch.mode", "schedule", "dispatch.time_zone", "must be given when mode is schedule, and only then"),
    ("dispatch.cron", "0 9 1 * *", "dispatch.cron", "must be given only when mode is schedule"),
    ("dispatch.time_zone", "UTC", "dispatch.time_zone", "must be given when mode is schedule, and only then"),
    ("retry.base_seconds", "61", "retry.max_seconds", "must be at least base_seconds"),
    ("unknown.schedule_seconds", "[5, 30, 20]", "unknown.schedule_seconds", "must not grow shorter"),
    ("unknown.poll_seconds", "[300, 60]", "unknown.poll_seconds", "must not grow shorter"),
    ("unknown.schedule_seconds", "[64800]", "unknown.limit_hours", f"{MUST_LEAVE} schedule_seconds"),
    ("webhooks.max_attempts", "4", "webhooks.schedule_seconds", ONE_LESS),
    ("webhooks.schedule_seconds", "[5, 300, 600]", "webhooks.schedule_seconds", ONE_LESS),
    ("destinations.upi", "name@bank", "destinations.upi", "is for the type UPI, which is not among the types"),
    ("destinations.types", "[UPI]", "destinations.bank_codes", NOT_AMONG),
    ("destinations.types", "[UPI]", "destinations.account_number", NOT_AMONG),
    ("destinations.gateway_account", "'acct_[0-9]{8}'", "destinations.gateway_account", NOT_AMONG_GATEWAY),
    ("funding", "program", "returns_to", NO_BALANCE),
]

IN_RUNS = [
    ({"schedule.frequency": "daily"}, "schedule", SAYS_WHEN),
    ({"dispatch.cron": "null"}, "schedule", SAYS_WHEN),
    ({"runs.pays": "balances", "limits.minimum": "null"}, "runs", CAN_PAY),
    ({"runs.pays": "balances", "funding": "program", "returns_to": "suspense"}, "runs", CAN_PAY),
    ({"runs.pays": "balances", "runs.payouts_max": "10"}, "runs.payouts_max", FOR_REQUESTS),
    ({"runs.pays": "balances", "runs.own_schedules": "true"}, "runs.own_schedules", FOR_REQUESTS),
]


def problems(text: str) -> list[str]:
    with pytest.raises(programs.BadTerms) as refused:
        programs.read(text, file="m.yaml")
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(("path", "value", "rule"), SCALARS)
def test_a_value_that_breaks_its_rule_is_named_with_its_line(path: str, value: str, rule: str) -> None:
    shown = value.strip("'")
    said = f'm.yaml:{line_of(path)}: {path} must be {rule} (given "{shown[:60]}")'
    assert said in problems(with_value(path, value))


@pytest.mark.parametrize(("path", "value", "said"), LISTS)
def test_a_list_that_breaks_its_rule_is_named_with_its_line(path: str, value: str, said: str) -> None:
    place = said if said.startswith("[") else f" {said}"
    assert f"m.yaml:{line_of(path)}: {path}{place}" in problems(with_value(path, value))


@pytest.mark.parametrize(("path", "value", "blamed", "rule"), BETWEEN_FIELDS)
def test_fields_that_contradict_each_other_are_named(path: str, value: str, blamed: str, rule: str) -> None:
    assert f"m.yaml:{line_of(blamed)}: {blamed} {rule}" in problems(with_value(path, value))


@pytest.mark.parametrize(("values", "blamed", "rule"), IN_RUNS)
def test_fields_of_a_program_in_runs_that_contradict_each_other_are_named(
    values: dict[str, str], blamed: str, rule: str
) -> None:
    assert problems(with_values(SCHEDULED | values)) == [f"m.yaml:{line_of(blamed)}: {blamed} {rule}"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"schedule.enabled": "false"},
        {"dispatch.cron": "null", "schedule.frequency": "daily"},
        {"dispatch.cron": "null", "schedule.frequency": "weekly", "schedule.day_of_week": "0"},
        {"dispatch.cron": "null", "schedule.frequency": "monthly", "schedule.day_of_month": "31"},
        {"schedule.holidays": "US-CA", "schedule.on_holiday": "previous", "schedule.catch_up": "all"},
        {"runs.pays": "balances", "runs.cut_off_hours": "0.5", "runs.amount_max": "5000000.00"},
        {"dispatch.cron": "EVERY_HOUR", "runs.payouts_max": "10", "runs.own_schedules": "true"},
    ],
)
def test_a_program_in_runs_is_in_order(values: dict[str, str]) -> None:
    terms = programs.read(with_values(SCHEDULED | values), file="m.yaml")
    assert terms.dispatch.mode is programs.Mode.SCHEDULE


@pytest.mark.parametrize(
    "path", ["alerts.failure_rate_max", "alerts.pending_max", "alerts.delay_hours_max", "alerts.amount_max"]
)
def test_what_has_a_default_and_may_be_nothing_can_be_switched_off(path: str) -> None:
    assert programs.fields(programs.read(with_value(path, "null"), file="m.yaml"))[path] is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/alerts", "http://localhost/x", "http://[::1]:1/", "https://a.example/b"]
)
def test_alerts_are_posted_to_this_machine_without_encryption_and_nowhere_else(url: str) -> None:
    assert programs.read(with_value("alerts.webhook_urls", f'["{url}"]'), file="m.yaml").alerts.webhook_urls == (url,)


@pytest.mark.parametrize("pattern", ["[a-z0-9._-]{2,50}@okaxis", "[0-9]{10}@ybl", r"[a-z]{2,9}\.shop@ok-axis|a_b@x"])
def test_a_pattern_for_addresses_has_what_they_consist_of(pattern: str) -> None:
    text = with_values({"destinations.types": "[BANK, UPI]", "destinations.upi": f"'{pattern}'"})
    assert programs.read(text, file="m.yaml").destinations.upi == pattern


def test_a_upi_address_can_be_validated() -> None:
    values = {"destinations.types": "[UPI]", "destinations.bank_codes": "[]", "destinations.account_number": "null"}
    text = with_values(values).replace("gateway_account: null", "validate: true")
    assert programs.read(text, file="m.yaml").destinations.validate


@pytest.mark.parametrize("types", ["[BANK, GATEWAY_ACCOUNT]", "[GATEWAY_ACCOUNT, ADDRESS]"])
def test_an_account_at_the_gateway_can_be_validated(types: str) -> None:
    values = {"destinations.types": types, "destinations.gateway_account": "acct_[A-Za-z0-9]{10,29}"}
    values |= {} if "BANK" in types else {"destinations.bank_codes": "[]", "destinations.account_number": "null"}
    text = with_values(values).replace("gateway_account: acct", "validate: true\n  gateway_account: acct")
    assert programs.read(text, file="m.yaml").destinations.validate


def test_what_no_gateway_knows_cannot_be_validated() -> None:
    values = {"destinations.types": "[ADDRESS]", "destinations.bank_codes": "[]", "destinations.account_number": "null"}
    text = with_values(values).replace("gateway_account: null", "validate: true")
    rule = "is for the types BANK, GATEWAY_ACCOUNT and UPI, which are not among the types"
    assert problems(text) == [f"m.yaml:{line_of('destinations.gateway_account')}: destinations.validate {rule}"]


@pytest.mark.parametrize("path", ["program", "review.approvals_needed", "dispatch.mode", "destinations.types"])
def test_a_field_that_must_say_something_may_not_be_empty(path: str) -> None:
    (problem,) = problems(with_value(path, ""))
    assert problem.startswith(f"m.yaml:{line_of(path)}: {path} must be ")
    assert problem.endswith("(given nothing)")


def test_the_text_that_these_tests_break_is_in_order() -> None:
    assert programs.read(TEXT, file="m.yaml").program == "merchants"


def test_all_problems_come_at_once_in_the_order_of_their_lines() -> None:
    text = changed("gateway: mockbank", "gateway: 7").replace("100000.00", "0").replace("rows_max: 10000", "rows: 1")
    assert [problem.split(" ")[1] for problem in problems(text)] == ["review.amount_at", "route.gateway", "bulk.rows"]


def test_rules_between_fields_are_judged_beside_unreadable_ones() -> None:
    text = changed("minimum: 1.00", "minimum: 6000000").replace("per_day: 9000000.50", "per_day: much")
    assert [problem.split(" ")[1] for problem in problems(text)] == ["limits.maximum", "limits.per_day"]


def test_amounts_are_not_judged_without_a_currency() -> None:
    assert problems(changed("currency: PKR", "currency: money")) == [
        'm.yaml:4: currency must be an ISO 4217 currency code such as PKR (given "money")'
    ]
    assert problems(changed("currency: PKR\n", "")) == ["m.yaml:1: currency is missing"]


def test_decimals_follow_the_currency() -> None:
    assert problems(with_value("currency", "JPY")) == [
        f'm.yaml:{line}: {field} must be a positive amount of JPY without decimals (given "{given}")'
        for line, field, given in [(9, "limits.per_day", "9000000.50")]
    ]
    assert programs.read(with_value("currency", "KWD").replace("1.00", "1.001"), file="m.yaml")


def test_a_missing_field_is_reported_where_its_group_begins() -> None:
    assert "m.yaml:14: dispatch.mode is missing" in problems(changed("  mode: continuous\n", ""))
    assert problems(changed("  gateway: mockbank\n", "")) == ["m.yaml:24: route.gateway is missing"]
    assert problems(changed("funding: holder\n", "")) == ["m.yaml:1: funding is missing"]


def test_a_field_that_must_come_with_another_is_reported_where_its_group_begins() -> None:
    text = TEXT.replace("mode: continuous\n  every_seconds: 5\n  cron: null\n  time_zone: null", "mode: schedule")
    schedule = text[: text.index("\nschedule:")].count("\n") + 2
    assert problems(text) == [
        "m.yaml:14: dispatch.time_zone must be given when mode is schedule, and only then",
        f"m.yaml:{schedule}: schedule {SAYS_WHEN}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amount_at:", "amout_at:", "11: review.amout_at is not a field; did you mean review.amount_at?"),
        ("currency: PKR", "curency: PKR", "4: curency is not a field; did you mean currency?"),
        ("rows_max:", "colour:", "50: bulk.colour is not a field; the fields here are rows_max"),
        ("title: Merchants", "version: 3", "2: version is not a field; the fields here are program, title, "),
        ("title: Merchants", "<<: {title: X}", "2: << is not a field; the fields here are program, title, "),
    ],
)
def test_an_unknown_field_is_refused_with_a_hint(old: str, new: str, said: str) -> None:
    assert any(problem.startswith(f"m.yaml:{said}") for problem in problems(changed(old, new)))


def test_a_field_given_twice_is_refused() -> None:
    assert problems(changed("  amount_at: 100000.00", "  amount_at: 5\n  amount_at: 100000.00")) == [
        "m.yaml:12: review.amount_at is given twice; the first time on line 11"
    ]


@pytest.mark.parametrize("new", ["bulk: many", "bulk: [1]"])
def test_a_group_must_be_a_group(new: str) -> None:
    assert problems(changed("bulk:\n  rows_max: 10000", new))[0].startswith(
        "m.yaml:49: bulk must be a group of fields (given "
    )


def test_a_field_must_have_a_plain_name() -> None:
    assert problems(changed("  rows_max: 10000", "  ? [a]\n  : 1")) == [
        "m.yaml:50: bulk must have plain names as fields (given a list)"
    ]


def test_the_table_of_rules_has_every_field_of_the_terms() -> None:
    def described(group: rules.Group, prefix: str = "") -> set[str]:
        return {
            path
            for name, rule in group.fields.items()
            for path in (described(rule, f"{name}.") if isinstance(rule, rules.Group) else {f"{prefix}{name}"})
        }

    terms = programs.read(TEXT, file="m.yaml")
    assert isinstance(terms, Terms)
    assert described(rules.terms("PKR")) == programs.fields(terms).keys()
