"""`python -m bursar_sandbox`: run the simulators."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
import typer

from bursar_sandbox import create_app, options, server
from bursar_sandbox.settings import (
    DEFAULT_API_KEY,
    DEFAULT_WEBHOOK_SECRET,
    FlutterwaveSettings,
    RazorpayXSettings,
    SandboxSettings,
    SimulatedSettings,
    StripeSettings,
)

FLUTTERWAVE_KEYS: Final = ("secret_key", "secret_hash", "client_id", "client_secret")
STRIPE_KEYS: Final = ("secret_key", "restricted_key", "webhook_secret", "connect_webhook_secret")
RAZORPAYX_KEYS: Final = ("key_id", "key_secret", "account_number", "webhook_secret")
SIMULATED_KEYS: Final = ("api_key",)


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; keep it on loopback.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 9100,
    webhook_url: Annotated[str | None, typer.Option(help="Where changes are reported; none by default.")] = None,
    api_key: Annotated[str, typer.Option(envvar="SANDBOX_API_KEY", help="What clients must show.")] = DEFAULT_API_KEY,
    webhook_secret: Annotated[
        str, typer.Option(envvar="SANDBOX_WEBHOOK_SECRET", help="Signs the webhooks.")
    ] = DEFAULT_WEBHOOK_SECRET,
    webhook_on_sync: Annotated[bool, typer.Option(help="Also report what the answer itself already said.")] = True,
    settle_after_ms: Annotated[int, typer.Option(min=0, help="Answer PENDING first and settle so much later.")] = 0,
    latency_ms: Annotated[int, typer.Option(min=0, help="How long every call takes, at every gateway.")] = 0,
    seed: Annotated[int, typer.Option(help="Chance is drawn from it.")] = 0,
    follow_stdin: Annotated[bool, typer.Option(help="End when standard input does: with whoever started it.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write the books here, as JSON, at the end.")] = None,
    flutterwave_webhook_url: options.FlutterwaveAddress = None,
    flutterwave_v4_webhook_url: options.FlutterwaveV4Address = None,
    flutterwave_mode: options.FlutterwaveMode = "live",
    flutterwave_settle_after_ms: options.FlutterwaveTempo = 300,
    stripe_webhook_urls: options.StripeAddresses = None,
    stripe_settle_after_ms: options.StripeTempo = 300,
    razorpayx_webhook_url: options.RazorpayXAddress = None,
    razorpayx_mode: options.RazorpayXMode = "live",
    razorpayx_settle_after_ms: options.RazorpayXTempo = 300,
    simulated_success_rate: options.SimulatedSuccess = 0.95,
    simulated_delay_seconds: options.SimulatedDelay = 1.0,
    simulated_seed: options.SimulatedSeed = None,
) -> None:
    """Run the simulators until they are told to stop; their address is printed once they are ready."""
    # All of them by name: each simulator takes those that begin with its own.
    given = {name: value for name, value in locals().items() if value is not None}
    settings = SandboxSettings(
        api_key=api_key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        webhook_on_sync=webhook_on_sync,
        settle_after_ms=settle_after_ms,
        latency_ms=latency_ms,
        seed=seed,
        export_path=export,
        flutterwave=FlutterwaveSettings(**_own("flutterwave", given, keys=FLUTTERWAVE_KEYS)),
        stripe=StripeSettings(**_own("stripe", given, keys=STRIPE_KEYS)),
        razorpayx=RazorpayXSettings(**_own("razorpayx", given, keys=RAZORPAYX_KEYS)),
        simulated=SimulatedSettings(**_own("simulated", given, keys=SIMULATED_KEYS)),
    )
    server.run(create_app(settings), host=host, port=port, when_ready=_announce, follow_stdin=follow_stdin)


def main() -> None:
    """Enter by the console script."""
    typer.run(serve)


def _own(gateway: str, given: Mapping[str, Any], *, keys: Sequence[str]) -> dict[str, Any]:
    """A simulator's settings: what is said for all, its own options, and the keys that the environment gives."""
    shared = {name: given[name] for name in ("latency_ms", "seed")}
    chosen = {name.removeprefix(f"{gateway}_"): of for name, of in given.items() if name.startswith(f"{gateway}_")}
    named = {key: f"SANDBOX_{gateway.upper()}_{key.upper()}" for key in keys}
    return shared | chosen | {key: os.environ[name] for key, name in named.items() if name in os.environ}


def _announce(url: str) -> None:
    """Print one line of JSON, so that whoever started us knows where we are."""
    address = urlsplit(url)
    line = {"event": "ready", "url": url, "host": address.hostname, "port": address.port, "pid": os.getpid()}
    typer.echo(msgspec.json.encode(line))


if __name__ == "__main__":
    main()
