"""What staff see of gateways, and how they have one used again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from bursar import dispatch
from bursar.foundation.db import Database
from bursar.gateways import Downtime
from bursar.identity import Role
from house import Client

GATEWAYS = "/api/admin/gateways"

SignIn = Callable[..., Awaitable[Client]]


async def test_a_gateway_that_was_given_up_is_seen_and_used_again(sign_in: SignIn, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run(
            """
            INSERT INTO circuits (gateway, state, failures, reason, opened_at, probes, probe_at)
            VALUES ('mockbank', 'open', 10, 'timed_out', now(), 2, now() + interval '1 minute')
            """
        )
    manager = await sign_in(Role.MANAGER)
    broken = {one["name"]: one for one in (await manager.get(GATEWAYS)).json["data"]}["mockbank"]
    circuit = broken["circuit"]
    assert (broken["name"], circuit["stage"], circuit["reason"], circuit["failedProbes"]) == (
        "mockbank", "open", "timed_out", 2,
    )  # fmt: skip
    assert circuit["since"] < circuit["nextProbeAt"]
    first, again = [await manager.post(f"{GATEWAYS}/mockbank/reset") for _ in range(2)]
    assert (first.status, first.json["data"]["circuit"]["stage"]) == (200, "closed")
    assert (first.json["message"], again.json["message"]) == ("The gateway is used again", "The gateway was in use")
    me = (await manager.get("/api/me")).json["data"]["id"]
    async with database.transaction(readonly=True) as tx:
        actors = await tx.many("SELECT actor FROM audit_notes WHERE action = 'circuit.reset'")
    assert [row["actor"] for row in actors] == [f"person:{me}"]


async def test_a_bank_that_is_down_stands_beside_its_gateway_and_is_paid_to_again(
    sign_in: SignIn, database: Database
) -> None:
    async with database.transaction() as tx:
        told = Downtime("E1", "HBL", datetime(2026, 11, 20, 9, tzinfo=UTC), is_over=False)
        await dispatch.circuits.told(tx, [("mockbank", told)])
    manager = await sign_in(Role.MANAGER)
    stages = {one["name"]: one["circuit"] for one in (await manager.get(GATEWAYS)).json["data"]}
    assert stages["mockbank"]["stage"] == "closed"
    assert (stages["mockbank:HBL"]["stage"], stages["mockbank:HBL"]["reason"]) == ("open", "bank_down")
    whole = await manager.post(f"{GATEWAYS}/mockbank/reset")
    assert (whole.status, whole.json["data"]["name"]) == (200, "mockbank")
    reset = await manager.post(f"{GATEWAYS}/mockbank:HBL/reset")
    assert (reset.status, reset.json["message"]) == (200, "The gateway is used again")
    assert "mockbank:HBL" not in {one["name"] for one in (await manager.get(GATEWAYS)).json["data"]}


async def test_a_provider_that_nobody_can_have_says_what_to_do_instead(sign_in: SignIn) -> None:
    answer = await (await sign_in(Role.MANAGER)).post(f"{GATEWAYS}/phonepe/reset")
    assert (answer.status, answer.error["code"]) == (404, "gateway_not_found")
    assert "by UPI through razorpayx" in answer.error["message"]


async def test_what_is_not_installed_cannot_be_used(sign_in: SignIn) -> None:
    answer = await (await sign_in(Role.MANAGER)).post(f"{GATEWAYS}/nowhere/reset")
    assert (answer.status, answer.error["code"]) == (404, "gateway_not_found")


async def test_who_may_only_look_cannot_reset(sign_in: SignIn) -> None:
    support = await sign_in(Role.SUPPORT)
    assert (await support.get(GATEWAYS)).status == 200
    assert (await support.post(f"{GATEWAYS}/mockbank/reset")).status == 403
