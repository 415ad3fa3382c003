"""What the log tells of payouts that have ended: in programs that pay in runs one line each, in others nothing."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import pytest
from dispatch_house import ACCEPTED, NOT_NOW, PAID, REFUSED, RETURNED, UNKNOWN, DispatchHouse, open_house

from bursar import payouts
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.gateways import Outcome

IN_RUNS = {
    "dispatch__mode": "schedule",
    "dispatch__every_seconds": None,
    "dispatch__cron": "EVERY_HOUR",
    "dispatch__time_zone": "UTC",
}


@contextmanager
def told() -> Iterator[list[dict[str, Any]]]:
    """The lines with a sentence for people that are written inside the block, once it is over."""
    out, lines = io.StringIO(), list[dict[str, Any]]()
    log.configure(level="info", json=True)
    try:
        with redirect_stderr(out):
            yield lines
    finally:
        log.configure(level="info", json=True)
        lines += [line for line in map(json.loads, out.getvalue().splitlines()) if "text" in line]


async def in_runs(tx: Transaction) -> DispatchHouse:
    """A house whose payouts leave with runs."""
    return await open_house(tx, **IN_RUNS)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([PAID], ["payout.completed"]),
        ([ACCEPTED, PAID], ["payout.completed"]),
        ([PAID, PAID], ["payout.completed"]),
        ([REFUSED], ["payout.failed account_closed"]),
        ([PAID, RETURNED], ["payout.completed", "payout.failed returned"]),
        ([RETURNED], ["payout.failed returned"]),
        ([ACCEPTED], []),
        ([UNKNOWN], []),
        ([NOT_NOW], []),
    ],
    ids=[
        "paid", "accepted and paid", "paid, said twice", "refused", "paid and back", "back at once", "accepted",
        "unknown", "not now",
    ],
)  # fmt: skip
async def test_each_end_is_one_line(tx: Transaction, outcomes: list[Outcome], expected: list[str]) -> None:
    house = await in_runs(tx)
    await house.request()
    await payouts.hand_over(tx, house.terms.program)
    [about] = (await house.prepare()).prepared
    with told() as lines:
        await house.learn(about, *outcomes)
    assert [" ".join([line["event"], line.get("reason_code", "")]).strip() for line in lines] == expected
    assert {line["payout_id"] for line in lines} <= {str(about.instruction.payout_id)}


async def test_an_amount_whose_currency_has_no_sign_is_told_with_its_code(tx: Transaction) -> None:
    house = await in_runs(tx)
    await house.request()
    await payouts.hand_over(tx, house.terms.program)
    [about] = (await house.prepare()).prepared
    with told() as lines:
        await house.learn(about, PAID)
    sentence, _, _ = lines[0]["text"].partition(" to user ")
    assert sentence == f"✅ Payout {about.instruction.payout_id} completed: 1,000.00 PKR"


async def test_programs_that_pay_all_day_say_nothing(tx: Transaction) -> None:
    house = await open_house(tx)
    about = await house.sending()
    with told() as lines:
        await house.learn(about, PAID)
    assert lines == []
