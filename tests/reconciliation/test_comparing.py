"""A gateway's list is held against attempts: each difference is an item, once, for as long as it is there."""

import asyncio

from recon_house import NOT_NOW, PAID, REFUSED, ReconHouse

from bursar.dispatch import gateway_key
from bursar.foundation.money import Money
from bursar.gateways import Word
from bursar.monitoring.reconciliation import Action, AlreadyComparing, Kind, Way
from bursar.monitoring.reconciliation.comparing import actions


async def test_a_list_that_says_what_we_know_passes(house: ReconHouse) -> None:
    for one in await house.sent(5, PAID):
        house.list_(one)
    [refused] = await house.sent(1, REFUSED)
    house.list_(refused, Word.REFUSED)
    made = await house.compare()
    assert (made.passed, made.payments, made.opened, await house.items()) == (True, 6, 0, [])


async def test_a_difference_is_opened_once_and_closed_by_itself_when_it_is_gone(house: ReconHouse) -> None:
    [payout] = await house.sent(1, PAID)
    assert (await house.compare()).opened == 1
    again = await house.compare()
    assert (again.opened, again.differing, again.passed) == (0, 1, False)
    [item] = await house.items()
    assert (item.kind, item.payout_id, item.amount) == (
        Kind.MISSING_THERE, payout.instruction.payout_id, Money(100_000, "PKR"),
    )  # fmt: skip
    house.list_(payout)
    healed = await house.compare()
    assert (healed.closed, healed.passed, await house.items()) == (1, True, [])
    [closed] = await house.items(is_open=False)
    assert (closed.id, closed.resolution) == (item.id, "gone")


async def test_a_list_that_breaks_off_proves_nothing(house: ReconHouse) -> None:
    made = await house.sent(3, PAID)
    await house.compare()
    assert len(await house.items()) == 3
    for one in made:
        house.list_(one)
    house.bank.breaks_after = 2
    failed = await house.compare()
    assert (failed.state, failed.failure, failed.passed) == ("failed", "gateway_list_unavailable", False)
    assert len(await house.items()) == 3
    assert await house.rows("SELECT * FROM comparison_lines") == []


async def test_what_was_sent_beside_the_span_is_not_missed(house: ReconHouse) -> None:
    made = await house.sent(2, PAID)
    for one, age in zip(made, ["5 minutes", "3 days"], strict=True):
        await house.run("UPDATE attempts SET sent_at = now() - $2::text::interval WHERE id = $1", one.attempt_id, age)
    assert (await house.compare()).passed


async def test_a_payment_without_any_payout_of_ours_is_an_orphan(house: ReconHouse) -> None:
    house.list_(gateway_key(house.holder, 1))
    house.list_("somebody-elses", reference="PSP77")
    await house.compare()
    items = await house.items()
    assert {(item.kind, item.payout_id, item.program) for item in items} == {(Kind.ORPHAN_PAYMENT, None, None)}
    assert len(items) == 2


async def test_lines_without_our_key_are_matched_by_the_gateways_reference(house: ReconHouse) -> None:
    [payout] = await house.sent(1, PAID)
    house.list_(payout, key=None, reference="PSP1")
    assert (await house.compare()).passed


async def test_a_page_that_comes_twice_and_a_payment_with_its_retries_count_once(house: ReconHouse) -> None:
    first, second = await house.sent(2, PAID)
    house.list_(first)
    house.list_(first)
    house.list_(second, Word.REFUSED, reference="PSP-a")
    house.list_(second, Word.PAID, reference="PSP-b")
    assert (await house.compare()).passed


async def test_two_payments_under_one_key_are_paid_twice(house: ReconHouse) -> None:
    [payout] = await house.sent(1, PAID)
    house.list_(payout, reference="PSP-a")
    house.list_(payout, reference="PSP-b")
    await house.compare()
    [item] = await house.items()
    assert (item.kind, item.subject) == (Kind.PAID_TWICE, f"{house.bank.name}:PSP-b")


async def test_a_payout_that_the_list_has_paid_does_not_leave_again(house: ReconHouse) -> None:
    """It was refused for now, and waits for its next attempt."""
    [payout] = await house.sent(1, NOT_NOW)
    house.list_(payout)
    await house.compare()
    await house.run("UPDATE payouts SET due_at = now() WHERE holder_id = $1", house.holder)
    assert (await house.prepare()).prepared == ()
    assert await house.state(payout) == "retrying"


async def test_what_is_still_under_way_there_keeps_its_payout_only_as_long(house: ReconHouse) -> None:
    [payout] = await house.sent(1, NOT_NOW)
    house.list_(payout, Word.ACCEPTED)
    await house.compare()
    [item] = await house.items()
    assert (item.kind, item.actions) == (Kind.OPEN_THERE, (Action.ACCEPT,))
    house.bank.lines.clear()
    house.list_(payout, Word.REFUSED)
    assert (await house.compare()).closed == 1
    await house.run("UPDATE payouts SET due_at = now() WHERE holder_id = $1", house.holder)
    assert len((await house.prepare()).prepared) == 1


async def test_thousands_of_payments_are_compared_in_parts(house: ReconHouse) -> None:
    count = actions.LINES_AT_ONCE + 1
    for number in range(count):
        house.list_(f"nobodys-{number}")
    made = await house.compare()
    assert (made.payments, made.differing, made.opened) == (count, count, count)
    assert await house.rows("SELECT * FROM comparison_lines WHERE comparison_id = $1", made.id) == []


async def test_two_who_compare_the_same_do_not_meet(house: ReconHouse) -> None:
    results = await asyncio.gather(*(house.compare() for _ in range(4)), return_exceptions=True)
    assert any(not isinstance(result, BaseException) for result in results)
    assert all(isinstance(result, AlreadyComparing) for result in results if isinstance(result, BaseException))
    assert (await house.compare()).state == "done"


async def test_who_died_while_comparing_is_not_waited_for(house: ReconHouse) -> None:
    await house.compare()
    await house.run(
        "UPDATE comparisons SET state = 'running', ended_at = NULL, beat_at = now() - interval '1 hour' "
        "WHERE gateway = $1", house.bank.name,
    )  # fmt: skip
    assert (await house.compare()).state == "done"


async def test_the_ways_in_which_a_difference_is_seen_are_kept_apart(house: ReconHouse) -> None:
    [payout] = await house.sent(1, REFUSED)
    house.list_(payout)
    await house.compare()
    await house.compare_books()
    [item] = await house.items()
    assert (item.kind, set(item.ways)) == (Kind.PAID_AFTER_REFUSED, {Way.LIST, Way.BREAKS})
    house.bank.lines.clear()
    await house.compare()
    [item] = await house.items()
    assert set(item.ways) == {Way.BREAKS}
