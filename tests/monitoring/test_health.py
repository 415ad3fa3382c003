"""Health: how well it is, and why; from the figures and the rooms themselves, whether or not anybody watches."""

from datetime import timedelta
from typing import Any

import pytest
from watch_house import LIMITS, WatchedHouse, open_watched, signs

from bursar import dispatch, monitoring, programs
from bursar.dispatch import Scope
from bursar.foundation.db import Database
from bursar.foundation.pulse import Pulse
from bursar.monitoring import Status
from bursar.monitoring.alerts import Severity


async def test_health_is_as_good_as_the_worst_of_its_reasons(database: Database) -> None:
    house = await open_watched(database, **LIMITS)
    assert (await house.health()).status is Status.HEALTHY
    await house.pay(*["sending"] * 6, amount="1.00")
    ailing = await house.health()
    assert (ailing.status, [reason.alert for reason in ailing.reasons]) == (Status.WARNING, [None])
    await house.look()
    told = await house.health()
    assert [reason.alert for reason in told.reasons] == list(told.active_alerts), (
        "a finding and its alert are one reason"
    )
    await house.run("INSERT INTO circuits (gateway, state) VALUES ('mockbank', 'open')")
    critical = await house.health()
    assert (critical.status, critical.reasons[0].severity) == (Status.CRITICAL, Severity.CRITICAL)


async def test_what_concerns_another_program_does_not_count(watched: WatchedHouse, database: Database) -> None:
    other = await open_watched(database)
    await other.pay(*["failed"] * 4)
    await other.look()
    assert (await watched.health()).status is Status.HEALTHY
    await watched.count()
    everything: monitoring.Health = await watched.do(monitoring.health)
    assert everything.status is Status.CRITICAL


async def test_payouts_that_wait_for_workers_of_which_there_is_none_are_critical(watched: WatchedHouse) -> None:
    await watched.pay("approved", "sending")
    await watched.count()

    async def look(tx: Any) -> monitoring.Health:
        load = await monitoring.load(tx, pulse=Pulse(), pools=[watched.database], program=watched.program)
        return await monitoring.health(tx, watched.program, load=load)

    alone: monitoring.Health = await watched.do(look)
    assert alone.status is Status.CRITICAL
    assert alone.reasons[0].message == "No worker is there. Payouts that are free to leave: 1."
    assert alone.load is not None
    assert (alone.load.queued, alone.load.under_way, alone.load.alive) == (1, 1, 0)
    assert alone.load.here.memory_bytes > 10_000_000
    assert alone.load.here.pool_max >= alone.load.here.pool_used >= 1
    await signs(watched, host="node-1", pid=1, seconds_ago=1)
    assert (await watched.do(look)).status is Status.HEALTHY


async def test_the_windows_length_is_the_terms(watched: WatchedHouse) -> None:
    await watched.change(alerts__window_hours=2)
    figures = (await watched.health()).metrics
    assert figures.until - figures.since == timedelta(hours=2)


async def test_health_of_a_program_that_is_not_there_is_refused(watched: WatchedHouse) -> None:
    with pytest.raises(programs.NoSuchProgram):
        await watched.do(monitoring.health, "nowhere")


async def test_a_switch_that_people_set_is_no_error(watched: WatchedHouse) -> None:
    await watched.do(dispatch.stop, Scope.GLOBAL, subject="", reason="audit", actor="person:anna")
    assert await watched.look() == 0
