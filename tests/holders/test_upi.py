"""UPI addresses as destinations: which there are, when two are the same, and how much of one is shown."""

import pytest

from bursar import holders
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import Destination, NewDestination, NewHolder
from ground import AT

RING = Keyring([b"a" * 32])


@pytest.mark.parametrize(
    "address", ["anna@okaxis", "9000090000@ybl", "a.b-c_d@ibl", "an@axl", "anna.1@sbi", "9000090000-2@paytm"]
)
def test_an_address_is_a_destination_of_what_stands_behind_the_at(address: str) -> None:
    assert holders.upi(address, title="Anna") == Destination(address.partition("@")[2], address, "Anna", "UPI")


@pytest.mark.parametrize(
    "address",
    ["", "anna", "@okaxis", "a@okaxis", "anna@", "anna@a", "anna@9axis", "anna@ok.axis", "anna@@okaxis", "an na@okaxis",
     "anna@okaxis\n", "\u0661\u0662@ybl", "anna@okaxis ", f"{'a' * 95}@okaxis"],
)  # fmt: skip
def test_what_is_none_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        holders.upi(address, title="Anna")
    assert refused.value.facts == {"field": "address", "rule": "a UPI address such as name@bank"}


def test_capitals_make_no_other_address() -> None:
    one, other = holders.upi("Anna@OKaxis", title="Anna"), holders.upi("anna@okaxis", title="A. Khan")
    assert (one.identity, one.hash) == (other.identity, other.hash)


def test_an_address_is_no_bank_account_of_the_same_number() -> None:
    bank = Destination("okaxis", "anna@okaxis", "Anna")
    assert holders.upi("anna@okaxis", title="Anna").hash != bank.hash


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anna@okaxis", "an****@okaxis"),
        ("9000090000@ybl", "90****@ybl"),
        ("abc@ybl", "a****@ybl"),
        ("ab@ybl", "a****@ybl"),
    ],
)
def test_no_more_than_two_letters_of_a_name_are_shown_and_never_all(address: str, shown: str) -> None:
    told = holders.upi(address, title="Anna").shown
    assert told["address"] == shown
    assert told["last4"] == shown[shown.index("@") :]
    assert address not in repr(told)


async def test_one_is_stored_once_and_opened_whole(tx: Transaction) -> None:
    [anna] = await holders.register(tx, [NewHolder("writers", "writer", "anna", "Anna")], at=AT)
    wishes = [
        NewDestination(anna.id, holders.upi(address, title="Anna"), cool_off_hours=0, added_by="key:test")
        for address in ("anna@okaxis", "ANNA@okaxis")
    ]
    first, second = await holders.add_destinations(tx, wishes, keyring=RING, at=AT)
    assert (first.is_new, second.is_new, first.destination.id) == (True, False, second.destination.id)
    assert holders.open_destination(first.destination, RING) == wishes[0].destination
    row = await tx.value("SELECT d::text FROM destinations d WHERE id = $1", first.destination.id)
    assert "anna@" not in row
