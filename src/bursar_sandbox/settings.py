"""What one running sandbox needs to know. Read once, at start-up."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

DEFAULT_API_KEY: Final = "sandbox"
DEFAULT_WEBHOOK_SECRET: Final = "sandbox-webhook-secret"  # noqa: S105 - it guards play money only.


@dataclass(frozen=True, slots=True)
class FlutterwaveSettings:
    """One simulated Flutterwave account, in both versions. What a test may change later is in its control call too."""

    secret_key: str = "FLWSECK-sandbox"  # noqa: S105 - it guards play money only.
    secret_hash: str = "sandbox-secret-hash"  # noqa: S105 - as above; v3 sends it as it is, v4 signs with it.
    webhook_url: str | None = None  # None: nobody is called, unless a transfer has a callback of its own.
    client_id: str = "sandbox"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - as above.
    v4_webhook_url: str | None = None
    mode: Literal["live", "test"] = "live"  # Whether the account number decides, or the reference.
    settle_after_ms: int = 300  # From acceptance to the outcome in live mode; half of it NEW, half of it PENDING.
    minute_ms: int = 60_000  # How long a minute takes, where Flutterwave counts in minutes.
    page_size: int = 100  # Of lists.
    opening_balance: Decimal = Decimal(1_000_000_000_000)  # Of each wallet, in major units.
    webhook_retries: bool = True  # A switch in Flutterwave's dashboard.
    webhook_timeout_s: float = 60.0
    latency_ms: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class StripeSettings:
    """One simulated Stripe platform with its connected accounts. What a test may change later is a control call too."""

    secret_key: str = "sk_test_sandbox"  # noqa: S105 - it guards play money only.
    restricted_key: str = "rk_test_sandbox"  # It may read, and nothing else.
    webhook_urls: tuple[str, ...] = ()  # Where two endpoints each are from the start: the platform's, its accounts'.
    webhook_secret: str = "whsec_sandbox"  # noqa: S105 - as above; signs what happens to the platform itself.
    connect_webhook_secret: str = "whsec_sandbox_connect"  # noqa: S105 - signs what happens to connected accounts.
    api_version: str = "2026-10-28.endive"  # Of events; that of answers is the same, whatever a client asks for.
    settle_after_ms: int = 300  # From a payout's creation to its outcome; half of it `pending`.
    fail_after_ms: int = 3000  # From there to the failure of a payout that is paid first; at Stripe it may be days.
    requests_per_second: int = 0  # What is more is refused with 429, as Stripe does from 25 or 100 on; 0: nothing.
    opening_balance_minor: int = 100_000_000_000_000  # Of the platform, in each currency.
    webhook_timeout_s: float = 20.0
    webhook_retry_delays_s: tuple[float, ...] = (1, 2, 4, 8, 16)
    latency_ms: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RazorpayXSettings:
    """One simulated business at RazorpayX. What a test may change later is a control call too."""

    key_id: str = "rzp_live_sandbox"
    key_secret: str = "sandbox-key-secret"  # noqa: S105 - it guards play money only.
    account_number: str = "2323230000000001"  # Of the business; what is paid is paid from there.
    webhook_url: str | None = None  # None: nobody is called.
    webhook_secret: str = "sandbox-webhook-secret"  # noqa: S105 - as above.
    mode: Literal["live", "test"] = "live"  # Whether accounts decide, or a tester's hand.
    settle_after_ms: int = 300  # From `processing` to the outcome.
    reverse_after_ms: int = 3000  # From there until what is paid first comes back; at RazorpayX it may be days.
    opening_balance_minor: int = 100_000_000_000_000
    webhook_timeout_s: float = 5.0
    webhook_retry_delays_s: tuple[float, ...] = (1, 2, 4, 8, 16)
    latency_ms: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SimulatedSettings:
    """The simulated gateway of the marketplace. What a test may change later is in its control call too."""

    api_key: str = DEFAULT_API_KEY
    success_rate: float = 0.95  # How many of all payments succeed, by chance.
    delay_seconds: float = 1.0  # How long each of them takes.
    latency_ms: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The mock bank's keys, its tempo, and where it reports to; and the other simulators' settings."""

    api_key: str = DEFAULT_API_KEY
    webhook_url: str | None = None  # None: the bank never calls anybody.
    webhook_secret: str = DEFAULT_WEBHOOK_SECRET
    webhook_on_sync: bool = True  # Send a webhook even when the answer itself was already final.
    webhook_timeout_s: float = 5.0
    webhook_retry_delays_s: tuple[float, ...] = (1, 2, 4, 8, 16)  # Then the bank gives up.
    settle_after_ms: int = 0  # Above zero: answer PENDING first and settle this much later.
    latency_ms: int = 0  # Until changed by the `latency_ms` switch.
    seed: int = 0  # Faults and references are drawn from it, so a run can be replayed.
    export_path: Path | None = None  # The book is written here, as JSON, at shutdown; the others' books beside it.
    flutterwave: FlutterwaveSettings = field(default_factory=FlutterwaveSettings)
    stripe: StripeSettings = field(default_factory=StripeSettings)
    razorpayx: RazorpayXSettings = field(default_factory=RazorpayXSettings)
    simulated: SimulatedSettings = field(default_factory=SimulatedSettings)
