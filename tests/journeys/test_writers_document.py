"""The writers document from beginning to end: its own calls, as they stand there, against the program that is shipped.

Stripe's simulator pays; only waits are shorter, and the schedule comes round while a test runs.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from pydantic import SecretStr

from bursar import identity, ledger, programs
from bursar.foundation.money import Money
from bursar.identity import Role
from bursar.monitoring import alerts
from ground import AT
from house import Client
from processes import LOOK_SECONDS, SOON
from ways import STRIPE
from world import World, open_world
from writers_house import CRON, MONITORING, just_now, not_now, writers_text

PASSWORD: Final = "correct horse battery"

CRON_LINE: Final = r"""
curl -X POST \
  -H "Authorization: Bearer $CRON_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"forceRun": false}' \
  https://your-app.com/api/cron/automated-payouts
"""
"""The document's own line for a crontab, without its five stars."""

BODY: Final = """
{
  "forceRun": false,
  "dryRun": false,
  "batchSize": 10,
  "maxRetries": 3
}
"""
"""The document's own body, without its comments."""

QUICK: Final[Mapping[str, Any]] = {
    "retry__base_seconds": 0.05,
    "retry__max_seconds": 0.2,
    "unknown": {"schedule_seconds": [0.1, 0.2, 0.4], "poll_seconds": [0.3, 0.5]},
    "route__float_seconds": 0.2,
    "destinations__gateway_account": "acct_[A-Za-z0-9]{10,60}",
}
"""Waits that fit into a test, and names of accounts that are longer than Stripe's."""


@dataclass
class Writers:
    """The program ``writers`` in a world of its own."""

    world: World
    platform: Client
    key: str

    async def apply(self, **changes: Any) -> None:
        """Apply the shipped program with quick waits and these changes, as if it had been there for some minutes."""
        text = writers_text("writers", **QUICK | changes)
        at = datetime.now(UTC) - timedelta(minutes=5)
        async with self.world.database.transaction() as tx:
            await programs.apply(tx, text, actor="person:tester", at=at)

    async def come_round(self) -> None:
        """Have the schedule come round at this moment."""
        await self.apply(**just_now(datetime.now(UTC)))

    async def add(self, count: int, amount: str, *, ending: str = "0001") -> None:
        """Writers with an account at Stripe, who have earned so much each."""
        told = [{"reference": f"writer-{secrets.token_hex(6)}", "name": "Wanda Writer"} for _ in range(count)]
        known = await self.platform.post("/api/holders", json={"holders": told})
        assert known.status == 200, known.body
        owners = [UUID(one["id"]) for one in known.json["data"]]
        async with self.world.database.transaction() as tx:
            await ledger.credit(tx, [_earned(owner, amount) for owner in owners], at=AT)
        for owner in owners:
            account = f"acct_sandbox{self.world.canary}{secrets.token_hex(4)}{ending}"
            body = {"type": "GATEWAY_ACCOUNT", "account": account}
            stored = await self.platform.post(f"/api/holders/{owner}/destinations", json=body)
            assert stored.status == 201, stored.body

    async def curl(self, line: str) -> Any:
        """What a line of the document is answered, typed into a shell as it stands there but for the address."""
        typed = line.replace("https://your-app.com", self.world.web_url)
        environment = {**os.environ, "CRON_API_KEY": self.key}
        shell = await asyncio.create_subprocess_exec(
            "sh", "-c", typed, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        told, _ = await shell.communicate()
        assert shell.returncode == 0, typed
        return json.loads(told)

    async def staff(self, role: Role = Role.MANAGER) -> Client:
        """Somebody of the staff, signed in."""
        address = f"staff-{secrets.token_hex(6)}@acme.example"
        hashed = await identity.hash_password(PASSWORD, email=address)
        async with self.world.database.transaction() as tx:
            await identity.add_person(
                tx, email=address, name="Amina", password_hash=hashed, roles=[role], actor="cli:test", at=AT
            )
        there = Client(self.world.session, self.world.web_url)
        answer = await there.post("/api/sign-in", json={"email": address, "password": PASSWORD})
        assert answer.status == 200, answer.body
        return Client(there.session, there.url, {"Authorization": f"Bearer {answer.json['token']}"})


@pytest.fixture
async def writers(database_url: str, tmp_path: Path) -> AsyncIterator[Writers]:
    """The program, with no run before a test wants one."""
    async with open_writers(database_url, tmp_path) as here:
        yield here


@asynccontextmanager
async def open_writers(database_url: str, folder: Path) -> AsyncIterator[Writers]:
    key = f"cron-{secrets.token_hex(16)}"
    async with open_world(database_url, folder, through=STRIPE, settings={"cron_api_key": SecretStr(key)}) as world:
        here = Writers(world, Client(world.session, world.web_url), key)
        await here.apply(**not_now(datetime.now(UTC)))
        async with world.database.transaction() as tx:
            wish = identity.NewKey(None, "writers", "platform", scopes=identity.PROGRAM_SCOPES)
            [issued] = await identity.issue_keys(tx, [wish], actor="cli:test", at=AT)
        world.secrets += [issued.text, PASSWORD]
        here.platform = Client(world.session, world.web_url, {"X-API-KEY": issued.text})
        yield here


def _earned(owner: UUID, amount: str) -> ledger.Movement:
    return ledger.Movement(
        kind=ledger.TransferKind.CREDIT,
        holder_id=owner,
        amount=Money.parse(amount, "USD"),
        program="writers",
        reference=f"royalties-{secrets.token_hex(6)}",
    )


async def test_the_documents_cron_line_pays_whoever_has_enough(writers: Writers) -> None:
    """Its own example: 25 payouts of 2,500.00 altogether, two of which fail. There it took 45 seconds."""
    await writers.add(23, "100.00")
    await writers.add(2, "100.00", ending="0003")
    await writers.add(1, "24.99")
    async with writers.world.working():
        await writers.come_round()
        told = await writers.curl(CRON_LINE)
        assert (told["success"], told["status"]) == (True, "success"), told
        assert told["message"] == "Automated payout processing completed"
        data = told["data"]
        figures = {"totalPayouts": 25, "successfulPayouts": 23, "failedPayouts": 2, "totalAmount": 2500.0}
        assert data.items() >= figures.items()
        assert 0 < data["duration"] < 45_000
        assert {error["reason"] for error in data["errors"]} == {"account_closed"}
        assert datetime.fromisoformat(data["nextScheduledTime"]) > datetime.now(UTC)
        assert data["runId"]
        assert told["correlationId"]
        again = await writers.curl(CRON_LINE)
        assert again["data"]["runId"] == data["runId"], "one run for each occurrence"
        await writers.world.until_at_rest()
    assert await writers.world.count("program = 'writers'") == 25
    await writers.world.audit()


async def test_outside_its_schedule_the_line_does_nothing(writers: Writers) -> None:
    await writers.add(1, "100.00")
    async with writers.world.working():
        told = await writers.curl(CRON_LINE)
        assert (told["success"], told["status"], told["data"]["totalPayouts"]) == (True, "skipped", 0)
    assert await writers.world.count("program = 'writers'") == 0


async def test_the_documents_body_is_taken_as_it_stands(writers: Writers) -> None:
    scheduler = Client(writers.world.session, writers.world.web_url, {"Authorization": f"Bearer {writers.key}"})
    headers = {"Content-Type": "application/json"}
    assert (await scheduler.post(CRON, data=BODY, headers=headers)).json["status"] == "skipped"
    rehearsed = BODY.replace('"dryRun": false', '"dryRun": true')
    assert (await scheduler.post(CRON, data=rehearsed, headers=headers)).json["status"] == "dry_run"


async def test_the_dashboard_is_answered_as_in_the_document(writers: Writers) -> None:
    staff = await writers.staff(Role.SUPPORT)
    await writers.add(3, "100.00")
    async with writers.world.working():
        await writers.curl(CRON_LINE.replace("false", "true"))
        query = "?includeHistory=true&includeAlerts=true&includeMetrics=true&historyLimit=20"
        answer = await _until_counted(staff, f"{MONITORING}{query}", completed=3)
    assert answer["scheduler"]["isRunning"] is False
    assert datetime.fromisoformat(answer["scheduler"]["nextScheduledTime"]) > datetime.now(UTC)
    assert answer["processing"].items() >= {"isProcessing": False, "totalInQueue": 0, "totalFailed": 0}.items()
    assert answer["health"]["status"] == "healthy"
    assert answer["health"]["activeAlerts"] == []
    metrics = answer["health"]["metrics"]
    assert (metrics["totalPayouts"], metrics["successRate"], metrics["failureRate"]) == (3, 100.0, 0.0)
    assert answer["health"]["systemLoad"].keys() >= {"queueDepth", "process", "workers"}
    [run] = answer["history"]
    assert (run["status"], run["successfulPayouts"], run["begunBy"]) == ("success", 3, "system:cron")


async def test_all_six_actions_are_done(writers: Writers) -> None:
    staff = await writers.staff()
    weekly = {"frequency": "weekly", "dayOfWeek": 1, "hour": 10, "minute": 0, "enabled": True}
    await writers.add(2, "100.00")
    await writers.add(2, "100.00", ending="0003")
    async with writers.world.working():
        wanted = await _act(staff, "updateAlertConfig", failureRateThreshold=10, pendingPayoutThreshold=50)
        assert wanted["data"]["config"]["failureRateThreshold"] == 10
        triggered = await _act(staff, "triggerPayouts")
        figures = {"totalPayouts": 4, "successfulPayouts": 2, "failedPayouts": 2, "totalAmount": 400.0}
        assert triggered["data"].items() >= figures.items(), triggered
        changed = await _act(staff, "updateSchedule", **weekly)
        assert changed["data"]["config"].items() >= weekly.items()
        assert datetime.fromisoformat(changed["data"]["nextScheduledTime"]).isoweekday() == 1
        await _until_counted(staff, MONITORING, completed=2)
        metrics = (await _act(staff, "getMetrics"))["data"]
        assert (metrics["successRate"], metrics["failureRate"]) == (50.0, 50.0)
        async with writers.world.database.transaction() as tx:
            alert = await alerts.open_system(
                tx, "writers", subject="test", severity=alerts.Severity.CRITICAL, message="Stripe does not answer."
            )
        shown = (await staff.get(MONITORING)).json["data"]["health"]
        assert shown["status"] == "critical"
        assert str(alert.id) in {one["id"] for one in shown["activeAlerts"] if one["severity"] == "critical"}
        assert (await _act(staff, "acknowledgeAlert", alertId=str(alert.id)))["data"]["acknowledged"]
        assert (await _act(staff, "resolveAlert", alertId=str(alert.id)))["data"]["resolved"]
        left = (await staff.get(MONITORING)).json["data"]["health"]["activeAlerts"]
        assert str(alert.id) not in {one["id"] for one in left}
        await writers.world.until_at_rest()
    await writers.world.audit()


async def _act(staff: Client, action: str, **body: Any) -> Any:
    answer = await staff.post(MONITORING, json={"action": action, **body})
    assert (answer.status, answer.json["success"]) == (200, True), answer.body
    return answer.json


async def _until_counted(staff: Client, path: str, *, completed: int) -> Any:
    """What is shown once so many are seen to be completed: figures follow events by a second or so."""
    async with asyncio.timeout(SOON):
        while (shown := (await staff.get(path)).json["data"])["processing"]["totalCompleted"] < completed:
            await asyncio.sleep(LOOK_SECONDS)
    return shown
