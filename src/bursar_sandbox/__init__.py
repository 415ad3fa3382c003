"""Gateway simulators with books of their own, for demonstrations, tests and benchmarks.

The sandbox imports nothing from Bursar. Its book is the independent witness of what was
really paid, so it must not share a single line with the code it gives evidence about.

One simulator lives here so far: the mock bank (`bursar_sandbox.mockbank`).
"""

from bursar_sandbox.asgi import ASGIApp
from bursar_sandbox.clock import Clock, SystemClock
from bursar_sandbox.mockbank.app import MockBankApp
from bursar_sandbox.settings import SandboxSettings

__all__ = ["ASGIApp", "Clock", "SandboxSettings", "SystemClock", "create_app"]


def create_app(settings: SandboxSettings, *, clock: Clock | None = None) -> ASGIApp:
    """Build the mock bank as an ASGI application; the webhook sender lives in its lifespan."""
    return MockBankApp(settings, clock=clock or SystemClock())
