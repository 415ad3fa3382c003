"""Files of payouts: noted once, taken up again when they were cut short; and asking what would be answered."""

import pytest
from payouts_house import PayoutsHouse, open_house

from bursar import payouts
from bursar.foundation.db import Transaction
from bursar.ledger import InsufficientFunds
from bursar.payouts import Payout, Upload, UploadedBefore
from ground import AT, ask

FILE = b"merchantReference,amount"


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    return await open_house(tx)


async def begin(house: PayoutsHouse, content: bytes = FILE, *, again: str | None = None) -> Upload:
    """Note a file of three rows."""
    return await payouts.begin_upload(house.tx, content, holder_id=house.holder, rows=3, again=again, at=AT)


async def test_a_file_that_was_never_finished_is_taken_up_again(house: PayoutsHouse) -> None:
    first = await begin(house)
    assert (first.rows, first.accepted) == (3, None)
    assert await begin(house) == first
    assert (await begin(house, b"another")).id != first.id


async def test_a_finished_file_is_refused(house: PayoutsHouse) -> None:
    first = await begin(house)
    await payouts.finish_upload(house.tx, first.id, accepted=2)
    with pytest.raises(UploadedBefore) as refused:
        await begin(house)
    assert refused.value.facts == {"upload_id": str(first.id), "uploaded_at": first.created_at}


async def test_a_file_asked_for_again_is_one_upload_for_each_key(house: PayoutsHouse) -> None:
    first = await begin(house)
    await payouts.finish_upload(house.tx, first.id, accepted=3)
    again = await begin(house, again="key-2")
    assert again.id != first.id
    assert await begin(house, again="key-2") == again
    assert (await begin(house, again="key-3")).id not in {first.id, again.id}


async def test_what_was_accepted_is_noted_once(house: PayoutsHouse) -> None:
    upload = await begin(house)
    await payouts.finish_upload(house.tx, upload.id, accepted=3)
    await payouts.finish_upload(house.tx, upload.id, accepted=0)
    assert await house.tx.value("SELECT accepted FROM uploads WHERE id = $1", upload.id) == 3


async def test_checking_answers_as_asking_would_and_leaves_nothing_behind(house: PayoutsHouse) -> None:
    asks = [ask(house.holder, house.program, amount=amount) for amount in ("600000.00", "500000.00", "400000.00")]
    before = await house.figures()
    checked = await payouts.check(house.tx, asks, desk=house.desk, at=AT)
    assert await house.figures() == before
    assert await payouts.page(house.tx, payouts.Query(holder_id=house.holder)) == []
    assert [type(answer) for answer in checked] == [Payout, InsufficientFunds, Payout]
    assert [type(answer) for answer in await payouts.request(house.tx, asks, desk=house.desk, at=AT)] == [
        type(answer) for answer in checked
    ]
