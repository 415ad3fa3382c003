"""`python -m bursar_sandbox`: run the simulators."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec
import typer

from bursar_sandbox import create_app, server
from bursar_sandbox.settings import (
    DEFAULT_API_KEY,
    DEFAULT_WEBHOOK_SECRET,
    FlutterwaveSettings,
    SandboxSettings,
    StripeSettings,
)

PANEL: Final = "Flutterwave (its keys come from the environment: SANDBOX_FLUTTERWAVE_SECRET_KEY and the like)"
KEYS: Final = ("secret_key", "secret_hash", "client_id", "client_secret")
STRIPE_PANEL: Final = "Stripe (its keys come from the environment: SANDBOX_STRIPE_SECRET_KEY and the like)"
STRIPE_KEYS: Final = ("secret_key", "restricted_key", "webhook_secret", "connect_webhook_secret")

StripeAddresses: TypeAlias = Annotated[
    list[str] | None, typer.Option(help="Where events are reported; may be repeated.", rich_help_panel=STRIPE_PANEL)
]
StripeTempo: TypeAlias = Annotated[
    int, typer.Option(min=0, help="From a payout's creation to its outcome.", rich_help_panel=STRIPE_PANEL)
]


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
    flutterwave_webhook_url: Annotated[
        str | None, typer.Option(help="Where outcomes are reported.", rich_help_panel=PANEL)
    ] = None,
    flutterwave_v4_webhook_url: Annotated[
        str | None, typer.Option(help="Where the fourth version's are.", rich_help_panel=PANEL)
    ] = None,
    flutterwave_mode: Annotated[
        Literal["live", "test"],
        typer.Option(help="Whether account numbers decide, or references.", rich_help_panel=PANEL),
    ] = "live",
    flutterwave_settle_after_ms: Annotated[
        int, typer.Option(min=0, help="From NEW to the outcome, in live mode.", rich_help_panel=PANEL)
    ] = 300,
    stripe_webhook_url: StripeAddresses = None,
    stripe_settle_after_ms: StripeTempo = 300,
) -> None:
    """Run the simulators until they are told to stop; their address is printed once they are ready."""
    flutterwave = FlutterwaveSettings(
        webhook_url=flutterwave_webhook_url,
        v4_webhook_url=flutterwave_v4_webhook_url,
        mode=flutterwave_mode,
        settle_after_ms=flutterwave_settle_after_ms,
        latency_ms=latency_ms,
        seed=seed,
    )
    stripe = StripeSettings(
        webhook_urls=tuple(stripe_webhook_url or ()),
        settle_after_ms=stripe_settle_after_ms,
        latency_ms=latency_ms,
        seed=seed,
    )
    settings = SandboxSettings(
        api_key=api_key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        webhook_on_sync=webhook_on_sync,
        settle_after_ms=settle_after_ms,
        latency_ms=latency_ms,
        seed=seed,
        export_path=export,
        flutterwave=replace(flutterwave, **_keys("FLUTTERWAVE", KEYS)),
        stripe=replace(stripe, **_keys("STRIPE", STRIPE_KEYS)),
    )
    server.run(create_app(settings), host=host, port=port, when_ready=_announce, follow_stdin=follow_stdin)


def main() -> None:
    """Enter by the console script."""
    typer.run(serve)


def _keys(gateway: str, keys: Sequence[str]) -> dict[str, Any]:
    """The keys that the environment gives."""
    names = {key: f"SANDBOX_{gateway}_{key.upper()}" for key in keys}
    return {key: os.environ[name] for key, name in names.items() if name in os.environ}


def _announce(url: str) -> None:
    """Print one line of JSON, so that whoever started us knows where we are."""
    address = urlsplit(url)
    line = {"event": "ready", "url": url, "host": address.hostname, "port": address.port, "pid": os.getpid()}
    typer.echo(msgspec.json.encode(line))


if __name__ == "__main__":
    main()
