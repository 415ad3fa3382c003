"""After a run, whoever the terms name hears what it came to, once; a broken law is an alert until it holds again."""

from typing import Any

import pytest
from monitoring_house import Books, tamper
from watch_house import Mailbox, WatchedHouse, deliver_mail, open_watched

from bursar import monitoring, schedules
from bursar.foundation.db import Database
from bursar.monitoring.alerts import Severity

IN_RUNS: dict[str, Any] = {
    "dispatch__mode": "schedule",
    "dispatch__every_seconds": None,
    "dispatch__cron": "0 0 1 1 *",
    "dispatch__time_zone": "Africa/Lagos",
}
OPS = "ops@acme.example"


@pytest.fixture
async def house(database: Database) -> WatchedHouse:
    """A program that pays in runs, and tells somebody of them."""
    return await open_watched(database, **IN_RUNS, runs__emails=[OPS], alerts__enabled=False)


async def ended_run(house: WatchedHouse, *ends: str) -> schedules.Run:
    """A run whose payouts have ended like this."""
    run: schedules.Run = await house.do(schedules.begin_now, house.program, actor="person:anna")
    for payout in await house.pay(*ends, amount="100.00") if ends else []:
        await house.run("UPDATE payouts SET run_id = $2, reason = 'account_closed' WHERE id = $1", payout.id, run.id)
    await house.run("UPDATE runs SET handed_over_at = now(), finished_at = now(), begun_at = now() - interval '45 s'")
    await house.do(schedules.end, house.program)
    return run


async def test_a_run_is_told_once_with_what_it_came_to(house: WatchedHouse, mailbox: Mailbox) -> None:
    run = await ended_run(house, "completed", "completed", "completed", "failed")
    await house.staff("anna@acme.example")
    for _ in range(2):
        await house.look()
        await deliver_mail(house, mailbox)
    assert mailbox.subjects(OPS) == ["3 of 4 payouts were paid (Merchants)"] == mailbox.subjects("anna@acme.example")
    text = mailbox.mails[0][1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Of 4 payouts 3 were paid and 1 failed; 300.00 PKR left. It took 45 s." in text
    assert "Failed: 1 (account_closed: 1)" in text
    assert f"bursar runs failures {run.id}" in text
    assert " WAT" in text, "times are the program's own"


async def test_a_run_that_is_under_way_or_paid_nobody_is_no_news(house: WatchedHouse, mailbox: Mailbox) -> None:
    await ended_run(house)
    await house.do(schedules.begin_now, house.program, actor="person:anna")
    await house.look()
    await deliver_mail(house, mailbox)
    assert mailbox.mails == []


async def test_runs_that_come_many_times_a_day_are_told_only_to_whom_the_terms_name(
    database: Database, mailbox: Mailbox
) -> None:
    house = await open_watched(database, **IN_RUNS, alerts__enabled=False)
    await house.staff("anna@acme.example")
    await ended_run(house, "completed")
    await house.look()
    await deliver_mail(house, mailbox)
    assert mailbox.mails == []


async def test_a_broken_law_is_an_alert_until_it_holds_again(books: Books) -> None:
    payout = await books.ask()
    await tamper(books.database, "UPDATE payouts SET version = version + 1")

    async def check() -> list[monitoring.alerts.Alert]:
        async with books.database.transaction() as tx:
            await monitoring.alerts.check_laws(tx)
            return await monitoring.alerts.active(tx)

    [alert] = await check()
    assert (alert.subject, alert.severity) == ("law:5", Severity.CRITICAL)
    assert alert.facts["subjects"] == [str(payout.id)]
    assert [one.id for one in await check()] == [alert.id]
    await tamper(books.database, "UPDATE payouts SET version = version - 1")
    assert await check() == []
