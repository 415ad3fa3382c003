"""What happened, and whom it is told: events, the endpoints that want them, and how they are signed."""

import hmac
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from bursar_sandbox.addresses import is_on_this_machine
from bursar_sandbox.clock import Clock
from bursar_sandbox.stripe.asks import EndpointAsk, EndpointChange
from bursar_sandbox.stripe.ids import PLATFORM, Ids
from bursar_sandbox.stripe.merging import changed
from bursar_sandbox.stripe.objects import Cause, Event, WebhookEndpoint
from bursar_sandbox.stripe.refusals import BadParameter
from bursar_sandbox.stripe.shelf import Kept, Shelf
from bursar_sandbox.webhooks import Webhook

KEPT: Final = 50_000  # About 60 MB; Stripe keeps events for 30 days.
SECRETS_MAX: Final = 2  # The one in use, and the one before it.

_encode: Final = msgspec.json.Encoder().encode


class Named(Protocol):
    """Something with a name, that an event can be about."""

    id: str


@dataclass(slots=True)
class Endpoint(Kept):
    """An address that is called, and the secrets that sign for it."""

    shown: WebhookEndpoint
    secrets: list[str]  # The newest first; each of them signs.
    is_connect: bool
    is_deleted: bool = False

    def wants(self, event: Event) -> bool:
        """It is to be told of this."""
        is_open = self.shown.status == "enabled" and not self.is_deleted
        is_for_it = self.is_connect == (event.account is not msgspec.UNSET)
        return is_open and is_for_it and not {"*", event.type}.isdisjoint(self.shown.enabled_events)

    def sign(self, _event_id: str, unix_seconds: int, body: bytes) -> dict[str, str]:
        """`Stripe-Signature`: the time, and for each secret the hex HMAC-SHA256 over `<time>.<raw body>`."""
        signed = b"%d." % unix_seconds + body
        proofs = [f"v1={hmac.digest(secret.encode(), signed, 'sha256').hex()}" for secret in self.secrets]
        return {"Stripe-Signature": ",".join([f"t={unix_seconds}", *proofs])}


class Events:
    """Tells what happens. Each account has its own list of events."""

    def __init__(self, *, api_version: str, clock: Clock, ids: Ids) -> None:
        """Nothing has happened, and nobody listens."""
        self._api_version = api_version
        self._clock = clock
        self._ids = ids
        self._news: list[Webhook] = []
        self.cause = Cause()  # The request that is being answered; events come from it.
        self.shelf: Shelf[Event] = Shelf("event", marks=_marks, keep=KEPT)
        self.endpoints: Shelf[Endpoint] = Shelf("webhook endpoint")

    def open(self, ask: EndpointAsk, *, secret: str | None = None) -> Endpoint:
        """A new address to call.

        Raises:
            BadParameter: it is not on this machine; a simulator calls nobody else.
        """
        _insist_on_this_machine(ask.url)
        shown = WebhookEndpoint(
            id=self._ids.new("we"),
            api_version=ask.api_version,
            created=self._clock.now_ms() // 1000,
            description=ask.description,
            enabled_events=ask.enabled_events,
            metadata=changed({}, ask.metadata),
            url=ask.url,
        )
        endpoint = Endpoint(shown, [secret or self._ids.new("whsec")], is_connect=ask.connect)
        self.endpoints.add(endpoint)
        return endpoint

    def change(self, endpoint: Endpoint, ask: EndpointChange) -> None:
        """Change what is given.

        Raises:
            BadParameter: the new address is not on this machine.
        """
        if ask.url is not None:
            _insist_on_this_machine(ask.url)
            endpoint.shown.url = ask.url
        if ask.disabled is not None:
            endpoint.shown.status = "disabled" if ask.disabled else "enabled"
        endpoint.shown.enabled_events = ask.enabled_events or endpoint.shown.enabled_events
        endpoint.shown.description = ask.description or endpoint.shown.description
        endpoint.shown.metadata = changed(endpoint.shown.metadata, ask.metadata)

    def roll(self, endpoint: Endpoint, *, secret: str) -> None:
        """Sign with another secret from now on, and with the one before it as well."""
        endpoint.secrets = [secret, *endpoint.secrets][:SECRETS_MAX]

    def tell(
        self,
        what: str,
        thing: Named,
        *,
        account: str = PLATFORM,
        before: dict[str, object] | None = None,
    ) -> None:
        """Something happened to this account; `before` is what was otherwise before."""
        data: dict[str, object] = {"object": thing}
        if before is not None:
            data["previous_attributes"] = before
        event = Event(
            id=self._ids.new("evt"),
            account=msgspec.UNSET if account == PLATFORM else account,
            api_version=self._api_version,
            created=self._clock.now_ms() // 1000,
            data=msgspec.Raw(_encode(data)),
            pending_webhooks=0,
            request=self.cause,
            type=what,
        )
        listeners = [endpoint for endpoint in self.endpoints.all if endpoint.wants(event)]
        event.pending_webhooks = len(listeners)
        self.shelf.add(event)
        self._news += [
            _webhook(event, endpoint, about=thing.id, place=place) for place, endpoint in enumerate(listeners)
        ]

    def take_news(self) -> list[Webhook]:
        """What there is to tell since the last call of this, oldest first."""
        news, self._news = self._news, []
        return news


def account_of(event: Event) -> str:
    """To whom it happened."""
    return PLATFORM if event.account is msgspec.UNSET else event.account


def _webhook(event: Event, endpoint: Endpoint, *, about: str, place: int) -> Webhook:
    """One event for one endpoint; deliveries are told apart by event, and beyond the first by endpoint too."""
    name = event.id if place == 0 else f"{event.id}.{endpoint.id}"
    return Webhook(name, about, _encode(event), endpoint.shown.url, endpoint.sign)


def _marks(event: Event) -> Iterable[Hashable]:
    return (account_of(event),)


def _insist_on_this_machine(url: str) -> None:
    if not is_on_this_machine(url):
        raise BadParameter("Invalid URL: the sandbox calls addresses on its own machine alone.", param="url")
