"""How the mock bank signs its webhooks."""

import hmac

from bursar_sandbox.webhooks import Sign


def signer(secret: str) -> Sign:
    """Headers with `v1=` and the hex HMAC-SHA256 over `<unix seconds>.<raw body>`."""
    key = secret.encode()

    def sign(event_id: str, unix_seconds: int, body: bytes) -> dict[str, str]:
        signed = hmac.digest(key, b"%d." % unix_seconds + body, "sha256")
        return {
            "X-PSP-Event-Id": event_id,
            "X-PSP-Timestamp": str(unix_seconds),
            "X-PSP-Signature": f"v1={signed.hex()}",
        }

    return sign
