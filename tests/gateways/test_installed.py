"""Which gateways an installation has: those that it has keys for."""

import hashlib
import hmac
from typing import Any

import pytest

from bursar import bootstrap
from bursar.foundation.clock import FakeClock
from bursar.foundation.http import PoliteClient
from bursar.foundation.settings import Settings
from bursar.gateways import ForgedReport, Gateway
from ground import AT


async def installed(**given: Any) -> dict[str, Gateway]:
    """The gateways of an installation with these settings."""
    client = PoliteClient.open()
    await client.close()
    return bootstrap._gateways(Settings(_env_file=None, **given), client, FakeClock(AT))


async def test_only_what_has_its_keys_is_installed() -> None:
    always = {"mockbank", "simulated"}
    v4 = {"flutterwave_v4_client_id": "id", "flutterwave_v4_client_secret": "secret"}
    assert set(await installed()) == always
    assert set(await installed(flutterwave_secret_key="", flutterwave_v4_client_id="")) == always
    assert set(await installed(flutterwave_secret_key="key")) == {*always, "flutterwave"}
    assert set(await installed(**v4)) == {*always, "flutterwave-v4"}
    assert set(await installed(flutterwave_v4_client_id="id")) == always
    assert set(await installed(flutterwave_secret_key="key", **v4)) == {*always, "flutterwave", "flutterwave-v4"}
    assert set(await installed(stripe_secret_key="")) == always
    key = {"razorpayx_key_id": "rzp_live_1", "razorpayx_key_secret": "secret"}
    assert "razorpayx" not in await installed(**key)
    assert "razorpayx" in await installed(**key, razorpayx_account_number="7878780080316316")
    assert set(await installed(stripe_secret_key="sk_test_1")) == {*always, "stripe", "stripe-transfer"}


async def test_settings_reach_the_gateways() -> None:
    gateways = await installed(
        flutterwave_secret_key="key",
        flutterwave_secret_hash="hash",
        flutterwave_bulk_max=7,
        flutterwave_deadline=3.0,
        flutterwave_v4_client_id="id",
        flutterwave_v4_client_secret="secret",
        flutterwave_v4_signature="plain",
    )
    v3, v4 = gateways["flutterwave"], gateways["flutterwave-v4"]
    assert (v3.capabilities.bulk_max, v3.capabilities.deadline, v4.capabilities.deadline) == (7, 3.0, 3.0)
    assert not v4.capabilities.reports_prove
    assert v3.read_report(b'{"event": "charge.completed"}', {"verif-hash": "hash"}) == []


async def test_settings_reach_stripe() -> None:
    gateways = await installed(stripe_secret_key="sk_test_1", stripe_webhook_secret="a, b", stripe_deadline=3.0)
    body, at = b'{"id": "evt_1", "type": "balance.available", "data": {"object": {}}}', int(AT.timestamp())
    signature = hmac.new(b"b", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    for name in ("stripe", "stripe-transfer"):
        assert gateways[name].capabilities.deadline == 3.0
        assert gateways[name].read_report(body, {"stripe-signature": f"t={at},v1={signature}"}) == []


async def test_settings_reach_razorpayx() -> None:
    gateway = (
        await installed(
            razorpayx_key_id="rzp_test_1",
            razorpayx_key_secret="secret",
            razorpayx_account_number="7878780080316316",
            razorpayx_webhook_secret="new, old",
            razorpayx_deadline=3.0,
        )
    )["razorpayx"]
    assert (gateway.capabilities.deadline, gateway.capabilities.resolve) == (3.0, False)
    body = b'{"event": "payment.captured"}'
    signature = hmac.new(b"old", body, hashlib.sha256).hexdigest()
    assert gateway.read_report(body, {"x-razorpay-signature": signature}) == []


@pytest.mark.parametrize("given", [{"razorpayx_bank_mode": "UPI"}, {"razorpayx_purpose": ""}])
def test_a_mode_and_a_purpose_are_of_those_that_there_are(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        Settings(_env_file=None, **given)


@pytest.mark.parametrize("version", ["", "latest", "2026-10-28.", "2026-10-28.endive\n"])
def test_a_version_is_a_date_and_perhaps_a_name(version: str) -> None:
    with pytest.raises(ValueError, match="stripe_version"):
        Settings(_env_file=None, stripe_version=version)


async def test_without_a_secret_hash_no_report_is_believed() -> None:
    gateways = await installed(
        flutterwave_secret_key="key", flutterwave_v4_client_id="id", flutterwave_v4_client_secret="secret"
    )
    for name in ("flutterwave", "flutterwave-v4"):
        with pytest.raises(ForgedReport):
            gateways[name].read_report(
                b'{"event": "charge.completed"}', {"verif-hash": "", "flutterwave-signature": ""}
            )


@pytest.mark.parametrize("suffix", ["_PMCK", "_PMCKDU_1", "_PMCK_ST_F", "_PMCK_ST_FDU_10", ""])
def test_a_suffix_that_means_something_is_taken(suffix: str) -> None:
    assert Settings(_env_file=None, flutterwave_test_suffix=suffix).flutterwave_test_suffix == suffix


@pytest.mark.parametrize("suffix", ["_RETRY_1", "PMCK", "_PMCKDU_", "_PMCK "])
def test_any_other_suffix_is_a_mistake(suffix: str) -> None:
    with pytest.raises(ValueError, match="flutterwave_test_suffix"):
        Settings(_env_file=None, flutterwave_test_suffix=suffix)
