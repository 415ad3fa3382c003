"""A program file to break in tests, with every field on a line of its own, and an account to pay to."""

from collections.abc import Mapping
from dataclasses import dataclass

TEXT = """\
program: merchants
title: Merchants
holder_kinds: [merchant]
currency: PKR
funding: holder
limits:
  minimum: 1.00
  maximum: 5000000
  per_day: 9000000.50
review:
  amount_at: 100000.00
  approvals_needed: 1
  expires_after_hours: 24
dispatch:
  mode: continuous
  every_seconds: 5
  cron: null
  time_zone: null
  batch_size: 10
  group_by: bank
  concurrency: 10
  rate_per_second: null
  lease_seconds: 120
route:
  gateway: mockbank
retry:
  max_attempts: 3
  base_seconds: 2
  factor: 2
  max_seconds: 60
  jitter: 0.1
unknown:
  schedule_seconds: [5, 30, 120]
  limit_hours: 18
  poll_seconds: [60, 300]
webhooks:
  max_attempts: 3
  schedule_seconds: [5, 300]
  timeout_seconds: 30
destinations:
  types: [BANK]
  country: PK
  bank_codes: [HBL, UBL]
  account_number: '[0-9]{8,24}'
  gateway_account: null
  upi: null
  account_title_max: 100
returns_to: holder
bulk:
  rows_max: 10000
schedule:
  enabled: true
  frequency: null
  day_of_week: null
  day_of_month: null
  hour: 9
  minute: 0
  catch_up: one
  holidays: null
  on_holiday: next
runs:
  pays: requests
  cut_off_hours: 0
  failsafe: true
  failure_rate_max: 50
  failures_min: 10
  amount_max: null
  emails: []
  payouts_max: null
  own_schedules: false
alerts:
  enabled: true
  failure_rate_max: 10
  pending_max: 50
  delay_hours_max: 24
  amount_max: 10000.00
  window_hours: 24
  emails: [staff@example.com]
  webhook_urls: []
"""

SCHEDULED = {
    "dispatch.mode": "schedule",
    "dispatch.every_seconds": "null",
    "dispatch.cron": "0 9 1 * *",
    "dispatch.time_zone": "UTC",
}
"""With these values the text describes a program that pays in runs."""


def changed(old: str, new: str) -> str:
    """The text with one part of it replaced."""
    assert TEXT.count(old) == 1, f"{old!r} must stand in the text once"
    return TEXT.replace(old, new)


def line_of(path: str) -> int:
    """The line on which a field such as ``review.amount_at`` stands."""
    group, _, name = path.rpartition(".")
    lines = TEXT.splitlines()
    begin = lines.index(f"{group}:") + 1 if group else 0
    indent = "  " if group else ""
    return begin + next(n for n, line in enumerate(lines[begin:], 1) if line.startswith(f"{indent}{name}:"))


def with_value(path: str, value: str) -> str:
    """The text with another value for one field, as typed."""
    return with_values({path: value})


def with_values(values: Mapping[str, str]) -> str:
    """The text with other values for some fields, as typed."""
    lines = TEXT.splitlines()
    for path, value in values.items():
        place = line_of(path) - 1
        lines[place] = f"{lines[place].partition(':')[0]}: {value}"
    return "\n".join(lines) + "\n"


@dataclass
class Account:
    """As much of a destination as terms look at."""

    bank_code: str = "HBL"
    account_number: str = "1234500001"
    account_title: str = "Test User"
    type: str = "BANK"
