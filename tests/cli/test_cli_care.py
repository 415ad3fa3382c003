"""``bursar db``, ``doctor``, ``audit`` and ``kill-switch``."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from cli_house import Bursar

from bursar import programs
from bursar.foundation.db import Database
from bursar.monitoring import audit


@pytest.fixture
def nothing(house: Bursar) -> Bursar:
    """An installation whose database has no tables."""

    async def clear() -> None:
        connection = await asyncpg.connect(house.database_url)
        await connection.execute("DROP SCHEMA bursar CASCADE")
        await connection.close()

    asyncio.run(clear())
    return house


# The database ---------------------------------------------------------------------------------------------------------


def test_the_database_is_brought_up_to_date_and_the_second_time_there_is_nothing_to_do(nothing: Bursar) -> None:
    before = nothing.json("db", "status", code=1)
    assert (before["current"], before["pending"][0]) == (None, "0001")
    assert nothing.json("db", "migrate")["applied"] == before["pending"]
    assert nothing.json("db", "migrate")["applied"] == []
    assert nothing.json("db", "status")["pending"] == []


def test_commands_and_processes_say_that_tables_are_missing(nothing: Bursar) -> None:
    assert "not_migrated" in nothing.refused("payouts", "list")
    assert "bursar db migrate" in nothing.refused("worker")
    assert "bursar db migrate" in nothing.refused("web", "--port", "0")


def test_a_database_that_is_not_there_is_a_refusal(house: Bursar) -> None:
    nowhere = Bursar("postgresql://nobody:secret@127.0.0.1:1/nowhere")
    for command in (("db", "status"), ("payouts", "list"), ("worker",)):
        said = nowhere.refused(*command)
        assert "secret" not in said
        assert "error[" in said


# Kill switches --------------------------------------------------------------------------------------------------------


def test_a_kill_switch_stops_until_somebody_agrees_to_what_will_leave(shop: Bursar) -> None:
    shop.said("kill-switch", "on", "--reason", "burst")
    shop.ask("1000")
    shop.ask("250.50")
    shop.ask("100000")  # It waits for people in any case.
    [switch] = shop.json("kill-switch", "list")
    assert (switch["scope"], switch["reason"]) == ("global", "burst")
    refused = shop.refused("kill-switch", "off")
    assert "2 payouts of 1,250.50 PKR" in refused
    assert "not_confirmed" in refused
    assert shop.json("kill-switch", "list"), "nobody has agreed"
    released = shop.json("kill-switch", "off", "--yes")
    assert released["waiting"] == {"count": 2, "amounts": [{"amount": "1250.50", "currency": "PKR"}]}
    assert shop.json("kill-switch", "list") == []


@pytest.mark.parametrize(
    ("where", "scope", "name"),
    [
        (("--program", "merchants"), "program", "merchants"),
        (("--program", "merchants", "--holder", "acme"), "holder", "merchants/acme"),
        (("--gateway", "mockbank"), "gateway", "mockbank"),
    ],
)
def test_a_kill_switch_may_stop_a_part(shop: Bursar, where: tuple[str, ...], scope: str, name: str) -> None:
    shop.ask("10")
    stopped = shop.json("kill-switch", "on", *where, "--reason", "why")
    assert (stopped["scope"], stopped["waiting"]["count"]) == (scope, 1)
    assert [switch["name"] for switch in shop.json("kill-switch", "list")] == [name]
    assert "kill_switch_not_set" in shop.refused("kill-switch", "off", "--yes")
    assert shop.json("kill-switch", "off", *where, "--yes")["stopped"] is False


@pytest.mark.parametrize(
    ("where", "code"),
    [
        (("--program", "nowhere"), "program_not_found"),
        (("--program", "merchants", "--holder", "nobody"), "holder_not_found"),
        (("--gateway", "nobank"), "gateway_not_found"),
    ],
)
def test_a_kill_switch_on_nothing_is_refused(shop: Bursar, where: tuple[str, ...], code: str) -> None:
    assert code in shop.refused("kill-switch", "on", *where, "--reason", "why")


def test_a_kill_switch_on_two_things_is_wrong_usage(shop: Bursar) -> None:
    both = ("--program", "merchants", "--gateway", "mockbank")
    assert shop("kill-switch", "on", *both, "--reason", "why").exit_code == 2


# The proof ------------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_nothing_until_something_is_wrong(shop: Bursar) -> None:
    shop.ask("1000")
    assert shop.json("doctor") == []

    async def rob(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.run("UPDATE balances SET available = available + 1")

    shop.directly(rob)
    [breach] = shop.json("doctor", code=1)
    assert breach["law"] == 2
    assert breach["what"].startswith("available equals its transfers")


def test_the_audit_names_the_first_event_that_was_altered(shop: Bursar) -> None:
    made = shop.ask("1000")

    async def seal(database: Database) -> None:
        for _ in range(2):  # The first look takes the reader's place only.
            async with database.transaction() as tx:
                await audit.seal(tx)

    async def forge(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.run("ALTER TABLE payout_events DISABLE TRIGGER events_are_append_only")
            await tx.run("UPDATE payout_events SET actor = 'somebody else' WHERE seq = 2")

    shop.directly(seal)
    assert shop.json("audit", "verify") == {"events": 2, "fault": None}
    shop.directly(forge)
    found = shop.json("audit", "verify", code=1)
    assert found["fault"]["event"] == f"step 2 of payout {made['id']}"


# Gateways -------------------------------------------------------------------------------------------------------------


def test_gateways_are_shown_with_what_they_can_and_lack(shop: Bursar) -> None:
    [before, _] = shop.json("gateways", "list")
    assert (before["gateway"], before["programs"], before["circuit"]) == ("mockbank", ["merchants"], "closed")
    assert (before["float"], before["breaks"]) == (["sufficient"], 0)
    assert "prove its reports" in before["can"]
    shop.directly(_let_the_float_be_low)
    [now, _] = shop.json("gateways", "list")
    assert now["float"][0].startswith("123.45 PKR, low since ")
    assert "mockbank holds too little PKR of ours" in shop("doctor").stderr


def test_a_provider_that_nobody_can_have_is_refused_with_what_to_do_instead(shop: Bursar, tmp_path: Path) -> None:
    instead = "pay PhonePe users by UPI through razorpayx"
    file = tmp_path / "m.yaml"
    file.write_text(programs.ready()["merchants"].read_text().replace("gateway: mockbank", "gateway: phonepe"))
    assert instead in shop.refused("programs", "apply", str(file))
    assert instead in shop.refused("programs", "set", "merchants", "route.gateway=phonepe")
    assert shop.json("gateways", "list")[0]["programs"] == ["merchants"], "nothing was changed"
    assert instead in shop.said("gateways", "list")


async def _let_the_float_be_low(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run(
            """
            INSERT INTO floats (gateway, currency, low_since, refused_at, held, look_at, look_seconds)
            VALUES ('mockbank', 'PKR', now(), now(), 12345, now(), 60)
            """
        )


def test_the_doctor_says_which_programs_pay_nobody(shop: Bursar) -> None:
    """It is no breach of any law, so the exit code stays 0."""
    done = shop("doctor")
    assert (done.exit_code, "merchants pays nobody" in done.stderr) == (0, True)
    assert "pay nobody" in shop.json("gateways", "list")[0]["can"]
