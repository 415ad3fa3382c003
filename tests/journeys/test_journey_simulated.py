"""Payouts that leave through simulated payments, on good days and bad ones."""

from pathlib import Path

import pytest

from ways import SIMULATED
from world import open_world


async def test_payouts_are_paid_or_fail_as_chance_has_it(database_url: str, tmp_path: Path) -> None:
    """What failed by chance is tried again, where the terms say so, until it is paid."""
    bank = {"success_rate": 0.7}
    async with open_world(database_url, tmp_path, through=SIMULATED, bank=bank, retry__max_attempts=10) as world:
        shop = await world.merchant()
        await world.ask(shop, count=20, suffixes="7771 0003")
        async with world.working():
            await world.until_at_rest(hasten=True)
        await world.audit()
        assert await world.count("outcome = 'refused' AND reason = 'payment_failed'", table="attempts")


@pytest.mark.parametrize(
    "faults",
    [
        {"timeout_after_accept": {"rate": 0.3}, "error_before_accept": {"rate": 0.2}},
        {"drop_after_accept": {"rate": 0.3}, "malformed_answer": {"rate": 0.2}, "wrong_amount_answer": {"rate": 0.1}},
        {"rate_limit": {"rate": 0.3, "on": "all"}, "timeout_before_accept": {"rate": 0.2}},
    ],
    ids=["lost-answers", "broken-answers", "nothing-arrives"],
)
async def test_a_bad_day_pays_everybody_once(database_url: str, tmp_path: Path, faults: dict[str, object]) -> None:
    async with open_world(database_url, tmp_path, through=SIMULATED) as world:
        shop = await world.merchant()
        await world.faults(**faults, hang_seconds=2)
        await world.ask(shop, count=15, suffixes="0001 0002 0003")
        async with world.working():
            await world.until_at_rest(hasten=True)
        await world.audit()
