"""The ways payouts leave a ``World``: through the mock bank, simulated payments, or one of the simulated providers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import SecretStr

from bursar.holders.model import Destination, upi
from bursar_sandbox import FlutterwaveSettings, RazorpayXSettings, SimulatedSettings, StripeSettings


@dataclass(frozen=True, slots=True)
class Way:
    """The way payouts leave: a gateway of the sandbox, and what is different with it."""

    gateway: str
    currency: str
    bank_code: str  # Of accounts at the gateway itself, the gateway's name.
    destination: Callable[[str], Destination] | None = None  # By its number, where merchants' doors take no such.
    prefix: str = ""  # Of its addresses in the sandbox.
    terms: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    addresses: Callable[[str], Mapping[str, str]] = lambda _: {}  # Settings, once the sandbox has an address.
    simulator: str = ""  # Its part of the sandbox's settings; the mock bank's are those of the whole.
    simulation: Callable[[str], Any] | None = None  # What is there, by where it reports to.


MOCKBANK: Final = Way("mockbank", "PKR", "HBL")

SIMULATED_KEY: Final = "key-of-these-tests"

SIMULATED: Final = Way(
    gateway="simulated",
    currency="INR",
    bank_code="HDFC0000001",
    prefix="/simulated",
    terms={
        "currency": "INR",
        "route__gateway": "simulated",
        "destinations__country": "IN",
        "destinations__bank_codes": [],
        "destinations__account_number": None,
        "dispatch__group_by": "none",
    },
    settings={"simulated_api_key": SecretStr(SIMULATED_KEY), "simulated_deadline": 1.0},
    addresses=lambda sandbox: {"simulated_url": f"{sandbox}/simulated"},
    simulator="simulated",
    simulation=lambda _: SimulatedSettings(api_key=SIMULATED_KEY, success_rate=1.0, delay_seconds=0),
)

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
    simulator="flutterwave",
    simulation=lambda reports_to: _simulated(webhook_url=reports_to),
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
    simulator="flutterwave",
    simulation=lambda reports_to: _simulated(v4_webhook_url=reports_to),
)

BUSINESS: Final = RazorpayXSettings(
    key_id="rzp_live_of_these_tests",
    key_secret="key-secret-of-these-tests",
    account_number="7878780080316316",
    webhook_secret="webhook-secret-of-these-tests",
    webhook_retry_delays_s=(0.1, 0.3, 1, 2, 4),
    settle_after_ms=100,
    reverse_after_ms=1000,
)

RAZORPAYX: Final = Way(
    gateway="razorpayx",
    currency="INR",
    bank_code="HDFC0000053",
    prefix="/razorpayx",
    terms={
        "currency": "INR",
        "route__gateway": "razorpayx",
        "destinations__types": ["BANK", "UPI"],
        "destinations__country": "IN",
        "destinations__bank_codes": [],
        "destinations__account_number": None,
        "dispatch__batch_size": 100,
        "dispatch__group_by": "none",
        "route__float_seconds": 0.2,
    },
    settings={
        "razorpayx_key_id": BUSINESS.key_id,
        "razorpayx_key_secret": SecretStr(BUSINESS.key_secret),
        "razorpayx_account_number": SecretStr(BUSINESS.account_number),
        "razorpayx_webhook_secret": SecretStr(BUSINESS.webhook_secret),
        "razorpayx_deadline": 1.0,
    },
    addresses=lambda sandbox: {"razorpayx_url": f"{sandbox}/razorpayx"},
    simulator="razorpayx",
    simulation=lambda reports_to: replace(BUSINESS, webhook_url=reports_to),
)
RAZORPAYX_UPI: Final = replace(
    RAZORPAYX, bank_code="okaxis", destination=lambda number: upi(f"{number}@okaxis", title="Anna Khan")
)

STRIPE_KEY: Final = "sk_test_one_of_these_tests"
STRIPE_SECRET, STRIPE_CONNECT_SECRET = "whsec_of_these_tests", "whsec_connect_of_these_tests"


def _stripe(gateway: str, prefix: str) -> Way:
    """Stripe, as far as its accounts or as far as the banks behind them; each with the book that is about that."""
    return Way(
        gateway=gateway,
        currency="USD",
        bank_code=gateway,
        destination=lambda number: Destination(gateway, f"acct_sandbox{number}", "Anna Khan", "GATEWAY_ACCOUNT"),
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
        simulator="stripe",
        simulation=lambda reports_to: StripeSettings(
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
