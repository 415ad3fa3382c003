"""Gateway simulators with books of their own, for demonstrations, tests and benchmarks.

The sandbox imports nothing from Bursar. Its book is the independent witness of what was
really paid, so it must not share a single line with the code it gives evidence about.

One process serves them all: the mock bank (`bursar_sandbox.mockbank`) at its root, Flutterwave
(`bursar_sandbox.flutterwave`) under `/flutterwave`, and its fourth version under `/flutterwave/v4`; Stripe
(`bursar_sandbox.stripe`) under `/stripe`, and its book of transfers under `/stripe/transfers`; the marketplace's
simulated payments (`bursar_sandbox.simulated`) under `/simulated`, and RazorpayX (`bursar_sandbox.razorpayx`) under
`/razorpayx`.
"""

from bursar_sandbox.asgi import ASGIApp
from bursar_sandbox.clock import Clock, SystemClock
from bursar_sandbox.flutterwave.app import FlutterwaveApp
from bursar_sandbox.flutterwave.v3 import V3
from bursar_sandbox.flutterwave.v4 import V4
from bursar_sandbox.mockbank.app import MockBankApp
from bursar_sandbox.razorpayx.app import RazorpayXApp
from bursar_sandbox.sandbox import Sandbox
from bursar_sandbox.settings import (
    FlutterwaveSettings,
    RazorpayXSettings,
    SandboxSettings,
    SimulatedSettings,
    StripeSettings,
)
from bursar_sandbox.simulated.app import SimulatedApp
from bursar_sandbox.stripe.app import StripeApp

__all__ = [
    "ASGIApp",
    "Clock",
    "FlutterwaveSettings",
    "RazorpayXSettings",
    "SandboxSettings",
    "SimulatedSettings",
    "StripeSettings",
    "SystemClock",
    "create_app",
]


def create_app(settings: SandboxSettings, *, clock: Clock | None = None) -> ASGIApp:
    """Build the simulators as one ASGI application; their webhook senders live in its lifespan."""
    clock = clock or SystemClock()
    flutterwave = settings.flutterwave
    stripe = StripeApp(settings.stripe, clock=clock)
    return Sandbox(
        {
            "": MockBankApp(settings, clock=clock),
            "/flutterwave": FlutterwaveApp(V3(flutterwave), flutterwave, clock=clock),
            "/flutterwave/v4": FlutterwaveApp(V4(flutterwave, clock=clock), flutterwave, clock=clock),
            "/stripe": stripe,
            "/stripe/transfers": stripe.transfers,
            "/razorpayx": RazorpayXApp(settings.razorpayx, clock=clock),
            "/simulated": SimulatedApp(settings.simulated, clock=clock),
        },
        export_path=settings.export_path,
    )
