"""The six actions of the writers document: what each does, who may ask for it, and the note that they did."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, assert_never

import msgspec

from bursar import identity, monitoring, programs, schedules
from bursar.api.staff import wire_monitoring_actions as wire
from bursar.api.staff.wire_monitoring import AlertView, MetricsView
from bursar.api.writers import triggering
from bursar.api.writers.configs import AutomatedPayoutConfig, PayoutAlertConfig, PayoutScheduleConfig, in_these_words
from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.house import House
from bursar.monitoring import alerts

P: Final = identity.Permission

NEEDS: Final = {
    wire.TriggerPayouts: P.MANAGE_RUNS,
    wire.UpdateSchedule: P.MANAGE_RUNS,
    wire.UpdateAlertConfig: P.MANAGE_ALERTS,
    wire.AcknowledgeAlert: P.MANAGE_ALERTS,
    wire.ResolveAlert: P.MANAGE_ALERTS,
    wire.GetMetrics: P.VIEW,
}
"""What whoever asks for an action has to be allowed."""


async def do(house: House, program: str, action: wire.Action, *, person: identity.Person) -> wire.Answer:
    """Do what a person asks for, if they may; that they asked is noted first, whatever comes of it.

    Raises:
        NotPermitted: none of their roles allows it.
        Refusal: something else stands in the way.
    """
    person.insist(NEEDS[type(action)])
    async with house.database.transaction() as tx:
        name = str(type(action).__struct_config__.tag)
        await journal.note(tx, "monitoring.asked", actor=person.actor, subject=program, asked_for=name)
    return await _do(house, program, action, person.actor)


async def _do(house: House, program: str, action: wire.Action, actor: str) -> wire.Answer:
    match action:
        case wire.TriggerPayouts():
            return await _trigger(house, program, action, actor)
        case wire.UpdateSchedule():
            return await _update_schedule(house, program, action, actor)
        case wire.UpdateAlertConfig():
            return await _update_alerts(house, program, action, actor)
        case wire.AcknowledgeAlert(alert_id=alert_id):
            async with house.database.transaction() as tx:
                seen = AlertView.of(await alerts.acknowledge(tx, alert_id, actor=actor))
            return wire.AlertAcknowledged(
                message="Alert acknowledged", data=seen, correlation_id=triggering.correlation_id()
            )
        case wire.ResolveAlert(alert_id=alert_id, note=note):
            async with house.database.transaction() as tx:
                over = AlertView.of(await alerts.resolve(tx, alert_id, actor=actor, note=note))
            return wire.AlertResolved(message="Alert resolved", data=over, correlation_id=triggering.correlation_id())
        case wire.GetMetrics():
            return await _calculate(house, program, action)
        case _:
            assert_never(action)


async def _trigger(house: House, program: str, wanted: wire.TriggerPayouts, actor: str) -> wire.PayoutsTriggered:
    told = await triggering.trigger(house, program, wanted, actor=actor)
    return wire.PayoutsTriggered(**msgspec.structs.asdict(told))


async def _update_schedule(house: House, program: str, wanted: wire.UpdateSchedule, actor: str) -> wire.ScheduleUpdated:
    async with house.database.transaction() as tx:
        terms = await programs.terms(tx, program)
        if schedules.schedule_of(terms) is None:
            raise schedules.NotInRuns(program=program)
        changes = wanted.changes.of_terms(terms)
        applied, at = await _amend(tx, program, changes, actor=actor, note=wanted.note), await tx.now()
    return wire.ScheduleUpdated(
        message="Schedule updated" if applied.changed else "The schedule was so already",
        data=wire.ScheduleNow(
            config=PayoutScheduleConfig.of(applied.terms),
            processing=AutomatedPayoutConfig.of(applied.terms),
            version=applied.version,
            next_scheduled_time=triggering.next_time(applied.terms, at),
        ),
        correlation_id=triggering.correlation_id(),
    )


async def _update_alerts(
    house: House, program: str, wanted: wire.UpdateAlertConfig, actor: str
) -> wire.AlertConfigUpdated:
    async with house.database.transaction() as tx:
        changes = wanted.changes.of_terms(await programs.terms(tx, program))
        applied = await _amend(tx, program, changes, actor=actor, note=wanted.note)
    return wire.AlertConfigUpdated(
        message="Alert configuration updated" if applied.changed else "The alerts were configured so already",
        data=wire.AlertConfigNow(config=PayoutAlertConfig.of(applied.terms), version=applied.version),
        correlation_id=triggering.correlation_id(),
    )


async def _amend(
    tx: Transaction, program: str, changes: Mapping[str, programs.Value], *, actor: str, note: str
) -> programs.Applied:
    """New terms with these fields, as a version.

    Raises:
        BadConfig: a rule of the terms is broken, told in the document's names.
    """
    try:
        return await programs.amend(tx, program, changes, actor=actor, note=note, at=await tx.now())
    except programs.BadTerms as refused:
        raise in_these_words(refused) from refused


async def _calculate(house: House, program: str, wanted: wire.GetMetrics) -> wire.MetricsCalculated:
    async with house.database.transaction(readonly=True) as tx:
        terms = await programs.terms(tx, program)
        window = timedelta(hours=wanted.window_hours or terms.alerts.window_hours)
        found = await monitoring.metrics(tx, program, window=window)
    shown = MetricsView.of(found, currency=terms.currency)
    return wire.MetricsCalculated(message="Metrics calculated", data=shown, correlation_id=triggering.correlation_id())
