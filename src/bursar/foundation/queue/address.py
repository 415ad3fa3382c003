"""Where the queue is: read from ``QUEUE_URL``, or from the ``REDIS_…`` settings where only those are given."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, quote, urlsplit

from bursar.foundation import log
from bursar.foundation.errors import Invalid
from bursar.foundation.settings import Settings

_CARRIERS: Final[dict[str, Literal["pgqueuer", "redis", "rabbitmq"]]] = {
    "": "pgqueuer", "pgqueuer": "pgqueuer", "redis": "redis", "rediss": "redis", "amqp": "rabbitmq",
    "amqps": "rabbitmq",
}  # fmt: skip
_PORTS: Final = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
_PUBLISHED: Final = frozenset({"", "guest"})  # RabbitMQ's own first password.

_log = log.get(__name__)


class QueueNotSafe(Invalid):
    """The queue's address cannot be used."""

    code = "queue_not_safe"


@dataclass(frozen=True, slots=True)
class Address:
    """Which carrier, and where it is reached; ``url`` holds the password."""

    carrier: Literal["pgqueuer", "redis", "rabbitmq"]
    url: str = field(default="", repr=False)
    encrypted: bool = False
    ca_file: Path | None = None


def address(settings: Settings) -> Address:
    """Which carrier these settings choose.

    Raises:
        QueueNotSafe: there is no such carrier; or in production one across a network that asks for no password.
    """
    given = urlsplit(settings.queue_url.get_secret_value())
    if given.scheme not in _CARRIERS:
        raise QueueNotSafe("QUEUE_URL must begin with pgqueuer://, redis://, rediss://, amqp:// or amqps://")
    if given.scheme == "" and settings.redis_host:
        given = urlsplit(f"redis://{_bracketed(settings.redis_host)}:{settings.redis_port}/{settings.redis_db}")
    carrier = _CARRIERS[given.scheme]
    if carrier == "pgqueuer":
        return Address(carrier)
    scheme = "rediss" if given.scheme == "redis" and settings.redis_tls else given.scheme
    user, password = _credentials(given, settings)
    _insist_on_safety(settings, given.hostname or "", scheme=scheme, password=password)
    return Address(
        carrier,
        url=_written(given, scheme=scheme, user=user, password=password),
        encrypted=scheme in {"rediss", "amqps"},
        ca_file=settings.queue_ca_file,
    )


def _credentials(given: SplitResult, settings: Settings) -> tuple[str, str]:
    """Those of the address, or else those that stand beside it, for Redis."""
    if given.password is not None or not given.scheme.startswith("redis"):
        return given.username or "", given.password or ""
    password = settings.redis_password.get_secret_value() if settings.redis_password else ""
    return quote(given.username or settings.redis_username, safe=""), quote(password, safe="")


def _insist_on_safety(settings: Settings, host: str, *, scheme: str, password: str) -> None:
    if settings.environment != "production" or _is_here(host):
        return
    if password in _PUBLISHED:
        raise QueueNotSafe("In production a queue on another machine must have a password: REDIS_PASSWORD or QUEUE_URL")
    if scheme in {"redis", "amqp"}:
        _log.warning("queue.not_encrypted", host=host)


def _is_here(host: str) -> bool:
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _written(given: SplitResult, *, scheme: str, user: str, password: str) -> str:
    who = f"{user}:{password}@" if password else ""
    host = _bracketed(given.hostname or "localhost")
    query = f"?{given.query}" if given.query else ""
    return f"{scheme}://{who}{host}:{given.port or _PORTS[scheme]}{given.path}{query}"


def _bracketed(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
