"""Browsers that want to be told: the key they subscribe with, and their subscriptions (Push API, RFC 8030)."""

from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar.api import reading
from bursar.api.entry import HolderRequest, Needs
from bursar.api.openapi import Doc
from bursar.foundation.clock import timestamp
from bursar.house import House
from bursar.outbound import notices

_KEY: Final = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
_SHOWN: Final[dict[str, Any]] = {
    "id": "01a1f850-5d42-7c08-a4d6-d16c0fa92a68",
    "service": "updates.push.services.mozilla.com",
    "createdAt": "2025-12-12T11:13:51.708Z",
}


class PublicKey(msgspec.Struct):
    """The key that browsers subscribe with."""

    key: Annotated[str, msgspec.Meta(description="For `applicationServerKey`: a P-256 public key in base64url.")]


class Keys(msgspec.Struct):
    """A browser's own keys, by which a message is encrypted for it alone (RFC 8291)."""

    p256dh: Annotated[str, msgspec.Meta(min_length=80, max_length=100, pattern="^[A-Za-z0-9_-]+=*$")]
    auth: Annotated[str, msgspec.Meta(min_length=20, max_length=30, pattern="^[A-Za-z0-9_-]+=*$")]


class SubscriptionBody(msgspec.Struct, rename="camel"):
    """What `PushSubscription.toJSON()` gives in a browser."""

    endpoint: Annotated[
        str,
        msgspec.Meta(
            min_length=9,
            max_length=2_000,
            description="https, on a public host, port 443.",
            extra_json_schema={"format": "uri", "pattern": "^https?://"},
        ),
    ]
    keys: Keys
    expiration_time: float | None = None  # Browsers send it; the push service itself says when it is over.


class SubscriptionView(msgspec.Struct, rename="camel"):
    """A browser that is told. Its address is a secret of its own and is not shown again."""

    id: UUID
    service: Annotated[str, msgspec.Meta(description="The host of its push service.")]
    created_at: str

    @classmethod
    def of(cls, subscription: notices.Subscription) -> "SubscriptionView":
        """Show one subscription."""
        host = urlsplit(subscription.endpoint).hostname or ""
        return cls(subscription.id, host, timestamp(subscription.created_at))


class Subscriptions(msgspec.Struct):
    """All of your browsers that are told, oldest first."""

    data: list[SubscriptionView]


@get(
    "/vapid-key",
    needs=Needs.HOLDER,
    doc=Doc(summary="Show the push key", answers=PublicKey, shows={"key": _KEY}, refuses=(409,)),
)
async def show_key(state: State) -> PublicKey:
    """Show the key that a browser subscribes with: `pushManager.subscribe({applicationServerKey: key, …})`."""
    return PublicKey(_key(state).public)


@post(
    "/subscriptions",
    needs=Needs.HOLDER,
    doc=Doc(
        summary="Subscribe a browser",
        takes=SubscriptionBody,
        examples={
            "As a browser gives it": {
                "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl",
                "expirationTime": None,
                "keys": {"p256dh": _KEY, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
            }
        },
        answers=SubscriptionView,
        shows=_SHOWN,
        refuses=(409,),
    ),
)
async def add_subscription(request: HolderRequest, state: State) -> SubscriptionView:
    """Have a browser told what you are told, from now on. Doing it again renews its keys."""
    house: House = state.house
    body = await reading.json(request, SubscriptionBody)
    _key(state)  # Without it nothing could ever be sent.
    p256dh, auth = notices.read_keys(body.keys.p256dh, body.keys.auth)
    target = await state.egress.vet(body.endpoint)
    acting = request.user
    new = notices.NewSubscription(acting.holder.id, acting.person.id, str(target), p256dh, auth)
    async with house.database.transaction() as tx:
        return SubscriptionView.of(await notices.subscribe(tx, new, at=house.clock.now()))


@get(
    "/subscriptions",
    needs=Needs.HOLDER,
    doc=Doc(summary="List subscribed browsers", answers=Subscriptions, shows={"data": [_SHOWN]}),
)
async def list_subscriptions(request: HolderRequest, state: State) -> Subscriptions:
    """List your own browsers that are told."""
    house: House = state.house
    acting = request.user
    async with house.database.transaction(readonly=True) as tx:
        found = await notices.subscriptions(tx, holder_id=acting.holder.id, person_id=acting.person.id)
    return Subscriptions([SubscriptionView.of(subscription) for subscription in found])


@delete(
    "/subscriptions/{subscription_id:str}",
    needs=Needs.HOLDER,
    doc=Doc(summary="Unsubscribe a browser", refuses=(404,)),
)
async def remove_subscription(subscription_id: FromPath[str], request: HolderRequest, state: State) -> None:
    """Have a browser told nothing any more."""
    house: House = state.house
    found = reading.identified(subscription_id, notices.NoSuchSubscription, of="subscription")
    acting = request.user
    async with house.database.transaction() as tx:
        await notices.unsubscribe(tx, found, holder_id=acting.holder.id, person_id=acting.person.id)


def _key(state: State) -> notices.VapidKey:
    key: notices.VapidKey | None = state.vapid_key
    if key is None:
        raise notices.PushNotConfigured
    return key


router = Router(
    path="/api/push",
    route_handlers=[show_key, add_subscription, list_subscriptions, remove_subscription],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Providers: notices"],
)
