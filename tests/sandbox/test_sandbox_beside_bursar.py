"""The sandbox as Bursar starts it for itself: every gateway is there, and each has the keys that the other side has."""

from typing import Any

from pydantic import SecretStr

from bursar import bootstrap
from bursar.foundation.clock import SystemClock
from bursar.foundation.http import PoliteClient
from bursar.foundation.settings import Settings
from bursar.gateways import Confirmed
from bursar.holders import Destination

FORREST = Destination("044", "0690000031", "Forrest Green")


async def installed(**given: Any) -> tuple[Settings, list[Any]]:
    """The settings with which payouts go through a sandbox, and what its two Flutterwaves say about an account."""
    chosen = Settings(_env_file=None, **given)
    async with bootstrap.sandbox(chosen, reports_to="http://127.0.0.1:1") as settings:
        client = PoliteClient.open()
        try:
            gateways: dict[str, Any] = bootstrap._gateways(settings, client, SystemClock())
            return settings, [await gateways[name].resolve(FORREST) for name in ("flutterwave", "flutterwave-v4")]
        finally:
            await client.close()


async def test_every_gateway_is_there_and_lets_us_in() -> None:
    _, answers = await installed()
    assert answers == [Confirmed("Forrest Green")] * 2


async def test_keys_to_real_money_are_left_at_home() -> None:
    """A simulator has no need of them, and nothing of a trial may reach the real service."""
    settings, answers = await installed(
        flutterwave_secret_key=SecretStr("FLWSECK-real"), flutterwave_v4_url="https://f4bexperience.flutterwave.com"
    )
    assert len(answers) == 2
    assert settings.flutterwave_secret_key is not None
    assert settings.flutterwave_secret_key.get_secret_value() != "FLWSECK-real"
    assert settings.flutterwave_url == f"{settings.mockbank_url}/flutterwave"
    assert settings.flutterwave_v4_url == f"{settings.mockbank_url}/flutterwave/v4"
