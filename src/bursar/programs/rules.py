"""What each field of a program file must be, as one table that mirrors ``model.Terms``.

A field that may be left out is one with a default in the model, and it may be empty when the model lets it be None.
"""

from typing import Any, Final

from bursar.programs import destinations, model, values, waits
from bursar.programs.values import CURRENCY, Agreement, Group, Rule, Scalar, Several

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
LEASE_SECONDS_MIN: Final = 35.0  # A call may take 30 s, and its outcome must still be written down by its owner.
WEBHOOK_ATTEMPTS_MIN: Final = 3  # The merchants document promises up to three retries; fewer tries would break it.


def terms(currency: str | None) -> Group:
    """The whole file, with amounts of this currency; None when it is not known, and amounts cannot be judged."""
    return Group(
        model.Terms,
        {
            "program": values.name(),
            "title": Scalar("one line of 1 to 80 characters", values.title),
            "holder_kinds": Several(values.name()),
            "currency": CURRENCY,
            "funding": values.one_of(model.Funding),
            "credits": values.one_of(model.Credits),
            "limits": _limits(values.amount(currency)),
            "review": _review(values.amount(currency)),
            "risk": _risk(),
            "dispatch": _dispatch(),
            "schedule": _schedule(),
            "runs": _runs(values.amount(currency)),
            "orders": _orders(values.amount(currency)),
            "statements": _statements(),
            "route": Group(model.Route, {"gateway": values.name(), "float_seconds": values.seconds(0.05, HOUR)}),
            "retry": _retry(),
            "unknown": _unknown(),
            "webhooks": _webhooks(),
            "notices": Group(model.Notices, {"about": Several(values.one_of(model.About), least=0)}),
            "alerts": _alerts(values.amount(currency)),
            "destinations": _destinations(),
            "returns_to": values.one_of(model.ReturnsTo),
            "bulk": Group(model.Bulk, {"rows_max": values.whole(1, 100_000)}),
        },
        _agreements(),
    )


def _agreements() -> tuple[Agreement, ...]:
    """What fields of different groups have to agree on."""
    return (
        Agreement(
            "returns_to",
            "must be suspense when funding is program: its holders have no balance to return money to",
            ("funding", "returns_to"),
            lambda funding, returns_to: funding is model.Funding.HOLDER or returns_to is model.ReturnsTo.SUSPENSE,
        ),
        Agreement(
            "schedule",
            "must have a frequency when dispatch.mode is schedule and dispatch.cron is not given, and only then",
            ("dispatch", "schedule"),
            _says_when_once,
        ),
        Agreement(
            "runs",
            "can pay balances only when dispatch.mode is schedule, funding is holder and limits.minimum is given",
            ("runs", "dispatch", "funding", "limits"),
            _can_pay,
        ),
        Agreement(
            "runs",
            "can have payouts_max and own_schedules only when dispatch.mode is schedule",
            ("runs", "dispatch"),
            lambda runs, dispatch: dispatch.mode is model.Mode.SCHEDULE or not (runs.payouts_max or runs.own_schedules),
        ),
        Agreement(
            "credits",
            "must be deposits when funding is program: its holders have no balance to credit",
            ("funding", "credits"),
            lambda funding, credits: funding is model.Funding.HOLDER or credits is model.Credits.DEPOSITS,  # noqa: A006 - the field's name
        ),
    )


def _limits(amount: Scalar) -> Group:
    return Group(
        model.Limits,
        {"minimum": amount, "maximum": amount, "per_day": amount},
        (
            Agreement("maximum", "must be at least the minimum", ("minimum", "maximum"), _ascends),
            Agreement("per_day", "must be at least the maximum", ("maximum", "per_day"), _ascends),
            Agreement("per_day", "must be at least the minimum", ("minimum", "per_day"), _ascends),
        ),
    )


def _review(amount: Scalar) -> Group:
    return Group(
        model.Review,
        {
            "amount_at": amount,
            "at_level": values.one_of(model.Severity),
            "approvals_needed": values.whole(1, 5),
            "expires_after_hours": values.whole(1, 24 * 90),
        },
    )


def _risk() -> Group:
    return Group(
        model.Risk,
        {
            "verified": values.yes_or_no(),
            "successes_min": values.whole(0, 1000),
            "failures_max": values.whole(0, 1000),
            "failures_days": values.whole(1, 365),
            "amount_factor": values.number(1, 1000),
            "frequency_factor": values.number(1, 1000),
            "history_days": values.whole(7, 3650),
            "per_hour_max": values.whole(1, 100_000),
            "per_day_max": values.whole(1, 100_000),
            "changed_hours": values.whole(1, 24 * 90),
            "shared_max": values.whole(0, 1000),
            "name_score_min": values.number(0, 1),
            "denied": values.yes_or_no(),
        },
    )


def _dispatch() -> Group:
    fields: dict[str, Rule] = {
        "mode": values.one_of(model.Mode),
        "every_seconds": values.seconds(0.05, DAY),
        "cron": Scalar(
            "a cron expression of five parts that names some moment, such as 0 9 1 * *, or a name such as EVERY_HOUR",
            values.cron,
        ),
        "time_zone": Scalar("a time zone of the IANA database, such as UTC or Asia/Karachi", values.time_zone),
        "batch_size": values.whole(1, 1000),
        "group_by": values.one_of(model.GroupBy),
        "concurrency": values.whole(1, 500),
        "rate_per_second": values.number(0.01, 10_000),
        "lease_seconds": values.seconds(LEASE_SECONDS_MIN, HOUR),
    }
    continuous, schedule = model.Mode.CONTINUOUS, model.Mode.SCHEDULE
    return Group(
        model.Dispatch,
        fields,
        (
            _belongs("every_seconds", to=continuous),
            Agreement(
                "cron",
                "must be given only when mode is schedule",
                ("mode", "cron"),
                lambda mode, cron: mode is schedule or cron is None,
            ),
            _belongs("time_zone", to=schedule),
        ),
    )


def _schedule() -> Group:
    weekly, monthly = model.Frequency.WEEKLY, model.Frequency.MONTHLY
    return Group(
        model.Schedule,
        {
            "enabled": values.yes_or_no(),
            "frequency": values.one_of(model.Frequency),
            "day_of_week": values.whole(0, 6),
            "day_of_month": values.whole(1, 31),
            "hour": values.whole(0, 23),
            "minute": values.whole(0, 59),
            "catch_up": values.one_of(model.CatchUp),
            "holidays": Scalar("a country whose holidays are known, such as US, or US-CA", values.holidays),
            "on_holiday": values.one_of(model.OnHoliday),
        },
        (_goes_with("day_of_week", weekly), _goes_with("day_of_month", monthly)),
    )


def _goes_with(field: str, frequency: model.Frequency) -> Agreement:
    rule = f"must be given when frequency is {frequency}, and only then"
    return Agreement(
        field, rule, ("frequency", field), lambda given, value: (given is frequency) == (value is not None)
    )


def _runs(amount: Scalar) -> Group:
    return Group(
        model.Runs,
        {
            "pays": values.one_of(model.Pays),
            "cut_off_hours": values.number(0, 24 * 31, "a number of hours"),
            "failsafe": values.yes_or_no(),
            "failure_rate_max": values.number(0, 100, "a percentage"),
            "failures_min": values.whole(1, 1_000_000),
            "amount_max": amount,
            "emails": Several(Scalar("an e-mail address", values.email), least=0),
            "payouts_max": values.whole(1, 100_000),
            "own_schedules": values.yes_or_no(),
        },
        tuple(
            Agreement(field, "is for runs that pay requests", ("pays", field), _is_for_requests)
            for field in ("payouts_max", "own_schedules")
        ),
    )


def _is_for_requests(pays: model.Pays, value: object) -> bool:
    return pays is model.Pays.REQUESTS or not value


def _orders(amount: Scalar) -> Group:
    return Group(
        model.Orders,
        {
            "fee_percent": values.number(0, 100, "a percentage"),
            "fee_fixed": amount,
            "bounty_percent": values.number(0, 100, "a percentage"),
            "bounty_fixed": amount,
            "bounty_sales_max": values.whole(1, 1_000_000),
            "sellers_complete": values.yes_or_no(),
        },
    )


def _statements() -> Group:
    zone = Scalar("a time zone of the IANA database, such as UTC or Asia/Karachi", values.time_zone)
    return Group(model.Statements, {"year_begins": values.whole(1, 12), "time_zone": zone})


def _alerts(amount: Scalar) -> Group:
    return Group(
        model.Alerts,
        {
            "enabled": values.yes_or_no(),
            "failure_rate_max": values.number(0, 100, "a percentage"),
            "pending_max": values.whole(0, 1_000_000),
            "delay_hours_max": values.number(0.01, 24 * 90, "a number of hours"),
            "amount_max": amount,
            "window_hours": values.whole(1, 24 * 31),
            "emails": Several(Scalar("an e-mail address", values.email), least=0),
            "webhook_urls": Several(Scalar("an address that begins with https://", values.https_url), least=0),
        },
    )


def _says_when_once(dispatch: model.Dispatch, schedule: model.Schedule) -> bool:
    is_needed = dispatch.mode is model.Mode.SCHEDULE and dispatch.cron is None
    return is_needed == (schedule.frequency is not None)


def _can_pay(runs: model.Runs, dispatch: model.Dispatch, funding: model.Funding, limits: model.Limits) -> bool:
    if runs.pays is model.Pays.REQUESTS:
        return True
    is_scheduled = dispatch.mode is model.Mode.SCHEDULE
    return is_scheduled and funding is model.Funding.HOLDER and limits.minimum is not None


def _belongs(field: str, *, to: model.Mode) -> Agreement:
    """The field is given in its mode, and only there: elsewhere it would say something that is not done."""
    rule = f"must be given when mode is {to}, and only then"
    return Agreement(field, rule, ("mode", field), lambda mode, value: (mode is to) == (value is not None))


def _retry() -> Group:
    return Group(
        waits.Retry,
        {
            "max_attempts": values.whole(1, waits.ATTEMPTS_MAX),
            "base_seconds": values.seconds(0.05, DAY),
            "factor": values.number(1, 10),
            "max_seconds": values.seconds(0.05, 7 * DAY),
            "jitter": values.number(0, 1),
        },
        (Agreement("max_seconds", "must be at least base_seconds", ("base_seconds", "max_seconds"), _ascends),),
    )


def _unknown() -> Group:
    schedule = Several(values.seconds(0.05, 7 * DAY), distinct=False)
    return Group(
        waits.Unknown,
        {"schedule_seconds": schedule, "limit_hours": values.whole(1, 24 * 30), "poll_seconds": schedule},
        (
            Agreement("schedule_seconds", "must not grow shorter", ("schedule_seconds",), _backs_off),
            Agreement("poll_seconds", "must not grow shorter", ("poll_seconds",), _backs_off),
            Agreement(
                "limit_hours",
                "must leave time for at least the first inquiry of schedule_seconds",
                ("schedule_seconds", "limit_hours"),
                lambda schedule, hours: schedule[0] < hours * HOUR,
            ),
        ),
    )


def _webhooks() -> Group:
    return Group(
        waits.Webhooks,
        {
            "max_attempts": values.whole(WEBHOOK_ATTEMPTS_MIN, waits.ATTEMPTS_MAX),
            "schedule_seconds": Several(values.seconds(0.05, 7 * DAY), distinct=False),
            "timeout_seconds": values.seconds(1, 60),
        },
        (
            Agreement(
                "schedule_seconds",
                "must have one wait less than max_attempts: one after each try but the last",
                ("max_attempts", "schedule_seconds"),
                lambda attempts, schedule: len(schedule) == attempts - 1,
            ),
        ),
    )


def _destinations() -> Group:
    kinds = ", ".join(destinations.DestinationType)
    bank_only = "is for the type BANK, which is not among the types"
    return Group(
        destinations.Destinations,
        {
            "types": Several(Scalar(f"one of {kinds}", destinations.DestinationType)),
            "country": Scalar("a country's two-letter code of ISO 3166, such as PK", values.country),
            "bank_codes": Several(values.matching(r"[A-Z0-9]{2,20}", "2 to 20 capital letters and digits"), least=0),
            "account_number": Scalar(
                "a plain pattern of letters, digits, [A-Z0-9], {8,24} and | such as [0-9]{8,24}", values.number_pattern
            ),
            "gateway_account": Scalar(
                "a plain pattern of letters, digits, _, [A-Z0-9], {8,24} and | such as acct_[A-Za-z0-9]{10,29}",
                values.number_pattern,
            ),
            "upi": Scalar(
                "a plain pattern of letters, digits, @, [a-z0-9.], {2,50} and | such as [a-z0-9._-]{2,50}@okaxis",
                values.address_pattern,
            ),
            "account_title_max": values.whole(1, 140),
            "cool_off_hours": values.number(0, 24 * 30, "a number of hours"),
            "validate": values.yes_or_no(),
        },
        (
            Agreement("bank_codes", bank_only, ("types", "bank_codes"), _only_for_banks),
            Agreement("account_number", bank_only, ("types", "account_number"), _only_for_banks),
            Agreement(
                "gateway_account",
                "is for the type GATEWAY_ACCOUNT, which is not among the types",
                ("types", "gateway_account"),
                lambda types, value: not value or destinations.DestinationType.GATEWAY_ACCOUNT in types,
            ),
            Agreement(
                "upi",
                "is for the type UPI, which is not among the types",
                ("types", "upi"),
                lambda types, value: not value or destinations.DestinationType.UPI in types,
            ),
            Agreement(
                "validate",
                "is for the types BANK, GATEWAY_ACCOUNT and UPI, which are not among the types",
                ("types", "validate"),
                _only_for_accounts,
            ),
        ),
    )


def _ascends(low: Any, high: Any) -> bool:
    return low is None or high is None or low <= high


def _backs_off(waits: tuple[float, ...]) -> bool:
    return list(waits) == sorted(waits)


def _only_for_accounts(types: tuple[destinations.DestinationType, ...], value: object) -> bool:
    known = {
        destinations.DestinationType.BANK,
        destinations.DestinationType.GATEWAY_ACCOUNT,
        destinations.DestinationType.UPI,
    }
    return not value or not known.isdisjoint(types)


def _only_for_banks(types: tuple[destinations.DestinationType, ...], value: object) -> bool:
    return not value or destinations.DestinationType.BANK in types
