"""Our keys as Flutterwave's references, and back."""

import re
from dataclasses import dataclass
from typing import Final

_RETRIES: Final = re.compile(r"((?:_RETRY_\d{1,4})+)$")


@dataclass(frozen=True, slots=True)
class References:
    """Makes references of keys. ``suffix`` is for test keys only: there, how a reference ends decides what happens."""

    suffix: str = ""

    def of(self, key: str) -> str:
        """The reference of an attempt."""
        return key + self.suffix

    def key(self, reference: str) -> str:
        """The attempt that a reference belongs to, also when Flutterwave has retried it under a longer one."""
        return _RETRIES.sub("", reference).removesuffix(self.suffix)


def retries_in(reference: str) -> int:
    """Which retry a reference is of; 0 for the transfer that we asked for ourselves."""
    found = _RETRIES.search(reference)
    return int(found[1].rpartition("_")[2]) if found else 0
