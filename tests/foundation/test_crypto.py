"""Envelopes open where they were sealed, unaltered, with a key on the ring; nowhere and no otherwise."""

import base64
import os
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.foundation import ids
from bursar.foundation.crypto import BadKey, CannotOpen, Keyring, Place, key_id, read_key

OLD, NEW, STRANGER = b"o" * 32, b"n" * 32, b"s" * 32
ROW, OTHER_ROW = (ids.new(datetime(2026, 11, 20, tzinfo=UTC)) for _ in range(2))
HERE = Place("payouts", "destination", ROW)
SECRET = b'{"account_number":"12345678900001"}'


@given(st.binary(max_size=200), st.uuids())
def test_what_was_sealed_opens_in_its_place(secret: bytes, row: UUID) -> None:
    ring = Keyring([NEW])
    place = Place("payouts", "destination", row)
    assert ring.open(ring.seal(secret, place), place) == secret


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("payouts", "destination", OTHER_ROW),
        Place("payouts", "destination_shown", ROW),
        Place("holders", "destination", ROW),
        Place("payouts/destination", "", ROW),
    ],
    ids=["another row", "another column", "another table", "a name that runs into the next"],
)
def test_an_envelope_moved_elsewhere_does_not_open(elsewhere: Place) -> None:
    ring = Keyring([NEW])
    with pytest.raises(CannotOpen):
        ring.open(ring.seal(SECRET, HERE), elsewhere)


@pytest.mark.parametrize("bit", [1, 0x80])
def test_an_envelope_with_any_byte_altered_does_not_open(bit: int) -> None:
    ring = Keyring([NEW])
    envelope = ring.seal(SECRET, HERE)
    for place in range(len(envelope)):
        altered = bytearray(envelope)
        altered[place] ^= bit
        with pytest.raises(CannotOpen):
            ring.open(bytes(altered), HERE)


def test_an_envelope_cut_short_anywhere_does_not_open() -> None:
    ring = Keyring([NEW])
    envelope = ring.seal(SECRET, HERE)
    for length in range(len(envelope)):
        with pytest.raises(CannotOpen):
            ring.open(envelope[:length], HERE)


def test_after_rotation_old_envelopes_open_and_new_ones_use_the_new_key() -> None:
    old_ring, rotated = Keyring([OLD]), Keyring([NEW, OLD])
    before, after = old_ring.seal(SECRET, HERE), rotated.seal(SECRET, HERE)
    assert rotated.open(before, HERE) == rotated.open(after, HERE) == SECRET
    assert (key_id(before), key_id(after)) == (old_ring.active_id, rotated.active_id)
    assert old_ring.active_id != rotated.active_id


def test_an_envelope_of_a_key_that_is_gone_does_not_open() -> None:
    envelope = Keyring([STRANGER]).seal(SECRET, HERE)
    with pytest.raises(CannotOpen, match="does not hold"):
        Keyring([NEW, OLD]).open(envelope, HERE)


def test_sealing_twice_gives_two_envelopes() -> None:
    ring = Keyring([NEW])
    assert ring.seal(SECRET, HERE) != ring.seal(SECRET, HERE)


def test_an_envelope_shows_nothing_of_what_is_inside() -> None:
    assert b"12345678900001" not in Keyring([NEW]).seal(SECRET, HERE)


def test_a_complaint_names_the_place_and_no_secret() -> None:
    ring = Keyring([NEW])
    with pytest.raises(CannotOpen) as refused:
        ring.open(ring.seal(SECRET, HERE), Place("payouts", "destination", OTHER_ROW))
    assert str(OTHER_ROW) in str(refused.value)
    assert "1234" not in str(refused.value).replace(str(OTHER_ROW), "")


def test_equal_destinations_have_equal_fingerprints_and_others_have_others() -> None:
    ring = Keyring([NEW, OLD])
    assert ring.fingerprint("HBL|12345678900001") == Keyring([NEW]).fingerprint("HBL|12345678900001")
    assert ring.fingerprint("HBL|12345678900001") != ring.fingerprint("HBL|12345678900002")


def test_a_fingerprint_hangs_on_the_active_key_like_the_envelope_beside_it() -> None:
    account = "HBL|12345678900001"
    assert Keyring([NEW, OLD]).fingerprint(account) != Keyring([OLD, NEW]).fingerprint(account)


def test_a_key_is_read_as_characters_or_base64() -> None:
    raw = os.urandom(32)
    assert read_key("k" * 32) == b"k" * 32
    assert read_key(base64.b64encode(raw).decode()) == raw


@pytest.mark.parametrize("text", ["", "short", "k" * 31, "k" * 33, "!" * 44, base64.b64encode(b"k" * 31).decode()])
def test_a_key_of_another_length_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        read_key(text)
