"""What staff may ask of the payout system in one address, told apart by ``action``, and what they are answered.

The writers document names the actions and leaves their bodies open. Each has the document's own names beside
``action``; a configuration may as well stand in ``config``, as it does where it is shown.
"""

from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from bursar.api.staff.wire import REASON_LENGTH_MAX, Reason
from bursar.api.staff.wire_monitoring import AlertView, MetricsView
from bursar.api.writers.configs import (
    AlertChanges,
    AutomatedPayoutConfig,
    BadConfig,
    PayoutAlertConfig,
    PayoutScheduleConfig,
    ScheduleChanges,
)
from bursar.api.writers.wire import RunFigures, RunStatus, TriggerBody
from bursar.foundation import texts

C = TypeVar("C", ScheduleChanges, AlertChanges)

Note = Annotated[Reason, msgspec.Meta(description="Why; kept beside what was done.")]
AlertId = Annotated[UUID, msgspec.Meta(description="The alert's `id`.")]


# What they ask --------------------------------------------------------------------------------------------------------


class TriggerPayouts(TriggerBody, tag="triggerPayouts", tag_field="action", kw_only=True):
    """Begin a run now, whether or not the schedule has come round, unless `forceRun` is false."""

    force_run: bool = True


class UpdateSchedule(ScheduleChanges, tag="updateSchedule", tag_field="action", kw_only=True):
    """Change when runs begin and what they pay; also how payouts are processed."""

    config: ScheduleChanges | UnsetType = UNSET
    note: Note = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.note, field="note", most=REASON_LENGTH_MAX)

    @property
    def changes(self) -> ScheduleChanges:
        """What is to change.

        Raises:
            BadConfig: nothing, or it stands in both places.
        """
        return _one_of(self, self.config, ScheduleChanges)


class UpdateAlertConfig(AlertChanges, tag="updateAlertConfig", tag_field="action", kw_only=True):
    """Change what alerts are opened for, and who is told."""

    config: AlertChanges | UnsetType = UNSET
    note: Note = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.note, field="note", most=REASON_LENGTH_MAX)

    @property
    def changes(self) -> AlertChanges:
        """What is to change.

        Raises:
            BadConfig: nothing, or it stands in both places.
        """
        return _one_of(self, self.config, AlertChanges)


class AcknowledgeAlert(
    msgspec.Struct, tag="acknowledgeAlert", tag_field="action", rename="camel", forbid_unknown_fields=True, kw_only=True
):
    """Say that you have seen an alert, and look into it."""

    alert_id: AlertId


class ResolveAlert(
    msgspec.Struct, tag="resolveAlert", tag_field="action", rename="camel", forbid_unknown_fields=True, kw_only=True
):
    """Say that what an alert is about is no longer so."""

    alert_id: AlertId
    note: Note = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.note, field="note", most=REASON_LENGTH_MAX)


class GetMetrics(msgspec.Struct, tag="getMetrics", tag_field="action", rename="camel", forbid_unknown_fields=True):
    """Calculate the figures of this moment."""

    window_hours: (
        Annotated[int, msgspec.Meta(ge=1, le=744, description="Over how long; left out, as the alerts look at it.")]
        | UnsetType
    ) = UNSET


Action = TriggerPayouts | UpdateSchedule | UpdateAlertConfig | AcknowledgeAlert | ResolveAlert | GetMetrics


# What they are answered -----------------------------------------------------------------------------------------------


class Done(msgspec.Struct, rename="camel", tag_field="action", kw_only=True):
    """It was done. `correlationId` is found again on what it has caused."""

    success: bool = True
    message: str
    correlation_id: str


class PayoutsTriggered(Done, tag="triggerPayouts", kw_only=True):
    """What became of the run."""

    status: RunStatus
    data: RunFigures


class ScheduleNow(msgspec.Struct, rename="camel", kw_only=True):
    """The schedule and the processing as they are now, and the version of the terms that says so."""

    config: PayoutScheduleConfig
    processing: AutomatedPayoutConfig
    version: int
    next_scheduled_time: str | None


class ScheduleUpdated(Done, tag="updateSchedule", kw_only=True):
    """The schedule was changed, or was so already."""

    data: ScheduleNow


class AlertConfigNow(msgspec.Struct, kw_only=True):
    """What alerts are opened for now, and the version of the terms that says so."""

    config: PayoutAlertConfig
    version: int


class AlertConfigUpdated(Done, tag="updateAlertConfig", kw_only=True):
    """The alerts were changed, or were so already."""

    data: AlertConfigNow


class AlertAcknowledged(Done, tag="acknowledgeAlert", kw_only=True):
    """The alert as it stands now."""

    data: AlertView


class AlertResolved(Done, tag="resolveAlert", kw_only=True):
    """The alert as it stands now."""

    data: AlertView


class MetricsCalculated(Done, tag="getMetrics", kw_only=True):
    """The figures of this moment."""

    data: MetricsView


Answer = PayoutsTriggered | ScheduleUpdated | AlertConfigUpdated | AlertAcknowledged | AlertResolved | MetricsCalculated


def _one_of(beside: C, inside: C | UnsetType, kind: type[C]) -> C:
    is_beside = any(getattr(beside, name) is not UNSET for name in kind.__struct_fields__)
    if is_beside is (inside is not UNSET) or inside == kind():
        raise BadConfig(field="config", rule="there, with what is to change, unless it stands beside action")
    return beside if inside is UNSET else inside
