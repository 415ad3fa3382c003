"""The sandbox as Bursar starts it for itself: every gateway is there, and each has the keys that the other side has."""

from typing import Any
from uuid import UUID

from pydantic import SecretStr

from bursar import bootstrap, playground
from bursar.foundation.clock import SystemClock
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.foundation.settings import Settings
from bursar.gateways import Confirmed, Instruction, Word
from bursar.holders import Destination

FORREST = Destination("044", "0690000031", "Forrest Green")
WREN = Destination("stripe", "acct_sandboxWren0001", "Wren Hall", "GATEWAY_ACCOUNT")
ASHA = Destination("HDFC0000053", "50100012340001", "Asha Rao")
ACCOUNTS = {
    "flutterwave": FORREST,
    "flutterwave-v4": FORREST,
    "stripe": WREN,
    "stripe-transfer": WREN,
    "razorpayx": ASHA,
}


async def installed(**given: Any) -> tuple[Settings, list[Any]]:
    """The settings with which payouts go through a sandbox, and what gateways there say about an account."""
    chosen = Settings(_env_file=None, **given)
    async with playground.sandbox(chosen, reports_to="http://127.0.0.1:1") as settings:
        client = PoliteClient.open()
        try:
            gateways: dict[str, Any] = bootstrap._gateways(settings, client, SystemClock())
            return settings, [await gateways[name].resolve(account) for name, account in ACCOUNTS.items()]
        finally:
            await client.close()


async def test_every_gateway_is_there_and_lets_us_in() -> None:
    _, answers = await installed()
    assert answers[:2] == [Confirmed("Forrest Green")] * 2
    assert all(isinstance(answer, Confirmed) for answer in answers)


async def test_keys_to_real_money_are_left_at_home() -> None:
    """A simulator has no need of them, and nothing of a trial may reach the real service."""
    settings, answers = await installed(
        flutterwave_secret_key=SecretStr("FLWSECK-real"),
        flutterwave_v4_url="https://f4bexperience.flutterwave.com",
        stripe_secret_key=SecretStr("sk_live_real"),
        stripe_webhook_secret=SecretStr("whsec_real"),
        razorpayx_key_id="rzp_live_real",
        razorpayx_account_number=SecretStr("1112220061746877"),
    )
    assert len(answers) == len(ACCOUNTS)
    assert settings.flutterwave_secret_key is not None
    assert settings.flutterwave_secret_key.get_secret_value() != "FLWSECK-real"
    assert settings.stripe_secret_key is not None
    assert settings.stripe_webhook_secret is not None
    assert settings.stripe_secret_key.get_secret_value().startswith("sk_test_")
    assert "real" not in settings.stripe_webhook_secret.get_secret_value()
    assert settings.stripe_url == f"{settings.mockbank_url}/stripe"
    assert settings.flutterwave_url == f"{settings.mockbank_url}/flutterwave"
    assert settings.flutterwave_v4_url == f"{settings.mockbank_url}/flutterwave/v4"
    assert settings.razorpayx_url == f"{settings.mockbank_url}/razorpayx"
    assert settings.razorpayx_key_id != "rzp_live_real"


async def test_simulated_payments_have_the_luck_that_the_settings_say() -> None:
    chosen = Settings(_env_file=None, sandbox_simulated_success_rate=0.0, sandbox_simulated_delay_seconds=0.0)
    async with playground.sandbox(chosen, reports_to="http://127.0.0.1:1") as settings:
        client = PoliteClient.open()
        asked = Instruction("order-1", UUID(int=1), Money.parse("10.00", "INR"), ASHA)
        [outcome] = await bootstrap._gateways(settings, client, SystemClock())["simulated"].send([asked])
        await client.close()
    assert (outcome.word, outcome.reason, outcome.retryable) == (Word.REFUSED, "payment_failed", True)
