"""Keys and tokens have a fixed shape, so that a typo or a leak is seen without asking the database."""

import re
import string

import pytest

from bursar.identity import Mode, key_hash
from bursar.identity.model import mode_of
from bursar.identity.tokens import key_prefix, new_key, new_session, session_hash


@pytest.mark.parametrize("mode", Mode)
def test_a_key_has_its_shape_and_is_recognised(mode: Mode) -> None:
    key = new_key(mode)
    assert re.fullmatch(rf"{mode}_[A-Za-z0-9]{{8}}_[A-Za-z0-9_-]{{47}}", key)
    assert mode_of(key) is mode
    assert key_prefix(key) == key[:13]
    assert len(key_hash(key) or b"") == 32


def test_no_two_keys_are_alike() -> None:
    keys = [new_key(Mode.LIVE) for _ in range(100)]
    assert len({key_hash(key) for key in keys}) == len({key_prefix(key) for key in keys}) == 100


def test_every_single_typo_is_seen() -> None:
    key = new_key(Mode.LIVE)
    for place, right in enumerate(key):
        for wrong in set(string.ascii_letters + string.digits + "_-") - {right}:
            assert key_hash(key[:place] + wrong + key[place + 1 :]) is None


def test_swapped_neighbours_are_seen() -> None:
    key = new_key(Mode.TEST)
    for place in range(len(key) - 1):
        swapped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
        assert (key_hash(swapped) is None) is (swapped != key)


def test_a_live_key_does_not_pass_as_a_test_key() -> None:
    assert key_hash(new_key(Mode.LIVE).replace("live_", "test_")) is None


@pytest.mark.parametrize("text", ["", "live_", "x" * 60, "sandbox", "live_abcdefgh_" + "ü" * 47, "\0" * 60])
def test_what_cannot_be_a_key_is_nobody_s(text: str) -> None:
    assert key_hash(text) is None


@pytest.mark.parametrize("around", [" {}", "{} ", "{}\n", "Bearer {}"])
def test_a_key_stands_alone(around: str) -> None:
    assert key_hash(around.format(new_key(Mode.LIVE))) is None


def test_a_session_token_holds_256_random_bits() -> None:
    tokens = {new_session() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) and session_hash(token) for token in tokens)


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "ü" * 43])
def test_what_cannot_be_a_session_token_is_nobody_s(text: str) -> None:
    assert session_hash(text) is None
