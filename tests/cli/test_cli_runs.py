"""``bursar runs`` and ``bursar worker status``."""

from pathlib import Path
from uuid import uuid4

import pytest
from cli_house import Bursar

from bursar.foundation import ids
from bursar.foundation.db import Database
from bursar.monitoring.workers import Sign
from bursar.monitoring.workers import store as workers
from ground import terms_text


@pytest.fixture
def paying_in_runs(shop: Bursar, tmp_path: Path) -> Bursar:
    """The shop, whose merchants are paid once a year."""
    file = tmp_path / "yearly.yaml"
    file.write_text(
        terms_text(
            dispatch__mode="schedule",
            dispatch__every_seconds=None,
            dispatch__cron="0 0 1 1 *",
            dispatch__time_zone="Asia/Karachi",
        )
    )
    shop.said("programs", "apply", str(file))
    return shop


def sign_as_worker(house: Bursar, *, seconds_ago: int = 0, leaves: bool = False) -> None:
    """Be a worker of whom has been heard so long ago."""

    async def work(database: Database) -> None:
        jobs = {"payouts.send": {"done": 7, "failed": 1, "running": 2}, "batch.process": {"done": 1, "failed": 0}}
        async with database.transaction() as tx:
            worker_id = ids.new(await tx.now())
            await workers.arrive(tx, worker_id, host="node-1", pid=4711, carrier="redis", every_seconds=10)
            await workers.sign(tx, worker_id, Sign(jobs=jobs, dropped=3, connections=2), is_last=leaves)
            aged = "UPDATE workers SET seen_at = now() - make_interval(secs => $2) WHERE id = $1"
            await tx.run(aged, worker_id, seconds_ago)

    house.directly(work)


def test_a_run_is_begun_and_found_again(paying_in_runs: Bursar) -> None:
    begun = paying_in_runs.json("runs", "start", "merchants")
    assert (begun["program"], begun["standing"], begun["count"]) == ("merchants", "begun", 0)
    [listed] = paying_in_runs.json("runs", "list", "--program", "merchants")
    assert listed["id"] == begun["id"]
    assert listed["begun_by"].startswith("cli:")
    assert paying_in_runs.json("runs", "show", begun["id"])["for"] == "by hand"
    assert begun["id"] in paying_in_runs.said("runs", "list")
    assert "by hand" in paying_in_runs.said("runs", "show", begun["id"])


def test_a_run_is_asked_for_in_the_queue(paying_in_runs: Bursar) -> None:
    paying_in_runs.said("runs", "start", "merchants")

    async def queued(database: Database) -> int:
        async with database.transaction(readonly=True) as tx:
            return int(await tx.value("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'batch.process'"))

    assert paying_in_runs.directly(queued) == 1


def test_a_run_that_makes_no_sense_is_refused(shop: Bursar) -> None:
    assert "program_has_no_runs" in shop.refused("runs", "start", "merchants")
    assert "program_not_found" in shop.refused("runs", "start", "nobody")
    assert "run_not_found" in shop.refused("runs", "show", str(uuid4()))
    assert shop.said("runs", "list") == "No run yet.\n"


def test_the_status_shows_every_worker_and_what_waits(paying_in_runs: Bursar) -> None:
    paying_in_runs.ask("1000")
    sign_as_worker(paying_in_runs)
    shown = paying_in_runs.json("worker", "status")
    [worker] = shown["workers"]
    assert (worker["host"], worker["pid"], worker["carrier"], worker["connections"]) == ("node-1", 4711, "redis", 2)
    assert worker["is_alive"] is True
    assert worker["jobs"]["payouts.send"] == {"done": 7, "failed": 1, "running": 2}
    assert [(one["what"], one["count"]) for one in shown["waiting"]] == [("run", 1)]
    assert (shown["stuck"], shown["dead_letters"]) == (False, 0)
    said = paying_in_runs.said("worker", "status")
    assert "node-1" in said
    assert "for their program's next run" in said


@pytest.mark.parametrize(("seconds_ago", "leaves"), [(31, False), (0, True)], ids=["killed", "stopped"])
def test_the_status_warns_when_something_waits_and_nobody_works(
    paying_in_runs: Bursar, seconds_ago: int, leaves: bool
) -> None:
    sign_as_worker(paying_in_runs, seconds_ago=seconds_ago, leaves=leaves)
    assert paying_in_runs.json("worker", "status")["stuck"] is False, "nothing waits"
    paying_in_runs.ask("1000")
    assert paying_in_runs.json("worker", "status", code=1)["stuck"] is True
    result = paying_in_runs("worker", "status")
    assert result.exit_code == 1
    assert "no worker is alive" in result.stderr


def test_an_installation_that_never_had_a_worker(house: Bursar) -> None:
    said = house.said("worker", "status")
    assert "No worker was seen within a day." in said
    assert "No payout waits." in said


@pytest.fixture
def paying_balances(shop: Bursar, tmp_path: Path) -> Bursar:
    """The shop, whose merchants are paid their balances in runs that begin by hand."""
    file = tmp_path / "balances.yaml"
    file.write_text(
        terms_text(
            limits__minimum=25.00,
            dispatch__mode="schedule",
            dispatch__every_seconds=None,
            dispatch__cron="0 0 1 1 *",
            dispatch__time_zone="UTC",
            runs__pays="balances",
        )
    )
    shop.said("programs", "apply", str(file))
    return shop


def of(shop: Bursar) -> tuple[str, ...]:
    """How the shop's one merchant is named on the command line."""
    [holder] = shop.json("holders", "list")
    return holder["reference"], "--program", holder["program"]


def test_a_dry_run_says_who_would_be_paid_and_who_not(paying_balances: Bursar) -> None:
    plan = paying_balances.json("runs", "start", "merchants", "--dry-run")
    assert (plan["would_ask_for"], plan["holders"][0]["outcome"]) == (0, "no_destination")
    assert plan["left_out_no_destination"][0] == "1"
    assert "no_destination" in paying_balances.said("runs", "start", "merchants", "--dry-run")
    assert paying_balances.said("runs", "list") == "No run yet.\n"


def test_a_run_is_stopped_resumed_and_cancelled(paying_balances: Bursar) -> None:
    run = paying_balances.json("runs", "start", "merchants", "--batch-size", "7", "--tries", "2")["id"]
    assert "nothing" in paying_balances.said("runs", "stop", run, "--reason", "wrong month")
    assert paying_balances.json("runs", "show", run)["stopped_why"] == "wrong month"
    assert "not_agreed" in paying_balances.refused("runs", "resume", run)
    assert paying_balances.json("runs", "resume", run, "--yes")["standing"] == "begun"
    assert "run_not_stopped" in paying_balances.refused("runs", "resume", run, "--yes")
    assert paying_balances.json("runs", "cancel", run, "--yes")["standing"] == "cancelled"
    assert "run_is_over" in paying_balances.refused("runs", "stop", run, "--reason", "too late")
    assert paying_balances.said("runs", "failures", run) == "None has failed.\n"


@pytest.fixture
def choosing(shop: Bursar, tmp_path: Path) -> Bursar:
    """The shop, whose merchants may choose when they are paid; a run takes two payouts."""
    file = tmp_path / "choosing.yaml"
    file.write_text(
        terms_text(
            dispatch__mode="schedule",
            dispatch__every_seconds=None,
            dispatch__cron="EVERY_HOUR",
            dispatch__time_zone="Asia/Kolkata",
            runs__payouts_max=2,
            runs__own_schedules=True,
        )
    )
    shop.said("programs", "apply", str(file))
    return shop


def test_holders_choose_when_they_are_paid(choosing: Bursar) -> None:
    shop = of(choosing)
    [said] = choosing.json("holders", "schedule", *shop, "--every", "weekly", "--day", "1", "--hour", "0")
    assert (said["schedule"], said["next_at"][10:], said["last_reason"]) == (
        "weekly on Monday at 00:00",
        "T18:30:00Z",
        None,
    )
    assert "weekly on Monday" in choosing.said("holders", "preferences", *shop)
    assert "invalid_request" in choosing.refused("holders", "schedule", *shop, "--every", "weekly")
    [said] = choosing.json("holders", "schedule", *shop, "--off")
    assert (said["schedule"], said["next_at"]) == (None, None)
    assert choosing("holders", "schedule", *shop).exit_code == 2, "one of the two is to be said"


def test_nobody_chooses_where_the_terms_do_not_let_them(paying_balances: Bursar) -> None:
    said = paying_balances.refused("holders", "schedule", *of(paying_balances), "--every", "daily")
    assert "own_schedules_not_offered" in said


def test_what_one_run_does_not_take_is_shown(choosing: Bursar) -> None:
    for _ in range(3):
        choosing.ask("10")
    plan = choosing.json("runs", "start", "merchants", "--dry-run")
    assert (plan["would_leave"][0], plan["one_run_takes_at_most"], plan["would_wait_for_the_next"]) == ("2", 2, 1)
    run = choosing.json("runs", "start", "merchants")["id"]
    assert choosing.json("runs", "show", run)["payouts_max"] == 2


def test_holders_say_when_and_how_much_they_want(paying_balances: Bursar) -> None:
    ada = of(paying_balances)
    [said] = paying_balances.json("holders", "minimum", *ada, "--amount", "100.00")
    assert said["minimum"] == {"amount": "100.00", "currency": "PKR"}
    [said] = paying_balances.json("holders", "pause", *ada, "--since", "2026-12-01", "--until", "2027-01-01T09:00Z")
    assert (said["paused_from"], said["paused_until"]) == ("2026-12-01T00:00:00Z", "2027-01-01T09:00:00Z")
    assert "invalid" in paying_balances.refused("holders", "pause", *ada, "--until", "soon")
    [said] = paying_balances.json("holders", "resume", *ada)
    assert said["paused_from"] is None
    [said] = paying_balances.json("holders", "hold", *ada, "--reason", "under investigation")
    assert (said["held_why"], said["minimum"]["amount"]) == ("under investigation", "100.00")
    assert "under investigation" in paying_balances.said("holders", "preferences", *ada)
    [said] = paying_balances.json("holders", "release", *ada)
    assert said["held_why"] is None
    [said] = paying_balances.json("holders", "minimum", *ada)
    assert said["minimum"] is None
