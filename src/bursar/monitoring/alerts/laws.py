"""Once a day: whether the laws of the books hold. A law that is broken is an alert until it holds again."""

from collections import defaultdict
from typing import Final

from bursar.foundation.db import Transaction
from bursar.monitoring.alerts.actions import end_system, open_system
from bursar.monitoring.alerts.model import Severity
from bursar.monitoring.laws import Breach, check_laws
from bursar.monitoring.store import be_patient

LAWS: Final = range(1, 11)
SHOWN_MAX: Final = 5  # Subjects in an alert; ``bursar doctor`` names more.


async def check(tx: Transaction) -> list[Breach]:
    """Check the laws that need no key, open an alert for each that is broken, and end those of laws that hold again.

    It reads every payout and every movement of money, which takes minutes where there are millions.
    """
    await be_patient(tx)
    breaches = await check_laws(tx)
    by_law: dict[int, list[Breach]] = defaultdict(list)
    for breach in breaches:
        by_law[breach.law].append(breach)
    for law in LAWS:
        if law in by_law:
            await _tell(tx, law, by_law[law])
        else:
            await end_system(tx, None, subject=f"law:{law}")
    return breaches


async def _tell(tx: Transaction, law: int, breaches: list[Breach]) -> None:
    kinds = sorted({breach.what for breach in breaches})
    await open_system(
        tx,
        None,
        subject=f"law:{law}",
        severity=Severity.CRITICAL,
        message=f"Law {law} of the books is broken: {kinds[0]}. See all with: bursar doctor",
        facts={"law": law, "kinds": kinds, "subjects": [breach.subject for breach in breaches[:SHOWN_MAX]]},
    )
