"""Passwords: which are accepted, and how they are kept (argon2id, RFC 9106).

Hashing is slow on purpose, about 0.1 s of CPU and 64 MiB each. It runs in a thread, so that the event loop goes on, and
with no transaction open, so that nobody waits for a row meanwhile.
"""

import asyncio
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from bursar.foundation.db import transaction_is_open
from bursar.identity.errors import WeakPassword
from bursar.identity.model import PasswordHash

PASSWORD_LENGTH_MIN: Final = 12  # PCI DSS 8.3.6; and no rules of composition, see OWASP ASVS 6.2.5.
PASSWORD_LENGTH_MAX: Final = 256  # Longer than any passphrase; bounds the work for one request.

_HASHER: Final = PasswordHasher()  # The library's costs: 64 MiB, 3 passes, 4 lanes; above what OWASP asks for.
NOBODYS: Final = PasswordHash(
    "$argon2id$v=19$m=65536,t=3,p=4$/OJlYiR4UDS9P6hM1WxE5A$2BUo37FKnB5RlNa1pdbvR4m14ODXFfHmrsMgQOeBMs4"
)
"""The hash of 256 random bits that nobody kept: to be verified where there is no person, so that time does not tell."""


async def hash_password(password: str, *, email: str) -> PasswordHash:
    """Hash a password that somebody chose.

    Raises:
        WeakPassword: shorter than ``PASSWORD_LENGTH_MIN``, longer than ``PASSWORD_LENGTH_MAX``, or their own e-mail.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        rule = f"{PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters long"
        raise WeakPassword(field="password", rule=rule)
    if password.casefold() == email.casefold():
        raise WeakPassword(field="password", rule="something else than the e-mail address")
    assert not transaction_is_open.get(), "never hash while holding a transaction"
    return PasswordHash(await asyncio.to_thread(_HASHER.hash, _same_everywhere(password)))


async def matches(stored: PasswordHash, password: str) -> bool:
    """Whether this is the password; takes as long when it is not."""
    assert not transaction_is_open.get(), "never hash while holding a transaction"
    try:
        return await asyncio.to_thread(_HASHER.verify, stored, _same_everywhere(password))
    except VerifyMismatchError:
        return False


def _same_everywhere(password: str) -> str:
    """One form for characters that keyboards compose in different ways (NIST SP 800-63B, section 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
