"""Encryption at rest: AES-256-GCM envelopes that know their key and their place.

An envelope is ``version ‖ key id ‖ nonce ‖ ciphertext and tag``. It is bound to the table, column and row it
was written for, as additional authenticated data, so a ciphertext copied to another row does not open.
The key of each envelope is derived from the master key and that place (HKDF-Expand, RFC 5869, one block), which keeps
every derived key far below the 2^32 random nonces that NIST SP 800-38D allows for one key.

A key id is the first bytes of the key's hash, so a keyring needs no configuration beyond its keys:
the first one seals, all of them open.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12  # What GCM is specified for; NIST SP 800-38D, section 8.2.
_HEADER_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES
_TAG_BYTES: Final = 16
KEY_BYTES: Final = 32


class CannotOpen(Exception):
    """The envelope was altered, moved to another place, or sealed with a key that is not on the ring."""


class BadKey(ValueError):
    """A master key is not 32 characters and not 32 bytes in base64."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an envelope lives; it opens nowhere else."""

    table: str
    column: str
    row: UUID

    @property
    def label(self) -> bytes:
        """The place as bytes, unambiguous because table and column hold no separators."""
        return b"%b/%b/" % (self.table.encode(), self.column.encode()) + self.row.bytes


def read_key(text: str) -> bytes:
    """Read a master key as people write it: 32 characters as they are, or 32 bytes in base64.

    Raises:
        BadKey: neither of the two.
    """
    raw = text.encode()
    if len(raw) == KEY_BYTES:
        return raw
    try:
        decoded = base64.b64decode(raw, validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) != KEY_BYTES:
        raise BadKey("an encryption key is 32 characters, or 32 bytes in base64")
    return decoded


class Keyring:
    """The installation's master keys: the first seals, all of them open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the keys, the active one first."""
        assert keys, "a keyring has at least one key"
        self._keys = {hashlib.sha256(key).digest()[:_KEY_ID_BYTES]: key for key in keys}
        self.active_id = next(iter(self._keys))
        self._active = self._keys[self.active_id]
        self._index_keys = [hmac.digest(key, b"bursar blind index", "sha256") for key in self._keys.values()]

    def seal(self, secret: bytes, place: Place) -> bytes:
        """Encrypt for one place, with the active key."""
        nonce = os.urandom(_NONCE_BYTES)
        label = place.label
        sealed = AESGCM(_derive(self._active, label)).encrypt(nonce, secret, label)
        return _VERSION + self.active_id + nonce + sealed

    def open(self, envelope: bytes, place: Place) -> bytes:
        """Decrypt what was sealed for this place.

        Raises:
            CannotOpen: altered, cut short, moved, unknown version, or the key is gone.
        """
        if len(envelope) < _HEADER_BYTES + _TAG_BYTES:
            raise CannotOpen("the envelope was cut short")
        key = self._keys.get(envelope[1 : 1 + _KEY_ID_BYTES])
        if envelope[:1] != _VERSION or key is None:
            raise CannotOpen("sealed with a key that this installation does not hold")
        nonce, sealed = envelope[_HEADER_BYTES - _NONCE_BYTES : _HEADER_BYTES], envelope[_HEADER_BYTES:]
        try:
            return AESGCM(_derive(key, place.label)).decrypt(nonce, sealed, place.label)
        except InvalidTag as altered:
            raise CannotOpen(
                f"the envelope does not belong to {place.table}.{place.column} of {place.row}"
            ) from altered

    def fingerprint(self, text: str) -> bytes:
        """A keyed hash for finding equal secrets without reading them (blind index).

        It hangs on the active key, so whoever seals a secret again renews its fingerprint too.
        """
        return self.fingerprints(text)[0]

    def fingerprints(self, text: str) -> list[bytes]:
        """Its fingerprint under each key of the ring, the active one first: to find what has not been renewed yet."""
        return [hmac.digest(key, text.encode(), "sha256")[:16] for key in self._index_keys]


def key_id(envelope: bytes) -> bytes:
    """Which key sealed this envelope."""
    return envelope[1 : 1 + _KEY_ID_BYTES]


def _derive(master: bytes, label: bytes) -> bytes:
    """One block of HKDF-Expand: the label and a counter byte, under the master key."""
    return hmac.digest(master, label + b"\x01", "sha256")
