"""How a message proves that it comes from us: Standard Webhooks, version 1, and the installation's plain HMAC.

Each endpoint has a secret of its own, 32 random bytes, shown once as ``whsec_`` and base64. During a rotation the old
one signs as well. Where the installation has a ``WEBHOOK_SECRET``, it signs too: once more in ``webhook-signature``
(the key is its UTF-8 bytes, or what follows ``whsec_`` in base64), and over the body alone, in hex, as
``X-Webhook-Signature: sha256=…``, the plain HMAC that the merchants document promises.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from standardwebhooks import Webhook

from bursar.foundation.crypto import Place

SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"


def places(endpoint_id: UUID) -> tuple[Place, Place]:
    """Where an endpoint's present and former secret are sealed for; an envelope opens in one of them only."""
    return Place("endpoints", "secret", endpoint_id), Place("endpoints", "old_secret", endpoint_id)


def new_secret() -> bytes:
    """A secret for one endpoint."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as its owner gets to see it, once."""
    return PREFIX + base64.b64encode(secret).decode()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one endpoint, with each secret that counts at the moment."""

    hooks: tuple[Webhook, ...]
    installation: bytes | None

    @classmethod
    def of(cls, own: Sequence[bytes], *, installation: str | None) -> "Signer":
        """A signer with an endpoint's secrets, the current one first, and the installation's, if there is one."""
        hooks = [Webhook(secret) for secret in own]
        if installation is None:
            return cls(tuple(hooks), None)
        shared = Webhook(installation if installation.startswith(PREFIX) else installation.encode())
        return cls((*hooks, shared), installation.encode())

    def headers(self, name: str, body: bytes, *, at: datetime) -> dict[str, str]:
        """The headers for one try at the moment ``at``, which is in UTC; ``name`` is the message's ``webhook-id``."""
        text = body.decode()
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(hook.sign(name, at, text) for hook in self.hooks),
        }
        if self.installation is not None:
            headers["X-Webhook-Signature"] = "sha256=" + hmac.digest(self.installation, body, "sha256").hex()
        return headers
