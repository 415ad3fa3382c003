"""The key pair by which push services know this installation (VAPID, RFC 8292)."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PRIVATE_BYTES: Final = 32


class BadVapidKey(ValueError):
    """A VAPID private key is not 32 bytes in base64url."""


@dataclass(frozen=True, slots=True)
class VapidKey:
    """A key on the curve P-256. Browsers are given its public half; when it changes, all of them subscribe anew."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """A new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, text: str) -> Self:
        """A key as ``bursar notices keys`` prints it: 32 bytes in base64url.

        Raises:
            BadVapidKey: it is something else.
        """
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if len(raw) != _PRIVATE_BYTES:
                raise ValueError
            return cls(ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1()))
        except (binascii.Error, ValueError) as unreadable:
            raise BadVapidKey(
                "a VAPID private key is 32 bytes in base64url; make one with: bursar notices keys"
            ) from unreadable

    @property
    def public(self) -> str:
        """The public half, as ``PushManager.subscribe`` takes it (``applicationServerKey``)."""
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _base64url(point)

    @property
    def text(self) -> str:
        """The private half, for ``VAPID_PRIVATE_KEY``."""
        return _base64url(self.private.private_numbers().private_value.to_bytes(_PRIVATE_BYTES, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
