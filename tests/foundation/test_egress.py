"""Calling other people's addresses, against real sockets: what connects, to what, how long, and what is read."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bursar.foundation.addresses import Policy, UnsafeAddress
from bursar.foundation.db import Database
from bursar.foundation.egress import ANSWER_BYTES_MAX, Egress
from bursar.foundation.http import CallFailed

LOOPBACK = Policy(allow_loopback=True)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names:
    """A name server of the test's own: each name's answers in turn, the last one for ever."""

    def __init__(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._answers = {name: list(turns) for name, turns in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[str]:
        """Answer once."""
        self.asked.append(name)
        turns = self._answers.get(name)
        if turns is None:
            raise OSError("no such name")
        return turns.pop(0) if len(turns) > 1 else turns[0]


@contextlib.asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A real HTTP server on loopback; its port."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def talking(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """A bare TCP server on loopback, for answers no HTTP library would give; its port."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def accept_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept_line, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for running in talks:
            running.cancel()
        await asyncio.gather(*talks)


@contextlib.asynccontextmanager
async def opened(
    policy: Policy | None = None, names: Names | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Egress]:
    egress = Egress.open(policy, lookup=names, tls=tls)
    try:
        yield egress
    finally:
        await egress.close()


async def post(egress: Egress, url: str, *, deadline: float = 5.0) -> int:
    return await egress.post(url, headers={"Content-Type": "application/json"}, body=b"{}", deadline=deadline)


async def cause(egress: Egress, url: str, *, deadline: float = 5.0) -> str:
    with pytest.raises(CallFailed) as failed:
        await post(egress, url, deadline=deadline)
    return failed.value.cause


async def accept(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=204)


async def test_it_posts_the_very_bytes_and_gives_back_the_status() -> None:
    seen: list[tuple[str, bytes, Mapping[str, str]]] = []

    async def remember(request: web.Request) -> web.Response:
        seen.append((request.method, await request.read(), request.headers))
        return web.Response(status=202, headers={"Set-Cookie": "a=b"})

    async with serving(remember) as port, opened(LOOPBACK) as egress:
        assert [await post(egress, f"http://127.0.0.1:{port}/") for _ in range(2)] == [202, 202]
    method, body, headers = seen[1]
    assert (method, body, headers["Content-Type"]) == ("POST", b"{}", "application/json")
    assert not {"Cookie", "Authorization", "Accept-Encoding"} & set(headers)


async def test_it_connects_to_the_checked_address_and_keeps_the_host() -> None:
    hosts: list[str] = []

    async def remember(request: web.Request) -> web.Response:
        hosts.append(request.host)
        return web.Response()

    names = Names({"hooks.localhost": [["127.0.0.1"], ["10.0.0.1"]]})
    async with serving(remember) as port, opened(LOOPBACK, names) as egress:
        assert await post(egress, f"http://hooks.localhost:{port}/") == 200
        assert hosts == [f"hooks.localhost:{port}"]
        assert names.asked == ["hooks.localhost"]  # One look for check and connection: nothing can change in between.


async def test_tls_is_verified_for_the_name_although_the_address_is_connected_to(tmp_path: Path) -> None:
    server_names: list[str | None] = []
    server, client = certificate_for("hooks.localhost", tmp_path)
    server.sni_callback = lambda _socket, name, _context: server_names.append(name)
    names = Names({"hooks.localhost": [["127.0.0.1"]], "other.localhost": [["127.0.0.1"]]})
    async with serving(accept, server) as port, opened(LOOPBACK, names, client) as egress:
        assert await post(egress, f"https://hooks.localhost:{port}/") == 204
        assert await cause(egress, f"https://other.localhost:{port}/") == "tls_failed"
    assert server_names == ["hooks.localhost", "other.localhost"]


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server, _ = certificate_for("localhost", tmp_path)
    async with serving(accept, server) as port, opened(LOOPBACK) as egress:
        assert await cause(egress, f"https://127.0.0.1:{port}/") == "tls_failed"


async def test_rebinding_a_name_after_it_was_vetted_gains_nothing() -> None:
    """The classic attack: public when it is looked at, inside when it is called."""
    names = Names({"rebind.example.com": [["93.184.216.34"], ["127.0.0.1"]]})
    async with opened(names=names) as egress:
        assert (await egress.vet("https://rebind.example.com/")).host == "rebind.example.com"
        assert await cause(egress, "https://rebind.example.com/") == "address_refused"


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "64:ff9b::a01:203"])
async def test_one_inside_address_among_public_ones_is_enough_to_refuse(inside: str) -> None:
    names = Names({"mixed.example.com": [["93.184.216.34", inside, "2606:4700:4700::1111"]]})
    async with opened(names=names) as egress:
        assert await cause(egress, "https://mixed.example.com/") == "address_refused"
        with pytest.raises(UnsafeAddress, match="public addresses only"):
            await egress.vet("https://mixed.example.com/")


async def test_loopback_names_may_only_lead_to_loopback() -> None:
    names = Names({"hooks.localhost": [["10.0.0.1"]], "inside.example.com": [["127.0.0.1"]]})
    async with opened(LOOPBACK, names) as egress:
        assert await cause(egress, "http://hooks.localhost:8080/") == "address_refused"
        assert await cause(egress, "https://inside.example.com/") == "address_refused"


async def test_the_text_is_checked_again_before_each_call() -> None:
    """An address stored under an older or looser policy is not called."""
    async with serving(accept) as port, opened() as egress:
        assert await cause(egress, f"http://127.0.0.1:{port}/") == "address_refused"
        assert await cause(egress, "https://169.254.169.254/") == "address_refused"


async def test_the_socket_is_the_last_gate() -> None:
    """Even a gate whose text check was fooled opens no socket to the inside."""
    async with opened() as egress:
        for inside in ("127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"):
            version = ipaddress.ip_address(inside).version
            family = {4: 2, 6: 10}[version]
            with pytest.raises(OSError, match="may not be called"):
                egress._gate.open_socket((family, 1, 6, "", (inside, 443)))


async def test_a_name_that_does_not_exist_is_refused_when_vetted_and_fails_when_called() -> None:
    names = Names({"empty.example.com": [[]]})
    async with opened(names=names) as egress:
        for host in ("gone.example.com", "empty.example.com"):
            with pytest.raises(UnsafeAddress, match="can be resolved"):
                await egress.vet(f"https://{host}/")
            assert await cause(egress, f"https://{host}/") == "name_not_resolved"


async def test_the_system_resolver_is_asked_when_none_is_given() -> None:
    async with serving(accept) as port, opened(LOOPBACK) as egress:
        assert await post(egress, f"http://localhost:{port}/") == 204
        assert (await egress.vet(f"http://localhost:{port}/")).host == "localhost"


async def test_an_ip_address_is_vetted_without_asking_any_name_server() -> None:
    names = Names({})
    async with opened(names=names) as egress:
        assert str(await egress.vet("https://93.184.216.34/hook")) == "https://93.184.216.34/hook"
    assert names.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    paths: list[str] = []

    async def send_away(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=status, headers={"Location": "/inside"})

    async with serving(send_away) as port, opened(LOOPBACK) as egress:
        assert await post(egress, f"http://127.0.0.1:{port}/hook") == status
    assert paths == ["/hook"]


async def test_one_that_never_answers_costs_no_more_than_the_deadline() -> None:
    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(listen) as port, opened(LOOPBACK) as egress:
        began = asyncio.get_running_loop().time()
        assert await cause(egress, f"http://127.0.0.1:{port}/", deadline=0.3) == "timed_out"
        assert asyncio.get_running_loop().time() - began < 1


async def test_trickled_headers_cannot_stretch_the_deadline() -> None:
    async def trickle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: y\r\n" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(trickle) as port, opened(LOOPBACK) as egress:
        assert await cause(egress, f"http://127.0.0.1:{port}/", deadline=0.5) == "timed_out"


async def test_a_trickled_body_does_not_hide_the_status_or_hold_us_up() -> None:
    async def trickle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(trickle) as port, opened(LOOPBACK) as egress:
        began = asyncio.get_running_loop().time()
        assert await post(egress, f"http://127.0.0.1:{port}/", deadline=30) == 200
        assert asyncio.get_running_loop().time() - began < 5


async def test_a_large_answer_is_cut_off() -> None:
    sent = 0
    cut = asyncio.Event()

    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                sent += 65_536
        finally:
            cut.set()

    async with talking(flood) as port, opened(LOOPBACK) as egress:
        assert await post(egress, f"http://127.0.0.1:{port}/") == 200
        await asyncio.wait_for(cut.wait(), 5)
    assert sent < 200 * ANSWER_BYTES_MAX  # What the sockets' buffers swallowed; a thousand million were on offer.


async def test_a_line_that_breaks_or_talks_nonsense_is_a_failed_call() -> None:
    async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()

    for talk in (hang_up, babble):
        async with talking(talk) as port, opened(LOOPBACK) as egress:
            assert await cause(egress, f"http://127.0.0.1:{port}/") == "connection_lost"


async def test_a_port_where_nobody_listens_is_no_connection() -> None:
    async with talking(lambda _reader, _writer: asyncio.sleep(0)) as port:
        pass
    async with opened(LOOPBACK) as egress:
        assert await cause(egress, f"http://127.0.0.1:{port}/") == "no_connection"


async def test_it_refuses_to_work_while_a_transaction_is_open(database: Database) -> None:
    async with opened(LOOPBACK) as egress, database.transaction():
        with pytest.raises(AssertionError, match="holding a transaction"):
            await post(egress, "http://127.0.0.1:9/")
        with pytest.raises(AssertionError, match="holding a transaction"):
            await egress.vet("http://127.0.0.1:9/")


@pytest.fixture(autouse=True)
def no_proxy_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy from the environment would see everything; none of these calls may reach it."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for one name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())
