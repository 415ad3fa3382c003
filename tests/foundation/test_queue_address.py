"""Which carrier the settings choose, how it is reached, and what production refuses."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bursar.foundation import queue
from bursar.foundation.queue import QueueNotSafe
from bursar.foundation.settings import Settings


def chosen(**settings: Any) -> queue.Address:
    given = {name: SecretStr(value) if name in SECRETS else value for name, value in settings.items()}
    return queue.address(Settings(_env_file=None, **given))


SECRETS = {"queue_url", "redis_password"}
PRODUCTION = {"BURSAR_ENV": "production", "encryption_key": SecretStr("0123456789abcdef" * 2)}


@pytest.mark.parametrize(
    ("settings", "carrier", "url"),
    [
        ({}, "pgqueuer", ""),
        ({"queue_url": "pgqueuer://", "redis_host": "redis"}, "pgqueuer", ""),
        ({"redis_host": "localhost"}, "redis", "redis://localhost:6379/0"),
        ({"redis_host": "r", "redis_port": 7000, "redis_db": 3}, "redis", "redis://r:7000/3"),
        ({"redis_host": "r", "redis_password": "p@ss/1"}, "redis", "redis://default:p%40ss%2F1@r:6379/0"),
        ({"redis_host": "r", "redis_username": "me", "redis_password": "x"}, "redis", "redis://me:x@r:6379/0"),
        ({"redis_host": "::1"}, "redis", "redis://[::1]:6379/0"),
        ({"redis_host": "r", "redis_tls": True}, "redis", "rediss://r:6379/0"),
        ({"queue_url": "redis://r/1", "redis_password": "x"}, "redis", "redis://default:x@r:6379/1"),
        ({"queue_url": "rediss://:x@r:1/1", "redis_password": "y"}, "redis", "rediss://:x@r:1/1"),
        ({"queue_url": "amqp://me:x@q"}, "rabbitmq", "amqp://me:x@q:5672"),
        ({"queue_url": "amqps://me:x@q/jobs"}, "rabbitmq", "amqps://me:x@q:5671/jobs"),
        ({"queue_url": "amqp://q/", "redis_password": "x"}, "rabbitmq", "amqp://q:5672/"),
    ],
)
def test_the_settings_choose_a_carrier(settings: dict[str, Any], carrier: str, url: str) -> None:
    found = chosen(**settings)
    assert (found.carrier, found.url) == (carrier, url)
    assert found.encrypted == url.startswith(("rediss:", "amqps:"))


def test_an_address_does_not_show_its_password() -> None:
    assert "secret" not in repr(chosen(queue_url="redis://:secret@r"))


@pytest.mark.parametrize("url", ["kafka://q", "localhost:6379", "http://redis"])
def test_another_carrier_is_refused(url: str) -> None:
    with pytest.raises(QueueNotSafe):
        chosen(queue_url=url)


@pytest.mark.parametrize("url", ["redis://redis:6379", "rediss://10.0.0.7", "amqp://guest:guest@rabbit", "amqps://q"])
def test_production_refuses_a_queue_elsewhere_without_a_password(url: str) -> None:
    assert chosen(queue_url=url).url
    with pytest.raises(QueueNotSafe):
        chosen(queue_url=url, **PRODUCTION)


@pytest.mark.parametrize("url", ["redis://localhost", "redis://127.0.0.1", "amqp://[::1]", "redis://:x@redis", ""])
def test_production_takes_one_with_a_password_or_on_the_same_machine(url: str) -> None:
    chosen(queue_url=url, **PRODUCTION)


def test_the_certificates_are_handed_on() -> None:
    assert chosen(queue_url="rediss://:x@r", queue_ca_file="ca.pem").ca_file == Path("ca.pem")
