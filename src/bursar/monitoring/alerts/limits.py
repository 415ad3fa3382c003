"""Which limits of a program's terms its figures are over. No database is needed for that.

A limit opens an alert when a figure is over it, and lets it go only once the figure is well below: a figure that
wavers about its limit is one alert, not many.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bursar.foundation.money import Money
from bursar.monitoring.alerts.model import AlertType, Finding, Severity
from bursar.monitoring.metrics import Metrics
from bursar.programs import Terms

CLEAR_AT: Final = 0.8  # The share of a limit that a figure has to come down to.
CRITICAL_AT: Final = 2.0  # So many times the limit, and somebody is needed now.
FAILURES_MIN: Final = 2  # One failure alone is nobody's rate.
_HOUR_SECONDS: Final = 3600.0


def over_limits(figures: Metrics, terms: Terms) -> Iterator[Finding]:
    """What is over, or not yet well below, the limits in a program's terms."""
    yield from _failure_rate(figures, terms)
    yield from _pending(figures, terms)
    yield from _delay(figures, terms)
    yield from _amount(figures, terms)


def _failure_rate(figures: Metrics, terms: Terms) -> Iterator[Finding]:
    limit, rate = terms.alerts.failure_rate_max, figures.failure_rate
    if limit is None or rate is None or figures.failed < FAILURES_MIN:
        return
    critical_at = min(CRITICAL_AT * limit, 100.0)
    yield from _finding(
        terms,
        AlertType.FAILURE_RATE,
        share=rate / limit if limit else float("inf") if rate else 0.0,
        is_critical=rate >= critical_at,
        message=f"{rate:g} % of the payouts that ended within {_hours(terms)} failed ({figures.failed} of "
        f"{figures.ended}); the limit is {limit:g} %.",
        value=rate,
        limit=limit,
    )


def _pending(figures: Metrics, terms: Terms) -> Iterator[Finding]:
    limit = terms.alerts.pending_max
    if limit is None:
        return
    yield from _finding(
        terms,
        AlertType.PENDING_THRESHOLD,
        share=figures.pending / limit if limit else float(figures.pending),
        message=f"Payouts that have been asked for and have not ended: {figures.pending}; the limit is {limit}.",
        value=figures.pending,
        limit=limit,
    )


def _delay(figures: Metrics, terms: Terms) -> Iterator[Finding]:
    limit, average = terms.alerts.delay_hours_max, figures.average_seconds
    if limit is None or average is None:
        return
    hours = average / _HOUR_SECONDS
    yield from _finding(
        terms,
        AlertType.PROCESSING_DELAY,
        share=hours / limit,
        message=f"Payouts that ended within {_hours(terms)} took {hours:.1f} hours on average from the request; "
        f"the limit is {limit:g} hours.",
        value=round(hours, 2),
        limit=limit,
    )


def _amount(figures: Metrics, terms: Terms) -> Iterator[Finding]:
    limit = terms.alerts.amount_max
    if limit is None:
        return
    paid = next((money for money in figures.paid if money.currency == limit.currency), Money.zero(limit.currency))
    yield from _finding(
        terms,
        AlertType.AMOUNT_THRESHOLD,
        share=paid.decimal / limit.decimal,
        message=f"{paid} was paid out within {_hours(terms)}; the limit is {limit}.",
        value=paid.text,
        limit=limit.text,
        currency=limit.currency,
    )


def _finding(
    terms: Terms,
    type_: AlertType,
    *,
    share: float | Decimal,
    message: str,
    is_critical: bool | None = None,
    **facts: object,
) -> Iterator[Finding]:
    """A finding for a figure that is this share of its limit; none where it is well below."""
    if share <= CLEAR_AT:
        return
    critical = share >= CRITICAL_AT if is_critical is None else is_critical
    yield Finding(
        program=terms.program,
        type=type_,
        subject=terms.program,
        severity=Severity.CRITICAL if critical and share > 1 else Severity.WARNING,
        message=message,
        facts=facts,
        is_over_limit=share > 1,
    )


def _hours(terms: Terms) -> str:
    hours = terms.alerts.window_hours
    return "an hour" if hours == 1 else f"{hours} hours"
