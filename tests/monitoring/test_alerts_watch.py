"""The watcher opens one alert for each thing that is wrong, and ends it when it has gone away, not before."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from watch_house import LIMITS, WatchedHouse, open_watched, signs

from bursar import dispatch, monitoring, payouts, schedules
from bursar.dispatch import Circuits
from bursar.foundation.db import Database
from bursar.gateways import Downtime
from bursar.monitoring import Status
from bursar.monitoring.alerts import Alert, AlertResolved, AlertType, NoSuchAlert, Severity
from ground import KEYRING, ask

T = AlertType


async def types(house: WatchedHouse) -> set[AlertType]:
    """What is open."""
    return {alert.type for alert in await house.active()}


# ---- The five types -------------------------------------------------------------------------------------------------


async def test_too_many_failures_open_an_alert(watched: WatchedHouse) -> None:
    await watched.pay(*["completed"] * 23, *["failed"] * 2, amount="10.00")
    assert await watched.look() == 0, "8 % is below the limit of 10 %"
    await watched.pay("failed", amount="10.00")
    assert await watched.look() == 1
    [alert] = await watched.active()
    assert (alert.type, alert.severity, alert.subject) == (T.FAILURE_RATE, Severity.WARNING, watched.program)
    assert alert.message == (
        "11.54 % of the payouts that ended within 24 hours failed (3 of 26); the limit is 10 %."
    )  # fmt: skip
    assert alert.facts == {"value": 11.54, "limit": 10.0}


async def test_one_failure_alone_is_nobodys_rate(watched: WatchedHouse) -> None:
    await watched.pay("failed")
    assert await watched.look() == 0
    await watched.pay("failed")
    await watched.look()
    [alert] = await watched.active()
    assert alert.severity is Severity.CRITICAL, "everything fails"


async def test_too_many_pending_payouts_open_an_alert(database: Database) -> None:
    house = await open_watched(database, **LIMITS)
    await house.pay(*["approved"] * 3, "sending", "retrying", amount="1.00")
    assert await house.look() == 0
    await house.pay("sending", amount="1.00")
    await house.look()
    assert await types(house) == {T.PENDING_THRESHOLD}


async def test_payouts_that_take_too_long_open_an_alert(database: Database) -> None:
    house = await open_watched(database, **LIMITS)
    for payout, hours in zip(await house.pay("sending", "sending", amount="1.00"), (20, 30), strict=True):
        await house.run(
            "UPDATE payouts SET created_at = created_at - make_interval(hours => $2) WHERE id = $1", payout.id, hours
        )
        await house.move([(payout.id, "settle")])
    await house.look()
    [alert] = await house.active()
    assert (alert.type, alert.facts["value"]) == (T.PROCESSING_DELAY, pytest.approx(25, abs=0.1))


async def test_too_much_money_opens_an_alert(database: Database) -> None:
    house = await open_watched(database, **LIMITS)
    await house.pay("completed", "failed", amount="10000.00")
    assert await house.look() == 0, "what failed was not paid out"
    await house.pay("completed", amount="0.01")
    await house.look()
    [alert] = await house.active()
    assert (alert.type, alert.facts["value"]) == (T.AMOUNT_THRESHOLD, "10000.01")


async def test_without_a_limit_nothing_is_watched(database: Database) -> None:
    house = await open_watched(database, **dict.fromkeys(LIMITS, None))
    await house.pay(*["failed"] * 5, *["completed"] * 5, *["sending"] * 60, amount="100.00")
    assert await house.look() == 0


async def test_a_program_that_switched_alerts_off_is_not_watched(watched: WatchedHouse) -> None:
    await watched.pay(*["failed"] * 5)
    await watched.change(alerts__enabled=False)
    assert await watched.look() == 0
    assert (await watched.health()).status is Status.CRITICAL, "but whoever looks sees it"


# ---- One episode, one alert -----------------------------------------------------------------------------------------


async def failing(house: WatchedHouse) -> Alert:
    """An open alert: a quarter of all payouts fails."""
    await house.pay(*["completed"] * 6, *["failed"] * 2, amount="10.00")
    await house.look()
    [alert] = await house.active()
    return alert


async def test_what_lasts_is_one_alert_however_many_look(watched: WatchedHouse) -> None:
    alert = await failing(watched)
    await asyncio.gather(*(watched.do(monitoring.alerts.look) for _ in range(5)))
    assert [one.id for one in await watched.active()] == [alert.id]
    assert await watched.value("SELECT count(*) FROM alerts") == 1


async def test_it_ends_by_itself_only_well_below_its_limit_and_after_a_while(watched: WatchedHouse) -> None:
    alert = await failing(watched)
    await watched.pay(*["completed"] * 14, amount="10.00")  # 2 of 22: 9.1 %, below the limit, and not well below.
    await watched.look(calm_seconds=0)
    assert [one.id for one in await watched.active()] == [alert.id]
    await watched.pay(*["completed"] * 10, amount="10.00")  # 2 of 32: 6.3 %.
    assert await watched.look() == 0, "not at once: it may come back"
    await watched.pass_time(61)
    assert await watched.look() == 1
    [over] = await watched.do(monitoring.alerts.page, watched.program)
    assert (over.resolved_by, over.is_active) == ("system:watch", False)
    assert over.over_at is not None


async def test_a_figure_that_wavers_about_its_limit_opens_nothing_below_it(watched: WatchedHouse) -> None:
    await watched.pay(*["completed"] * 20, *["failed"] * 2, amount="10.00")  # 9.1 %.
    assert await watched.look() == 0


async def test_it_becomes_critical_once_and_never_milder(watched: WatchedHouse) -> None:
    await watched.pay(*["completed"] * 22, *["failed"] * 3, amount="10.00")  # 12 %.
    await watched.look()
    await watched.pay(*["failed"] * 5, amount="10.00")  # 26.7 %.
    assert await watched.look() == 1
    assert await watched.look() == 0
    await watched.pay(*["completed"] * 30, amount="10.00")  # 13 %.
    assert await watched.look() == 0
    [alert] = await watched.active()
    assert (alert.severity, alert.told) == (Severity.CRITICAL, 2)
    assert "13.33 %" in alert.message, "what it says is kept up to date"


# ---- People ---------------------------------------------------------------------------------------------------------


async def test_an_alert_is_acknowledged_once_and_stays_open(watched: WatchedHouse) -> None:
    alert = await failing(watched)
    await watched.do(monitoring.alerts.acknowledge, alert.id, actor="person:anna")
    again: Alert = await watched.do(monitoring.alerts.acknowledge, alert.id, actor="person:ben")
    assert (again.acknowledged_by, again.is_active) == ("person:anna", True)
    noted = await watched.value("SELECT string_agg(actor, ',') FROM audit_notes WHERE action = 'alert.acknowledged'")
    assert noted == "person:anna"


async def test_what_a_person_resolved_is_not_opened_again_before_it_had_gone_away(watched: WatchedHouse) -> None:
    alert = await failing(watched)
    resolved: Alert = await watched.do(
        monitoring.alerts.resolve, alert.id, actor="person:anna", note="the bank was away"
    )
    assert (resolved.is_active, resolved.note) == (False, "the bank was away")
    assert await watched.look() == 0
    assert await watched.active() == []
    await watched.pay(*["completed"] * 30, amount="10.00")
    await watched.pass_time(61)
    assert await watched.look() == 0, "its end was told when the person resolved it"
    await watched.pay(*["failed"] * 10, amount="10.00")
    assert await watched.look() == 1
    [new] = await watched.active()
    assert new.id != alert.id


async def test_what_is_over_cannot_be_resolved_or_acknowledged(watched: WatchedHouse) -> None:
    alert = await failing(watched)
    await watched.do(monitoring.alerts.resolve, alert.id, actor="person:anna")
    for verb in (monitoring.alerts.resolve, monitoring.alerts.acknowledge):
        with pytest.raises(AlertResolved):
            await watched.do(verb, alert.id, actor="person:ben")
    with pytest.raises(NoSuchAlert):
        await watched.do(monitoring.alerts.get, UUID(int=1))


async def test_the_history_is_paged_and_told_apart_by_type(database: Database) -> None:
    house = await open_watched(database, **LIMITS)
    await house.pay(*["failed"] * 3, *["sending"] * 9, amount="1.00")
    await house.look()
    first, second = await house.do(monitoring.alerts.page, house.program)
    assert first.id > second.id
    assert await house.do(monitoring.alerts.page, house.program, before=first.id) == [second]
    [rate] = await house.do(monitoring.alerts.page, house.program, type_=T.FAILURE_RATE)
    assert rate.type is T.FAILURE_RATE


# ---- Errors of the system -------------------------------------------------------------------------------------------


async def system(house: WatchedHouse) -> dict[str, Alert]:
    """The system errors that are open, by their subjects."""
    return {alert.subject: alert for alert in await house.active() if alert.type is T.SYSTEM_ERROR}


async def test_a_circuit_that_opens_is_an_alert_until_it_closes(watched: WatchedHouse) -> None:
    await watched.run(
        """
        INSERT INTO circuits (gateway, state, opened_at, probe_at, reason, probes)
        VALUES ('mockbank', 'open', '2026-11-20T08:00Z', '2026-11-20T08:02Z', 'timeout', 3)
        """
    )
    await watched.look()
    alert = (await system(watched))["gateway:mockbank"]
    assert (alert.severity, alert.program) == (Severity.CRITICAL, None)
    assert alert.facts == {
        "circuit": "open",
        "reason": "timeout",
        "since": "2026-11-20T08:00:00Z",
        "probes": 3,
        "probe_at": "2026-11-20T08:02:00Z",
    }
    await Circuits(watched.database).close("mockbank")
    await watched.pass_time(61)
    await watched.look()
    assert await system(watched) == {}


async def test_a_bank_that_a_gateway_cannot_pay_to_is_a_smaller_one(watched: WatchedHouse) -> None:
    downtime = Downtime("E1", "HBL", datetime(2026, 11, 20, 8, tzinfo=UTC), is_over=False)
    await watched.do(dispatch.circuits.told, [("mockbank", downtime)])
    await watched.look()
    alert = (await system(watched))["gateway:mockbank:HBL"]
    assert (alert.severity, alert.facts["reason"]) == (Severity.WARNING, "bank_down")
    assert "HBL" in alert.message


async def test_a_low_float_and_disputed_payments_are_alerts(watched: WatchedHouse) -> None:
    await watched.do(dispatch.floats.mark_low, [("mockbank", "PKR", 60.0)])
    await watched.run("INSERT INTO breaks (id, kind, gateway) VALUES (gen_random_uuid(), 'unknown', 'mockbank')")
    await watched.look()
    assert (await system(watched)).keys() == {"float:mockbank:PKR", "breaks:mockbank"}


async def test_what_a_gateway_says_otherwise_is_one_alert_until_it_is_corrected(watched: WatchedHouse) -> None:
    await watched.run(
        """
        INSERT INTO reconciliation_items (id, kind, subject, ways, happened_at, amount, currency)
        SELECT gen_random_uuid(), kind, kind, '{list}', now(), 1000, 'PKR'
        FROM unnest('{orphan_payment,paid_twice}'::text[]) kind
        """
    )
    await watched.look()
    alert = (await system(watched))["reconciliation"]
    assert (alert.facts["count"], alert.facts["kinds"]) == (2, ["orphan_payment", "paid_twice"])
    await watched.run("UPDATE reconciliation_items SET closed_at = now(), resolution = 'accept'")
    await watched.pass_time(61)
    await watched.look()
    assert await system(watched) == {}


async def test_that_nothing_is_sent_after_a_restore_is_an_alert(watched: WatchedHouse) -> None:
    since = datetime(2026, 11, 20, 8, tzinfo=UTC)
    await watched.do(dispatch.recovery.begin, known_until=since, reason="restored", actor="cli:test")
    await watched.look()
    alert = (await system(watched))["recovery"]
    assert (alert.severity, alert.program, alert.facts["reason"]) == (Severity.CRITICAL, None, "restored")


async def test_a_worker_that_went_without_a_goodbye_is_missed_until_another_takes_its_place(
    watched: WatchedHouse,
) -> None:
    await signs(watched, host="node-1", pid=1, seconds_ago=120)
    await signs(watched, host="node-2", pid=2, seconds_ago=120, leaves=True)
    await signs(watched, host="node-3", pid=3, seconds_ago=7_200)
    await watched.look()
    [alert] = (await system(watched)).values()
    assert alert.facts == {"host": "node-1", "pid": 1}, "one said goodbye, one was taken away long ago"
    await signs(watched, host="node-1", pid=4, seconds_ago=1)
    await watched.pass_time(61)
    await watched.look()
    assert await system(watched) == {}


async def test_a_reader_that_does_not_get_on_is_an_alert(watched: WatchedHouse) -> None:
    await watched.pay("completed")
    await watched.run("INSERT INTO cursors (reader, xid, id) VALUES ('audit', '0', 0)")
    await watched.look()
    assert await system(watched) == {}, "it has ten minutes"
    async with watched.database.session() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE payout_events SET at = at - interval '11 minutes'")
    await watched.look()
    assert (await system(watched)).keys() == {"reader:audit"}


async def test_a_review_that_nobody_decides_is_an_alert(database: Database) -> None:
    house = await open_watched(database, review__amount_at=100.00)
    payout = await ask_for_review(house)
    await house.look()
    assert await system(house) == {}
    await house.run("UPDATE payouts SET updated_at = now() - interval '25 hours' WHERE id = $1", payout)
    await house.look()
    alert = (await system(house))["reviews"]
    assert alert.program == house.program


async def ask_for_review(house: WatchedHouse) -> UUID:
    """A payout that waits for people."""
    desk = payouts.Desk(house.book, KEYRING)
    asked = ask(house.holder, house.program, amount="500.00")
    [made] = await house.do(payouts.request, [asked], desk=desk, at=house.clock.now())
    assert made.state is payouts.PayoutState.IN_REVIEW
    payout_id: UUID = made.id
    return payout_id


async def test_a_run_that_was_stopped_is_an_alert_until_it_goes_on(database: Database) -> None:
    house = await open_watched(
        database,
        dispatch__mode="schedule",
        dispatch__every_seconds=None,
        dispatch__cron="0 0 1 1 *",
        dispatch__time_zone="UTC",
    )
    await house.pay("approved")
    run: schedules.Run = await house.do(schedules.begin_now, house.program, actor="person:anna")
    await house.run("UPDATE runs SET stopped_at = now(), stopped_by = 'system:failsafe', stopped_why = $1", "too_many")
    await house.look()
    alert = (await system(house))[f"run:{run.id}"]
    assert (alert.program, alert.severity) == (house.program, Severity.CRITICAL)
    assert alert.facts["reason"] == "too_many"
    await house.run("UPDATE runs SET stopped_at = NULL, stopped_by = NULL, stopped_why = NULL")
    await house.pass_time(61)
    await house.look()
    assert await system(house) == {}


async def test_another_room_opens_an_error_once_and_ends_it(watched: WatchedHouse) -> None:
    async def opened(severity: Severity, message: str) -> Alert:
        alert: Alert = await watched.do(
            monitoring.alerts.open_system, None, subject="ledger", severity=severity, message=message
        )
        return alert

    first = await opened(Severity.WARNING, "Three items.")
    second = await opened(Severity.WARNING, "Four items.")
    worse = await opened(Severity.CRITICAL, "Law 1 is broken.")
    milder = await opened(Severity.WARNING, "Four items.")
    assert {one.id for one in (first, second, worse, milder)} == {first.id}
    assert [one.told for one in (first, second, worse, milder)] == [1, 1, 2, 2]
    assert (milder.severity, milder.message) == (Severity.CRITICAL, "Four items.")
    await watched.pass_time(600)
    await watched.look()
    assert (await system(watched)).keys() == {"ledger"}, "the watcher does not know of it and leaves it alone"
    ended = await watched.do(monitoring.alerts.end_system, None, subject="ledger")
    assert (ended.is_active, ended.told) == (False, 3)
    assert await watched.do(monitoring.alerts.end_system, None, subject="ledger") is None


async def test_an_error_that_a_person_resolved_is_opened_anew_when_it_is_told_again(watched: WatchedHouse) -> None:
    options: dict[str, Any] = {"subject": "ledger", "severity": Severity.WARNING, "message": "Three items."}
    first: Alert = await watched.do(monitoring.alerts.open_system, watched.program, **options)
    await watched.do(monitoring.alerts.resolve, first.id, actor="person:anna")
    second: Alert = await watched.do(monitoring.alerts.open_system, watched.program, **options)
    assert second.id != first.id


async def test_two_who_open_the_same_error_at_once_open_one(watched: WatchedHouse) -> None:
    options: dict[str, Any] = {"subject": "ledger", "severity": Severity.WARNING, "message": "Three items."}
    found = await asyncio.gather(
        *(watched.do(monitoring.alerts.open_system, watched.program, **options) for _ in range(4))
    )
    assert len({alert.id for alert in found}) == 1
