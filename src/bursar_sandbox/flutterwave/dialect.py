"""What the two versions of Flutterwave's interface have in common for the application that serves them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.faults import Call, Fault, Faults
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import News


class Route(NamedTuple):
    """What a call leads to, and what kind of call that is."""

    call: Call
    act: Callable[[Fault | None], Answer]
    """Does it; is given the fault that the answer must show."""


class Refused(Exception):
    """Flutterwave does not do this; the answer says so in its version's words."""

    def __init__(self, answer: Answer) -> None:
        """Refuse with this answer."""
        super().__init__(answer.status)
        self.answer = answer


class Desk(Protocol):
    """Answers a version's calls. Every act is quick and never waits."""

    def route(self, exchange: Exchange, path: str, body: bytes) -> Route:
        """Where a call leads.

        Raises:
            Refused: nowhere, or the caller may not call.
        """
        ...


class Dialect(Protocol):
    """One version of the interface."""

    name: str
    """Of the gateway."""
    webhook_url: str | None
    refusing: Mapping[Fault, Answer]
    """What is answered where a fault strikes before anything is booked."""

    def sign(self, event_id: str, unix_seconds: int, body: bytes, /) -> dict[str, str]:
        """The headers that prove where a webhook comes from."""
        ...

    def open_desk(self, processor: Processor, faults: Faults, /) -> Desk:
        """A desk for this merchant's account."""
        ...

    def report(self, news: News) -> bytes | None:
        """The body of a webhook, or None if this version tells nobody."""
        ...
