"""The sandbox beside us: gateways that pay nobody, as a process that begins and ends with ours."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec
from pydantic import SecretStr

from bursar.foundation.errors import Unavailable
from bursar.foundation.settings import Settings

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0  # It gives calls that hang on purpose two; then nothing is worth waiting for.
FLUTTERWAVE: Final = {
    "secret_key": "FLWSECK-sandbox",
    "secret_hash": "sandbox-secret-hash",
    "client_id": "sandbox",
    "client_secret": "sandbox-client-secret",
}
STRIPE: Final = {
    "secret_key": "sk_test_sandbox",
    "webhook_secret": "whsec_sandbox",
    "connect_webhook_secret": "whsec_sandbox_connect",
}
RAZORPAYX: Final = {
    "key_id": "rzp_live_sandbox",
    "key_secret": "sandbox-key-secret",
    "account_number": "2323230000000001",
    "webhook_secret": "sandbox-webhook-secret",
}
"""Keys to play money. Those that are set may be real, and a simulator has no need of them."""
REPORTING: Final = {
    "mockbank": "--webhook-url",
    "flutterwave": "--flutterwave-webhook-url",
    "flutterwave-v4": "--flutterwave-v4-webhook-url",
    "stripe": "--stripe-webhook-url",
    "stripe-transfer": "--stripe-webhook-url",
    "razorpayx": "--razorpayx-webhook-url",
}
"""The option that says where a gateway's reports go."""


class NoSandbox(Unavailable):
    """The sandbox bank did not start."""

    code = "no_sandbox"


@asynccontextmanager
async def sandbox(settings: Settings, *, reports_to: str) -> AsyncIterator[Settings]:
    """Run the sandbox's gateways as a process beside ours; gives the settings with which payouts go through them.

    ``reports_to`` is where our own web process is reached. However we end, the sandbox ends with us.

    Raises:
        NoSandbox: it did not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bursar_sandbox", "--port", "0", "--follow-stdin"),
        *(word for gateway, option in REPORTING.items() for word in (option, _reports_of(gateway, reports_to))),
        env=os.environ | _keys(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is meant for us; what we have under way still needs the bank.
    )
    try:
        yield _through_sandbox(settings, await _address(process))
    finally:
        await _end(process)


def _keys(settings: Settings) -> dict[str, str]:
    """What the sandbox is to find in its environment."""
    own = {"FLUTTERWAVE": FLUTTERWAVE, "STRIPE": STRIPE, "RAZORPAYX": RAZORPAYX}
    return {
        "SANDBOX_API_KEY": settings.mockbank_api_key.get_secret_value(),
        "SANDBOX_WEBHOOK_SECRET": settings.mockbank_webhook_secret.get_secret_value(),
        "SANDBOX_SIMULATED_API_KEY": settings.simulated_api_key.get_secret_value(),
        "SANDBOX_SIMULATED_SUCCESS_RATE": str(settings.sandbox_simulated_success_rate),
        "SANDBOX_SIMULATED_DELAY_SECONDS": str(settings.sandbox_simulated_delay_seconds),
        "SANDBOX_SIMULATED_SEED": str(settings.sandbox_simulated_seed),
    } | {f"SANDBOX_{name}_{key.upper()}": value for name, keys in own.items() for key, value in keys.items()}


def _reports_of(gateway: str, web: str) -> str:
    """Where a gateway's reports go."""
    return f"{web}/api/webhooks/{gateway}/payout_status"


def _through_sandbox(settings: Settings, address: str) -> Settings:
    """The settings with every gateway there is in the sandbox, and keys to it."""
    return settings.model_copy(
        update={
            "mockbank_url": address,
            "simulated_url": f"{address}/simulated",
            "flutterwave_url": f"{address}/flutterwave",
            "flutterwave_secret_key": SecretStr(FLUTTERWAVE["secret_key"]),
            "flutterwave_secret_hash": SecretStr(FLUTTERWAVE["secret_hash"]),
            "flutterwave_test_suffix": "",
            "flutterwave_v4_url": f"{address}/flutterwave/v4",
            "flutterwave_v4_token_url": f"{address}/flutterwave/v4/oauth/token",
            "flutterwave_v4_client_id": FLUTTERWAVE["client_id"],
            "flutterwave_v4_client_secret": SecretStr(FLUTTERWAVE["client_secret"]),
            "flutterwave_v4_secret_hash": SecretStr(FLUTTERWAVE["secret_hash"]),
            "flutterwave_v4_signature": "hmac",
            "stripe_url": f"{address}/stripe",
            "stripe_secret_key": SecretStr(STRIPE["secret_key"]),
            "stripe_webhook_secret": SecretStr(f"{STRIPE['webhook_secret']},{STRIPE['connect_webhook_secret']}"),
            "razorpayx_url": f"{address}/razorpayx",
            "razorpayx_key_id": RAZORPAYX["key_id"],
            "razorpayx_key_secret": SecretStr(RAZORPAYX["key_secret"]),
            "razorpayx_account_number": SecretStr(RAZORPAYX["account_number"]),
            "razorpayx_webhook_secret": SecretStr(RAZORPAYX["webhook_secret"]),
        }
    )


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where the sandbox says it is, once it is ready.

    Raises:
        NoSandbox: it ended, or said nothing for too long.
    """
    assert process.stdout is not None, "we asked for a pipe"
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        return str(msgspec.json.decode(line, type=dict[str, object])["url"])
    except (TimeoutError, msgspec.DecodeError, KeyError) as silent:
        raise NoSandbox from silent


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
