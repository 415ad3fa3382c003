"""Both judges of the books, the doctor and the tests' own auditor, see every way in which earnings can go wrong."""

from typing import Final

import pytest
from earnings_house import EarningsHouse, open_house

import auditor
from bursar import monitoring
from bursar.foundation.db import Transaction


async def live(house: EarningsHouse) -> None:
    """One payout waits, one was paid, one came to nothing, one came back; some was not asked for."""
    await house.earn(*["100.00"] * 5)
    _, paid, failed, returned = await house.ask("150.00", "100.00", "80.00", "60.00")
    await house.take(paid, "send", "settle")
    await house.take(failed, "send", "fail")
    await house.take(returned, "send", "settle", "return")


async def doctor_says(tx: Transaction) -> set[str]:
    """What the doctor finds wrong with money."""
    return {breach.what for breach in await monitoring.check_laws(tx) if breach.law == 2}


async def auditor_says(tx: Transaction) -> set[str]:
    """The names of the laws about earnings that the auditor sees broken."""
    found = {sentence.partition(":")[0] for sentence in await auditor.complaints(tx.connection)}
    return {law for law in found if law.startswith("earnings")}


STAND: Final = "earnings_stand_for_money"
FOLLOW: Final = "earnings_follow_their_payouts"

DEEDS: Final = {
    "UPDATE earnings SET amount = amount + 1, available = available + 1": STAND,
    "UPDATE earnings SET available = available - 1, paid = paid + 1 WHERE available > 0": STAND,
    "UPDATE earnings SET reserved = reserved - 1, available = available + 1 WHERE reserved > 0": STAND,
    "UPDATE earnings SET reference = reference || 'x'": STAND,
    "UPDATE balances SET available = 0": STAND,
    "UPDATE balances SET reserved = 0": STAND,
    "DELETE FROM earning_payoffs WHERE state = 'paid'": STAND,
    "UPDATE earning_payoffs SET amount = amount + 100000 WHERE state = 'released'": FOLLOW,
    "UPDATE earning_payoffs SET state = 'paid' WHERE state = 'reserved'": FOLLOW,
    "UPDATE earning_payoffs SET state = 'released' WHERE state = 'returned'": FOLLOW,
    "UPDATE earning_payoffs SET holder_id = gen_random_uuid()": FOLLOW,
    "DELETE FROM transfers WHERE kind = 'post'": FOLLOW,
}
"""What is done behind everybody's back, and the auditor's law that must complain; the doctor must as well."""


async def test_sound_earnings_please_both(tx: Transaction) -> None:
    await live(await open_house(tx))
    assert (await doctor_says(tx), await auditor_says(tx)) == (set(), set())


@pytest.mark.parametrize(("deed", "law"), DEEDS.items())
async def test_what_is_wrong_with_earnings_is_found_by_both(tx: Transaction, deed: str, law: str) -> None:
    await live(await open_house(tx))
    await tx.run("SET LOCAL session_replication_role = replica")
    await tx.run(deed)
    assert await doctor_says(tx)
    assert law in await auditor_says(tx)
