"""A key can be replaced while payouts wait, and what it sealed is still sent to the right account."""

import pytest
from payouts_house import PayoutsHouse, open_house

from bursar import payouts
from bursar.foundation.crypto import CannotOpen, Keyring, key_id
from bursar.foundation.db import Transaction
from ground import KEYRING

NEW_KEY = b"n" * 32
BOTH = Keyring([NEW_KEY, b"k" * 32])  # The old one is that of ``ground``.
NEW_ALONE = Keyring([NEW_KEY])


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    return await open_house(tx)


async def reseal_all(house: PayoutsHouse, keyring: Keyring) -> int:
    total, place = await payouts.reseal(house.tx, keyring=keyring)
    while place is not None:
        count, place = await payouts.reseal(house.tx, keyring=keyring, after=place)
        total += count
    return total


async def test_what_was_resealed_opens_with_the_new_key_alone(house: PayoutsHouse) -> None:
    waiting = [await house.born() for _ in range(3)]
    before = [payouts.open_destination(payout, KEYRING) for payout in waiting]
    assert await reseal_all(house, BOTH) >= 3
    after = [await house.see(payout) for payout in waiting]
    assert [payouts.open_destination(payout, NEW_ALONE) for payout in after] == before
    assert {key_id(payout.destination) for payout in after} == {NEW_ALONE.active_id}


async def test_resealing_again_finds_nothing_left_to_do(house: PayoutsHouse) -> None:
    await house.born()
    await reseal_all(house, BOTH)
    assert await reseal_all(house, BOTH) == 0


async def test_the_blind_index_follows_the_key(house: PayoutsHouse) -> None:
    payout = await house.born()
    await reseal_all(house, BOTH)
    index = await house.tx.value("SELECT destination_index FROM payouts WHERE id = $1", payout.id)
    assert index == NEW_ALONE.fingerprint(payouts.open_destination(payout, KEYRING).identity)


async def test_a_missing_key_is_said_and_changes_nothing(house: PayoutsHouse) -> None:
    payout = await house.born()
    with pytest.raises(CannotOpen):
        await reseal_all(house, NEW_ALONE)
    assert await house.see(payout) == payout
