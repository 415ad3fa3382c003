"""From a payout's moves to a merchant's server, through every part that lies between."""

import asyncio
from uuid import UUID

import pytest
from webhooks_house import TELL, House, Receiver

from bursar import ledger, payouts
from bursar.foundation.db import DatabaseBusy, Transaction
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.outbound import webhooks
from bursar.payouts import Ask, Payout, Step


async def test_a_merchant_hears_what_became_of_its_payout(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    _, secret = await house.endpoint(merchant, receiver.url)
    payout = await _request(house, merchant)
    await _advance(house, payout, "send")
    await _advance(house, payout, "settle", gateway="mockbank", gateway_reference="PSP-77")
    assert await _fan_out(house, events=4) == 2
    await house.deliver_all(house.deliverer())
    told = sorted((call.verified(secret) for call in receiver.calls), key=lambda body: body["sequence"])
    assert [body["status"] for body in told] == ["PROCESSING", "SUCCESS"]
    assert {body["payoutId"] for body in told} == {str(payout.id)}
    assert (told[1]["pspReference"], told[1]["amount"], told[1]["merchantReference"]) == ("PSP-77", "1000.00", "a-1")


async def test_what_was_rolled_back_was_never_told_and_is_told_later(house: House, receiver: Receiver) -> None:
    """Reading on and writing messages commit together, or not at all."""
    merchant = await house.merchant("corner")
    await house.endpoint(merchant, receiver.url)
    payout = await _request(house, merchant)
    await _advance(house, payout, "send")

    async def fan_out_and_crash(tx: Transaction) -> None:
        read, _ = await webhooks.fan_out(tx, tell=TELL, book=house.book, at=house.clock.now())
        if read:
            raise ConnectionResetError

    async def until_it_crashes() -> None:
        while True:
            await house.do(fan_out_and_crash)

    with pytest.raises(DatabaseBusy):
        await asyncio.wait_for(until_it_crashes(), 20)
    assert await house.rows("SELECT FROM messages") == []
    assert await _fan_out(house, events=3) == 1


async def _request(house: House, merchant: UUID) -> Payout:
    credit = ledger.Movement(
        kind=ledger.TransferKind.CREDIT, holder_id=merchant, amount=Money(1_000_000, "PKR"), program="merchants",
        reference="opening",
    )  # fmt: skip
    await house.do(ledger.credit, [credit], at=house.clock.now())
    ask = Ask(
        holder_id=merchant, program="merchants", reference="a-1", amount=Money(100_000, "PKR"),
        destination=Destination("HBL", "1234500001", "Test User"), requester="key:test",
    )  # fmt: skip
    desk = payouts.Desk(house.book, house.keyring)
    [payout] = await house.do(payouts.request, [ask], desk=desk, at=house.clock.now())
    assert isinstance(payout, Payout)
    return payout


async def _advance(house: House, payout: Payout, verb: str, **facts: str) -> None:
    [moved] = await house.do(payouts.advance, [Step(payout.id, verb, actor="system:test", **facts)], book=house.book)
    assert isinstance(moved, Payout)


async def _fan_out(house: House, *, events: int) -> int:
    """Read so many events; how many messages they made. Another transaction anywhere may hold them back for a while."""
    read = written = 0
    async with asyncio.timeout(20):
        while read < events:
            found, told = await house.do(webhooks.fan_out, tell=TELL, book=house.book, at=house.clock.now())
            read, written = read + found, written + told
            await asyncio.sleep(0.01)
    return written
