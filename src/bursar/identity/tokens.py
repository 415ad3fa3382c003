"""Secrets that are handed out once: session tokens and API keys. Only their SHA-256 is ever stored.

An API key is ``live_`` or ``test_``, 8 public characters that tell keys apart, ``_``, 256 random bits and a
checksum, as in ``live_k3jX09aQ_<43 characters><4 characters>``. The fixed shape lets leak scanners find keys, and the
checksum lets a mistyped one be refused before the database is asked; it protects nothing else. A plain hash is enough
for both kinds: nobody guesses 256 random bits, so there is nothing for a slow hash to slow down.
"""

import base64
import hashlib
import re
import secrets
import string
import zlib
from typing import Final

from bursar.identity.model import Mode

_SECRET_BYTES: Final = 32
_SECRET_LENGTH: Final = 43  # 32 bytes in base64url without padding.
_PUBLIC_LENGTH: Final = 8
_CHECKSUM_LENGTH: Final = 4
_PUBLIC: Final = string.ascii_letters + string.digits
_KEY: Final = re.compile(
    rf"(?:{'|'.join(Mode)})_[A-Za-z0-9]{{{_PUBLIC_LENGTH}}}_[A-Za-z0-9_-]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}"
)


def new_key(mode: Mode) -> str:
    """Make an API key."""
    public = "".join(secrets.choice(_PUBLIC) for _ in range(_PUBLIC_LENGTH))
    text = f"{mode}_{public}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return text + _checksum(text)


def key_prefix(text: str) -> str:
    """What people may see of a key: its mode and its public characters."""
    return text[: -_SECRET_LENGTH - _CHECKSUM_LENGTH - 1]


def key_hash(text: str) -> bytes | None:
    """What a key is stored under; None when this cannot be a key, so that nobody needs to look it up."""
    if not _KEY.fullmatch(text) or _checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        return None
    return hash_of(text)


def new_session() -> str:
    """Make a session token."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def session_hash(token: str) -> bytes | None:
    """What a session is stored under; None when this cannot be a token."""
    return hash_of(token) if len(token) == _SECRET_LENGTH and token.isascii() else None


def hash_of(secret: str) -> bytes:
    """What a secret of ours is stored under."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(text: str) -> str:
    """The low 24 bits of CRC-32, in base64url: one typo in 16 million passes."""
    return base64.urlsafe_b64encode(zlib.crc32(text.encode()).to_bytes(4, "big")[1:]).decode()
