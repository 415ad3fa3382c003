"""The polite client: never with a transaction open, never beyond its deadline, never more than its fill."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bursar.foundation.db import Database
from bursar.foundation.http import ANSWER_BYTES_MAX, CallFailed, PoliteClient

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-said: so\r\n\r\nok"


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    client = PoliteClient.open()
    yield client
    await client.close()


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[str]:
    """A server that talks as it was told, after it has read a request's head; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def saying(answer: bytes) -> Talk:
    """Say this and hang up."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return talk


async def trickling(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one byte at a time, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the other side leaves."""
    await reader.read()


async def test_it_gives_status_headers_and_body(client: PoliteClient) -> None:
    async with listening(saying(OK)) as url:
        reply = await client.call("POST", url, headers={"a": "b"}, body=b"?", deadline=5)
    assert (reply.status, reply.headers["X-Said"], reply.body) == (200, "so", b"ok")


async def test_it_refuses_to_call_out_while_a_transaction_is_open(client: PoliteClient, database: Database) -> None:
    async with listening(saying(OK)) as url:
        async with database.transaction():
            with pytest.raises(AssertionError, match="never call out"):
                await client.call("GET", url, headers={}, deadline=5)
        assert (await client.call("GET", url, headers={}, deadline=5)).status == 200


@pytest.mark.parametrize("talk", [trickling, silent])
async def test_its_deadline_is_for_the_whole_call(client: PoliteClient, talk: Talk) -> None:
    async with listening(talk) as url:
        with pytest.raises(CallFailed) as failed:
            await client.call("GET", url, headers={}, deadline=0.2)
    assert (failed.value.cause, failed.value.reached) == ("timed_out", True)


async def test_nobody_listening_is_proof_that_nothing_arrived(client: PoliteClient) -> None:
    async with listening(saying(OK)) as url:
        pass
    with pytest.raises(CallFailed) as failed:
        await client.call("GET", url, headers={}, deadline=5)
    assert (failed.value.cause, failed.value.reached) == ("no_connection", False)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", b"not http at all\r\n\r\n"]
)
async def test_a_connection_lost_on_the_way_proves_nothing(client: PoliteClient, answer: bytes) -> None:
    async with listening(saying(answer)) as url:
        with pytest.raises(CallFailed) as failed:
            await client.call("POST", url, headers={}, body=b"pay", deadline=5)
    assert failed.value.reached


async def test_an_endless_answer_is_cut_off(client: PoliteClient) -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with listening(flood) as url:
        with pytest.raises(CallFailed) as failed:
            await client.call("GET", url, headers={}, deadline=10)
    assert failed.value.cause == "answer_too_large"
    assert ANSWER_BYTES_MAX < 999999999


async def test_redirects_are_not_followed(client: PoliteClient) -> None:
    elsewhere = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"
    async with listening(saying(elsewhere)) as url:
        assert (await client.call("GET", url, headers={}, deadline=5)).status == 302


async def test_a_proxy_in_the_environment_is_not_used(client: PoliteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with listening(saying(OK)) as url:
        assert (await client.call("GET", url, headers={}, deadline=5)).status == 200


async def test_a_failure_names_no_address(client: PoliteClient) -> None:
    with pytest.raises(CallFailed) as failed:
        await client.call("GET", "http://no-such-host.invalid/secret-path", headers={}, deadline=5)
    assert str(failed.value) == "name_not_resolved"
