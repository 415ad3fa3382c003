"""The ways payouts leave a ``World``: through the mock bank, the simulated Flutterwave, or the simulated Stripe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from bursar_sandbox import FlutterwaveSettings, StripeSettings


@dataclass(frozen=True, slots=True)
class Way:
    """The way payouts leave: a gateway of the sandbox, and what is different with it."""

    gateway: str
    currency: str
    bank_code: str  # Of accounts at the gateway itself, the gateway's name.
    pays_accounts: bool = False  # At the gateway itself, named with a prefix of their own.
    prefix: str = ""  # Of its addresses in the sandbox.
    terms: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    addresses: Callable[[str], Mapping[str, str]] = lambda _: {}  # Settings, once the sandbox has an address.
    flutterwave: Callable[[str], FlutterwaveSettings] | None = None  # Of the simulator, by where it reports to.
    stripe: Callable[[str], StripeSettings] | None = None  # The same.


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

STRIPE_KEY: Final = "sk_test_one_of_these_tests"
STRIPE_SECRET, STRIPE_CONNECT_SECRET = "whsec_of_these_tests", "whsec_connect_of_these_tests"


def _stripe(gateway: str, prefix: str) -> Way:
    """Stripe, as far as its accounts or as far as the banks behind them; each with the book that is about that."""
    return Way(
        gateway=gateway,
        currency="USD",
        bank_code=gateway,
        pays_accounts=True,
        prefix=prefix,
        terms={
            "currency": "USD",
            "route__gateway": gateway,
            "destinations__types": ["GATEWAY_ACCOUNT"],
            "destinations__country": None,
            "destinations__bank_codes": [],
            "destinations__account_number": None,
            "destinations__gateway_account": "acct_[A-Za-z0-9]{10,60}",
            "dispatch__batch_size": 100,
            "dispatch__group_by": "none",
            "route__float_seconds": 0.2,
        },
        settings={
            "stripe_secret_key": SecretStr(STRIPE_KEY),
            "stripe_webhook_secret": SecretStr(f"{STRIPE_SECRET},{STRIPE_CONNECT_SECRET}"),
            "stripe_deadline": 1.0,
        },
        addresses=lambda sandbox: {"stripe_url": f"{sandbox}/stripe"},
        stripe=lambda reports_to: StripeSettings(
            secret_key=STRIPE_KEY,
            webhook_secret=STRIPE_SECRET,
            connect_webhook_secret=STRIPE_CONNECT_SECRET,
            webhook_urls=(reports_to,),
            webhook_retry_delays_s=(0.1, 0.3, 1, 2, 4),
            settle_after_ms=100,
            fail_after_ms=2500,
        ),
    )


STRIPE: Final = _stripe("stripe", "/stripe")
STRIPE_TRANSFER: Final = _stripe("stripe-transfer", "/stripe/transfers")
