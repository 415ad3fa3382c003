"""``bursar monitor`` and ``bursar trace``: all of it at one glance, and one story whole."""

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest
from cli_house import SOON, Bursar

from bursar.foundation.db import Database
from bursar.monitoring import alerts
from bursar.monitoring.alerts import Severity


def open_alert(shop: Bursar, severity: Severity) -> str:
    """Something is wrong; the alert's id."""

    async def work(database: Database) -> str:
        async with database.transaction() as tx:
            alert = await alerts.open_system(tx, None, subject="test", severity=severity, message="The roof leaks.")
        return str(alert.id)

    return shop.directly(work)


def test_a_glance_shows_what_waits_and_what_is_wrong(shop: Bursar) -> None:
    shop.ask()
    open_alert(shop, Severity.WARNING)
    glance = shop.json("monitor", code=1)  # Nobody works, and somebody waits: that is critical.
    assert glance["status"] == "critical"
    assert {"The roof leaks."} < {reason["message"] for reason in glance["reasons"]}
    assert glance["metrics"]["states"]["approved"] == 1
    assert glance["metrics"]["pending_money"] == [{"amount": "1000.00", "currency": "PKR"}]
    assert [one["what"] for one in glance["waiting"]] == ["due"]
    assert {one["gateway"] for one in glance["gateways"]} == {"mockbank"}


def test_a_house_in_which_nothing_happens_is_healthy(shop: Bursar) -> None:
    assert shop.json("monitor", "--program", "merchants")["status"] == "healthy"
    drawn = shop.said("monitor", "--once")
    assert "HEALTHY" in drawn
    assert "Nothing is wrong." in drawn


@pytest.mark.parametrize(("severity", "code"), [(Severity.WARNING, 0), (Severity.CRITICAL, 1)])
def test_what_is_critical_ends_a_look_with_one(severity: Severity, code: int, shop: Bursar) -> None:
    open_alert(shop, severity)
    result = shop("monitor")
    assert result.exit_code == code, result.output
    assert "The roof leaks." in result.stdout


def test_a_program_that_there_is_not_is_refused(shop: Bursar) -> None:
    assert "program_not_found" in shop.refused("monitor", "--program", "nobodys")


def test_a_story_is_found_by_reference_and_told_whole(shop: Bursar) -> None:
    payout = shop.ask()["id"]
    story = shop.json("trace", payout)
    assert [(one["what"], one["payout_id"]) for one in story["matches"]] == [("payout", payout)]
    assert {line["kind"] for line in story["lines"]} >= {"move", "money"}
    told = shop.said("trace", story["payouts"][0]["reference"])
    assert payout in told
    assert "request: requested" in told


def test_an_alert_leads_to_its_own_story(shop: Bursar) -> None:
    alert = open_alert(shop, Severity.WARNING)
    assert [line["text"] for line in shop.json("trace", alert)["lines"]] == ["warning: The roof leaks."]


def test_what_nothing_goes_by_is_refused(shop: Bursar) -> None:
    assert "nothing_found" in shop.refused("trace", "corr_nobody")


def test_on_a_terminal_the_view_changes_until_it_is_told_to_end(shop: Bursar) -> None:
    master, slave = os.openpty()
    os.set_blocking(master, False)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 140, 0, 0))
    command = [sys.executable, "-m", "bursar", "monitor", "--interval", "0.5"]
    environment = {**os.environ, **shop.environment, "TERM": "xterm"}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment) as monitoring:
        os.close(slave)
        read_until(master, b"HEALTHY")
        open_alert(shop, Severity.CRITICAL)
        seen = read_until(master, b"The roof leaks.")
        monitoring.send_signal(signal.SIGINT)
        while monitoring.poll() is None:  # It hands the terminal back, which somebody has to read.
            read_on(master)
    os.close(master)
    assert b"CRITICAL" in seen
    assert monitoring.returncode == 0


def read_until(terminal: int, wanted: bytes) -> bytes:
    """What is on the terminal once it says so."""
    seen, until = b"", time.monotonic() + SOON
    while wanted not in seen:
        assert time.monotonic() < until, seen[-2000:]
        seen += read_on(terminal)
    return seen


def read_on(terminal: int) -> bytes:
    """What has come since; a little later, where that is nothing."""
    try:
        return os.read(terminal, 65_536)
    except BlockingIOError:
        time.sleep(0.02)
        return b""
    except OSError:  # Nobody has it open any more.
        return b""
