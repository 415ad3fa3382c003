"""The auditor can say no: whatever is done to the books behind everybody's back, it names the law that was broken."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from auditor import LAWS, complaints
from bursar import payouts, programs
from ground import person
from world import World

# What is done, and the law that must complain.
CORRUPTIONS: Final = {
    "UPDATE balances SET available = available + 1": "accounts_balance",
    "UPDATE transfers SET amount = amount + 1 WHERE kind = 'post'": "accounts_balance",
    "DELETE FROM transfers WHERE kind = 'void'": "reservations_end_once",
    "UPDATE accounts SET currency = 'USD' WHERE kind = 'clearing'": "accounts_balance",
    "UPDATE balances SET reserved = reserved + 1": "nothing_is_overdrawn",
    "UPDATE payouts SET reservation = 2 WHERE state = 'failed'": "reservations_end_once",
    "UPDATE payouts SET amount = amount - 1 WHERE state = 'completed'": "reservations_end_once",
    "UPDATE payouts SET netted = 1": "reservations_end_once",
    "UPDATE payouts SET state = 'cancelled' WHERE state = 'completed'": "reservations_end_once",
    """
    INSERT INTO earnings (id, holder_id, program, reference, amount, currency, earned_at, credited_by, available)
    SELECT id, holder_id, program, 'never booked', 1, currency, now(), 'nobody', 1 FROM payouts LIMIT 1
    """: "earnings_stand_for_money",
    """
    INSERT INTO earning_payoffs
    SELECT id, reservation, id, holder_id, amount + 1, 'reserved', now(), now() FROM payouts WHERE state = 'completed'
    """: "earnings_follow_their_payouts",
    """
    INSERT INTO debts (id, holder_id, program, reference, amount, currency, owed_since, noted_by)
    SELECT id, holder_id, program, 'never booked', 1, currency, now(), 'nobody' FROM payouts LIMIT 1
    """: "debts_are_explained",
    """
    INSERT INTO orders (id, program, reference, seller_id, item, price, fee, currency, created_by, created_at,
                        state, completed_at, completed_by)
    SELECT id, program, 'never booked', holder_id, 'A lamp', 1, 0, currency, 'nobody', now(), 'completed', now(),
           'nobody'
    FROM payouts LIMIT 1
    """: "orders_pay_once",
    "UPDATE attempts SET key = 'x' || key": "paid_once_for_what_was_asked",
    "UPDATE attempts SET generation = generation + 10": "attempts_are_numbered",
    "UPDATE payouts SET tries = tries + 1": "attempts_are_numbered",
    "UPDATE attempts SET look_at = NULL WHERE outcome = 'accepted'": "nobody_is_forgotten",
    "UPDATE attempts SET outcome = 'refused' WHERE outcome = 'held'": "nobody_is_forgotten",
    "UPDATE payouts SET state = 'requested' WHERE state = 'completed'": "nobody_is_forgotten",
    "DELETE FROM payout_events WHERE verb = 'send'": "history_follows_the_table",
    "UPDATE payouts SET version = version + 1": "history_follows_the_table",
    "UPDATE payout_events SET verb = 'reject', from_state = 'requested', to_state = 'rejected' WHERE verb = 'fail'":
        "history_follows_the_table",
    "DELETE FROM votes": "enough_people_agreed",
    "UPDATE votes SET digest = sha256('other')": "enough_people_agreed",
    "UPDATE votes SET in_favour = false": "enough_people_agreed",
    "UPDATE votes SET cast_at = now() + interval '1 day'": "enough_people_agreed",
    "UPDATE approval_requests SET needed = 2": "enough_people_agreed",
    "UPDATE payouts SET requester_person = (SELECT person_id FROM votes LIMIT 1)": "enough_people_agreed",
    "UPDATE idempotency_keys SET answer = 'x'": "what_clients_heard_is_true",
    "UPDATE payouts SET reference = 'another'": "what_clients_heard_is_true",
    "UPDATE reports SET result = NULL, apply_at = now()": "reports_and_messages_are_settled",
    "UPDATE payouts SET reason = {canary}": "secrets_stay_secret",
    "UPDATE payouts SET destination = convert_to({canary}, 'utf8')": "secrets_stay_secret",
}  # fmt: skip

Bend = Callable[[dict[str, Any]], None]


def _paid_again(book: dict[str, Any]) -> None:
    line = next(line for line in book["transfers"] if line["status"] == "SUCCESS")
    book["transfers"].append(line)


def _paid_elsewhere(book: dict[str, Any]) -> None:
    book["transfers"][0]["destinationHash"] = "0" * 64


def _paid_more(book: dict[str, Any]) -> None:
    book["transfers"][0]["amountMinor"] += 1


def _paid_what_we_think_failed(book: dict[str, Any]) -> None:
    next(line for line in book["transfers"] if line["status"] == "FAILED")["status"] = "SUCCESS"


def _paid_for_nobody(book: dict[str, Any]) -> None:
    book["transfers"].append(book["transfers"][0] | {"orderId": "nobody", "reference": "nobody-1"})


def _other_total(book: dict[str, Any]) -> None:
    book["totals"]["PKR"]["net_minor"] -= 1


BENT_BOOKS: Final[dict[Bend, str]] = {
    _paid_again: "paid_once_for_what_was_asked",
    _paid_elsewhere: "paid_once_for_what_was_asked",
    _paid_more: "paid_once_for_what_was_asked",
    _paid_for_nobody: "paid_once_for_what_was_asked",
    _paid_what_we_think_failed: "clearing_is_the_book",
    _other_total: "clearing_is_the_book",
}


async def lived_in(world: World) -> None:
    """Payouts with every sort of end, one of them approved by a person."""
    acme = await world.merchant()
    await world.ask(acme, count=10, suffixes="0001 0002 0003 0004 0005")
    large = (await world.ask(acme, amount="150000.00"))[0]
    async with world.database.transaction() as tx:
        await payouts.approve(tx, [large], person=await person(tx), book=programs.Book())
    async with world.working():
        await world.until_at_rest()
    await world.audit()


async def laws_broken(world: World, **evidence: Any) -> set[str]:
    """The names of the laws that the auditor sees broken."""
    known: dict[str, Any] = {"book": await world.book(), "asked": world.asked, "told": world.told}
    found = await complaints(world.connection, **known | evidence)
    return {sentence.partition(":")[0] for sentence in found}


async def test_the_auditor_names_the_law_that_was_broken(world: World) -> None:
    await lived_in(world)
    missed = []
    for statement, law in CORRUPTIONS.items():
        await world.connection.execute("BEGIN; SET LOCAL session_replication_role = replica")  # No triggers, no keys.
        await world.connection.execute(statement.format(canary="'a canary of this test'"))
        if law not in await laws_broken(world, secrets=["a canary of this test"]):
            missed.append(statement)
        await world.connection.execute("ROLLBACK")
    assert missed == []
    assert await laws_broken(world) == set(), "and nothing was left behind"

    for bend, law in BENT_BOOKS.items():
        book = copy.deepcopy(await world.book())
        bend(book)
        if law not in await laws_broken(world, book=book):
            missed.append(bend.__name__)
    assert missed == []

    lied_to = [replace(world.told[0], body=world.told[1].body)]
    assert await laws_broken(world, told=lied_to) == {"what_clients_heard_is_true"}
    assert "secrets_stay_secret" in await laws_broken(world, secrets=["hush"], outputs=["do not tell: hush"])


def test_every_law_is_seen_broken_by_something() -> None:
    seen = {*CORRUPTIONS.values(), *BENT_BOOKS.values()}
    assert {law.__name__ for law in LAWS} - seen == set()
