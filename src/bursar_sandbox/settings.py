"""What one running sandbox needs to know. Read once, at start-up."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_API_KEY: Final = "sandbox"
DEFAULT_WEBHOOK_SECRET: Final = "sandbox-webhook-secret"  # noqa: S105 - it guards play money only.


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """One mock bank: its keys, its tempo, and where it reports to."""

    api_key: str = DEFAULT_API_KEY
    webhook_url: str | None = None  # None: the bank never calls anybody.
    webhook_secret: str = DEFAULT_WEBHOOK_SECRET
    webhook_on_sync: bool = True  # Send a webhook even when the answer itself was already final.
    webhook_timeout_s: float = 5.0
    webhook_retry_delays_s: tuple[float, ...] = (1, 2, 4, 8, 16)  # Then the bank gives up.
    settle_after_ms: int = 0  # Above zero: answer PENDING first and settle this much later.
    latency_ms: int = 0  # Until changed by the `latency_ms` switch.
    seed: int = 0  # Faults and references are drawn from it, so a run can be replayed.
    export_path: Path | None = None  # The book is written here, as JSON, at shutdown.
