"""The ways payouts leave a ``World``: through the mock bank, or the simulated Flutterwave in either version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from bursar_sandbox import FlutterwaveSettings


@dataclass(frozen=True, slots=True)
class Way:
    """The way payouts leave: a gateway of the sandbox, and what is different with it."""

    gateway: str
    currency: str
    bank_code: str
    prefix: str = ""  # Of its addresses in the sandbox.
    terms: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    addresses: Callable[[str], Mapping[str, str]] = lambda _: {}  # Settings, once the sandbox has an address.
    flutterwave: Callable[[str], FlutterwaveSettings] | None = None  # Of the simulator, by where it reports to.


MOCKBANK: Final = Way("mockbank", "PKR", "HBL")

KEY, HASH = "FLWSECK-one-of-these-tests", "hash-of-one-of-these-tests"
CLIENT, CLIENT_SECRET = "client-of-these-tests", "client-secret-of-these-tests"

TERMS: Final[Mapping[str, Any]] = {
    "currency": "NGN",
    "destinations__country": "NG",
    "destinations__bank_codes": [],
    "destinations__account_number": None,
    "dispatch__batch_size": 100,
    "dispatch__group_by": "none",
    "route__float_seconds": 0.2,
}


def _simulated(**reporting: str) -> FlutterwaveSettings:
    return FlutterwaveSettings(
        secret_key=KEY,
        secret_hash=HASH,
        client_id=CLIENT,
        client_secret=CLIENT_SECRET,
        settle_after_ms=100,
        **reporting,
    )


V3: Final = Way(
    gateway="flutterwave",
    currency="NGN",
    bank_code="044",
    prefix="/flutterwave",
    terms={**TERMS, "route__gateway": "flutterwave"},
    settings={
        "flutterwave_secret_key": SecretStr(KEY),
        "flutterwave_secret_hash": SecretStr(HASH),
        "flutterwave_deadline": 1.0,
    },
    addresses=lambda sandbox: {"flutterwave_url": f"{sandbox}/flutterwave"},
    flutterwave=lambda reports_to: _simulated(webhook_url=reports_to),
)

V4: Final = Way(
    gateway="flutterwave-v4",
    currency="NGN",
    bank_code="044",
    prefix="/flutterwave/v4",
    terms={**TERMS, "route__gateway": "flutterwave-v4"},
    settings={
        "flutterwave_v4_client_id": CLIENT,
        "flutterwave_v4_client_secret": SecretStr(CLIENT_SECRET),
        "flutterwave_v4_secret_hash": SecretStr(HASH),
        "flutterwave_deadline": 1.0,
    },
    addresses=lambda sandbox: {
        "flutterwave_v4_url": f"{sandbox}/flutterwave/v4",
        "flutterwave_v4_token_url": f"{sandbox}/flutterwave/v4/oauth/token",
    },
    flutterwave=lambda reports_to: _simulated(v4_webhook_url=reports_to),
)
