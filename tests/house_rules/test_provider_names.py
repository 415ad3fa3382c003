"""A gateway provider's name stands in its own folder and where parts are put together, nowhere else."""

import re
from collections.abc import Iterator

import pytest

from house_rules.source import Module, assert_kept, breaches, bursar, snippet

PROVIDERS = ("flutterwave", "mockbank", "paypal", "phonepe", "razorpay", "razorpayx", "stripe", "wise")
ALLOWED = (
    "src/bursar/gateways",
    "src/bursar/foundation/settings.py",
    "src/bursar/bootstrap.py",
    "src/bursar/playground.py",
    "src/bursar/cli/demo",
)
"""Each adapter's folder, the settings, the places where parts and the sandbox are put together, the demonstration."""

ORDINARY_WORDS = ("simulated",)
"""Providers with names that may stand in any sentence; as a value, they are names."""

_NAMED = re.compile(
    rf"(?<![a-z])(?:{'|'.join(PROVIDERS)})(?![a-z])|(?<=[\"'])(?:{'|'.join(ORDINARY_WORDS)})(?=[\"'])", re.IGNORECASE
)


def named_providers(module: Module) -> Iterator[str]:
    """Lines that name a provider where any provider must do."""
    if str(module.path).startswith(ALLOWED):
        return
    for number, line in enumerate(module.text.splitlines(), start=1):
        if found := _NAMED.search(line):
            yield module.at(
                number, f"names {found[0]}; ask the gateway's capabilities, or take the name from the terms"
            )


def test_providers_are_named_at_home_only() -> None:
    assert_kept(named_providers, bursar())


@pytest.mark.parametrize(
    "text",
    ['if gateway == "stripe": pass', "X = settings.mockbank_url", "# As Flutterwave does.", 'GATEWAY = "simulated"'],
)
def test_a_provider_abroad_is_seen(text: str) -> None:
    assert breaches(named_providers, [snippet("src/bursar/dispatch/actions.py", text)])


def test_an_ordinary_word_may_be_said() -> None:
    assert not breaches(named_providers, [snippet("src/bursar/dispatch/actions.py", "# In a simulated world.")])


def test_every_adapter_is_known_here() -> None:
    adapters = {m.path.parts[3] for m in bursar() if m.room == "gateways" and m.path.parts[4:] == ("__init__.py",)}
    assert adapters <= {*PROVIDERS, *ORDINARY_WORDS, "instructions"}, "add the new provider to PROVIDERS"
