"""A simulator for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest
from flutterwave_house import FlutterwaveHouse, open_flutterwave
from razorpayx_house import RazorpayXHouse, open_razorpayx
from sandbox_house import SandboxHouse, open_house
from simulated_house import SimulatedHouse, open_simulated
from stripe_house import StripeHouse, open_stripe


@pytest.fixture
async def bank() -> AsyncIterator[SandboxHouse]:
    """A bank that answers at once and misbehaves only when told to."""
    async with open_house() as house:
        yield house


@pytest.fixture
async def flutterwave() -> AsyncIterator[FlutterwaveHouse]:
    """A Flutterwave that settles at once and misbehaves only when told to."""
    async with open_flutterwave() as house:
        yield house


@pytest.fixture
async def platform() -> AsyncIterator[StripeHouse]:
    """A Stripe that settles at once and misbehaves only when told to."""
    async with open_stripe() as house:
        yield house


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedHouse]:
    """Simulated payments that always succeed, at once."""
    async with open_simulated(success_rate=1) as house:
        yield house


@pytest.fixture
async def business() -> AsyncIterator[RazorpayXHouse]:
    """A business at RazorpayX that pays at once and misbehaves only when told to."""
    async with open_razorpayx() as house:
        yield house
