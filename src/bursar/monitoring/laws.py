"""The laws of the design, checked against the database from outside the code that keeps them."""

from dataclasses import dataclass
from typing import Final

from bursar import ledger, payouts
from bursar.foundation.crypto import CannotOpen, Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.monitoring import store

SAMPLE: Final = 200  # Payouts whose destinations are opened to look for their numbers elsewhere.


@dataclass(frozen=True, slots=True)
class Breach:
    """A law that does not hold: its number in the design, what is wrong, and about which subject."""

    law: int
    what: str
    subject: str


async def check_laws(tx: Transaction, *, keyring: Keyring | None = None) -> list[Breach]:
    """Every breach that is found, a few for each law; an empty list is the proof that the laws hold.

    Law 3 needs the gateway's own book and law 9 needs schedules; they are checked where those are. With a ``keyring``,
    law 10 is checked on a sample: no account number may stand outside its envelope.
    """
    found = [
        Breach(1 if d.law.startswith("accounts") else 2, f"{d.law}: {d.expected} expected, {d.found} found", d.subject)
        for d in await ledger.discrepancies(tx)
    ]
    for law, what, rows in (
        (2, "its money does not stand where its state says", await store.reservations_out_of_step(tx)),
        (2, "has earnings for which there is no money", await store.earnings_without_money(tx)),
        (2, "an earning that was never booked as money", await store.uncredited_earnings(tx)),
        (2, "an earning whose figures are not what was taken of it", await store.earnings_out_of_step(tx)),
        (2, "what it took of earnings does not stand where its money stands", await store.payoffs_out_of_step(tx)),
        (2, "withheld of earnings what it did not take", await store.withholdings_out_of_step(tx)),
        (2, "a debt that is not what is booked of it", await store.debts_out_of_step(tx)),
        (1, "the program's debts account is not what its holders owe", await store.debts_beside_the_books(tx)),
        (2, "an order whose money did not move as it says", await store.orders_out_of_step(tx)),
        (4, "not at rest, and nobody will look at it again", await store.forgotten_payouts(tx)),
        (5, "its history has a gap or leads elsewhere", await store.broken_histories(tx)),
        (6, "sent without enough approvals of these bytes", await store.unapproved_attempts(tx)),
        (7, "an answer was given for a payout that does not exist", await store.answers_without_payout(tx)),
        (8, "neither delivered nor given up, a day after it was due", await store.stuck_deliveries(tx)),
    ):
        found += [Breach(law, what, str(row[0])) for row in rows]
    if keyring is not None:
        found += await _numbers_outside_envelopes(tx, keyring)
    return found


async def _numbers_outside_envelopes(tx: Transaction, keyring: Keyring) -> list[Breach]:
    """Open the newest destinations and look for their account numbers in every text around them."""
    sample = [row["id"] for row in await store.recent_payouts(tx, SAMPLE)]
    found = []
    for payout in (await payouts.get_many(tx, sample)).values():
        try:
            number = payouts.open_destination(payout, keyring).account_number
        except (CannotOpen, Refusal):
            found.append(
                Breach(6, "its destination is not the one that was judged, or its key is gone", str(payout.id))
            )
            continue
        found += [
            Breach(10, f"its account number stands in {row['place']}", str(payout.id))
            for row in await store.texts_about(tx, payout.id)
            if number in row["text"]
        ]
    return found
