"""`python -m bursar_sandbox`: run the mock bank."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from bursar_sandbox import create_app, server
from bursar_sandbox.settings import DEFAULT_API_KEY, DEFAULT_WEBHOOK_SECRET, SandboxSettings


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
    latency_ms: Annotated[int, typer.Option(min=0, help="How long every call takes.")] = 0,
    seed: Annotated[int, typer.Option(help="Chance is drawn from it.")] = 0,
    follow_stdin: Annotated[bool, typer.Option(help="End when standard input does: with whoever started it.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write the book here, as JSON, at the end.")] = None,
) -> None:
    """Run the mock bank until it is told to stop; its address is printed once it is ready."""
    settings = SandboxSettings(
        api_key=api_key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        webhook_on_sync=webhook_on_sync,
        settle_after_ms=settle_after_ms,
        latency_ms=latency_ms,
        seed=seed,
        export_path=export,
    )
    server.run(create_app(settings), host=host, port=port, when_ready=_announce, follow_stdin=follow_stdin)


def main() -> None:
    """Enter by the console script."""
    typer.run(serve)


def _announce(url: str) -> None:
    """Print one line of JSON, so that whoever started us knows where we are."""
    address = urlsplit(url)
    line = {"event": "ready", "url": url, "host": address.hostname, "port": address.port, "pid": os.getpid()}
    typer.echo(msgspec.json.encode(line))


if __name__ == "__main__":
    main()
