"""Redis and RabbitMQ over TLS: with the right certificate authority, and not with another one."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from queue_house import JOB, Crewing, Note, answering, until

from bursar.foundation import db, queue
from bursar.foundation.db import Database
from bursar.foundation.queue import Carrier
from bursar.foundation.settings import Settings
from queue_servers import FORGIVING, Server, certificate, rabbit_server, redis_server

pytestmark = FORGIVING


@pytest.fixture(params=["redis", "rabbitmq"])
def encrypted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server that speaks TLS only."""
    make = redis_server if request.param == "redis" else rabbit_server
    with make(tmp_path / "server", encrypted=True) as server:
        yield server


def carrier(settings: Settings, database: Database, **chosen: Any) -> Carrier:
    settings = settings.model_copy(update=chosen)
    return queue.open_carrier(settings, database, partial(db.connect_alone, settings))


async def test_jobs_travel_encrypted_and_only_to_whom_we_trust(
    encrypted: Server, settings: Settings, database: Database, tmp_path: Path
) -> None:
    await encrypted.start()
    address, here = SecretStr(encrypted.url), Crewing()
    (tmp_path / "other").mkdir()
    stranger, _ = certificate(tmp_path / "other")
    for ca_file in (None, stranger):
        wrong = carrier(settings, database, queue_url=address, queue_ca_file=ca_file)
        await wrong.ring(JOB, Note(1))
        assert (await wrong.figures()).lost == 1
        await wrong.close()
    right = carrier(settings, database, queue_url=address, queue_ca_file=encrypted.ca_file)
    async with answering(right, here.crew):
        await right.ring(JOB, Note(2))
        await until(lambda: here.heard == [2])
