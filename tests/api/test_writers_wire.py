"""The words of the writers document that need no house to be seen: its configurations, and what is shown of them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bursar import programs
from bursar.api.staff import examples_monitoring
from bursar.api.staff.wire_monitoring import MonitoringAnswer
from bursar.api.staff.wire_monitoring_actions import Action, PayoutsTriggered
from bursar.api.writers import examples
from bursar.api.writers.configs import (
    ALERTS,
    PROCESSING,
    SCHEDULE,
    AlertChanges,
    AutomatedPayoutConfig,
    PayoutAlertConfig,
    PayoutScheduleConfig,
    ScheduleChanges,
    in_these_words,
)
from bursar.api.writers.wire import RunAnswer, TriggerBody

SHIPPED = programs.read((Path(__file__).parents[2] / "programs/writers.yaml").read_text("utf-8"), file="writers.yaml")


def wire(view: msgspec.Struct) -> Any:
    """A view as it is written."""
    return msgspec.json.decode(msgspec.json.encode(view))


PROCESSED: bytes = (
    b'{"batchSize":10,"maxRetries":3,"retryDelayMs":30000,"processingTimeoutMs":300000,"minimumThreshold":25.00,'
    b'"maxConcurrentProcessing":5,"enableFailsafe":true}'
)
SCHEDULED: bytes = (
    b'{"enabled":true,"frequency":"monthly","dayOfMonth":1,"hour":9,"minute":0,"timezone":"UTC",'
    b'"minimumThreshold":25.00,"batchSize":10,"maxRetries":3,"notificationEmails":[]}'
)
WATCHED: bytes = (
    b'{"enabled":true,"failureRateThreshold":10.0,"pendingPayoutThreshold":50,"processingDelayThreshold":24.0,'
    b'"totalAmountThreshold":10000.00,"notificationEmails":[],"webhookUrls":[]}'
)


@pytest.mark.parametrize(
    ("view", "written"),
    [(AutomatedPayoutConfig, PROCESSED), (PayoutScheduleConfig, SCHEDULED), (PayoutAlertConfig, WATCHED)],
)
def test_the_shipped_program_has_the_documents_defaults(view: Any, written: bytes) -> None:
    assert msgspec.json.encode(view.of(SHIPPED)) == written


@pytest.mark.parametrize(
    ("view", "changes"),
    [
        (PayoutScheduleConfig, ScheduleChanges),
        (AutomatedPayoutConfig, ScheduleChanges),
        (PayoutAlertConfig, AlertChanges),
    ],
)
def test_what_is_shown_can_be_sent_back_and_says_the_same(view: Any, changes: Any) -> None:
    shown = msgspec.json.encode(view.of(SHIPPED))
    held = programs.fields(SHIPPED)
    asked = msgspec.json.decode(shown, type=changes).of_terms(SHIPPED)
    assert asked
    assert asked == {path: held[path] for path in asked}


def test_every_name_stands_for_a_field_that_there_is() -> None:
    named = {field.path for table in (ALERTS, PROCESSING, SCHEDULE) for field in table.values()}
    assert named <= programs.fields(SHIPPED).keys()


@pytest.mark.parametrize("table", [SCHEDULE, PROCESSING])
def test_every_name_that_is_shown_can_be_changed(table: dict[str, Any]) -> None:
    assert table.keys() <= set(ScheduleChanges.__struct_fields__)


def test_a_rule_that_no_name_stands_for_is_told_as_the_terms_have_it() -> None:
    problem = programs.Problem("writers", 1, "retry.max_seconds", "must be at least base_seconds")
    told = in_these_words(programs.BadTerms([problem]))
    assert (told.facts["field"], told.facts["rule"]) == ("retry.max_seconds", "at least base_seconds")


def test_a_program_by_cron_says_so() -> None:
    dispatch = msgspec.structs.replace(SHIPPED.dispatch, cron="0 9 1 * *")
    by_cron = msgspec.structs.replace(SHIPPED, schedule=programs.Schedule(), dispatch=dispatch)
    shown = wire(PayoutScheduleConfig.of(by_cron))
    assert shown["cron"] == "0 9 1 * *"
    assert shown.keys().isdisjoint({"frequency", "dayOfWeek", "dayOfMonth"})


@pytest.mark.parametrize(
    ("example", "kind"),
    [
        (examples.BODY, TriggerBody),
        (examples.COMPLETED, RunAnswer),
        (examples.UNDER_WAY, RunAnswer),
        (examples_monitoring.MONITORING, MonitoringAnswer),
        (examples_monitoring.TRIGGERED, PayoutsTriggered),
        *((example, Action) for example in examples_monitoring.ACTIONS.values()),
    ],
)
def test_the_examples_are_of_the_shape_that_they_show(example: Any, kind: Any) -> None:
    read = msgspec.json.decode(msgspec.json.encode(example), type=kind)
    assert {**wire(read), **example} == wire(read)
