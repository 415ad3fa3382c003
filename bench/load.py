"""The load: many connections, each asking again as soon as it is answered (a closed loop), from one thread.

It shares the machine with the server and the database, so it does as little as it can: requests are rendered before the
clock starts, and of an answer only the status and the length are read.
"""

import asyncio
import json
import random
import selectors
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final
from uuid import UUID, uuid4

from bench.ground import CURRENCY, TITLE, Merchant

BANKS: Final = ("ABL", "HBL", "MCB", "MEZN", "NBP", "SCB", "UBL")
SILENCE_SECONDS_MAX: Final = 30.0  # A server that says nothing for so long will not.
BETWEEN_CONNECTIONS: Final = 0.002  # Seconds. Those that arrive together all end up with the same server process.
READ_BYTES: Final = 64 * 1024
CREATED: Final = b"HTTP/1.1 201"
TAKEN: Final = b"HTTP/1.1 200"


class LoadFailed(Exception):
    """The server did not answer as it should, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What came of a load: how many requests were answered, in how many seconds, at which latencies."""

    answered: int
    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.answered / self.seconds


def render(merchants: Sequence[Merchant], *, count: int, seed: int) -> list[bytes]:
    """Requests for ``count`` payouts: a random merchant, amount and account each, and a key that never comes again."""
    chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
    return [_request(chance.choice(merchants), chance) for _ in range(count)]


def post(path: str, headers: Mapping[str, str], content: bytes) -> bytes:
    """One request with JSON, as it travels."""
    return ask("POST", path, {"Content-Type": "application/json", **headers}, content)


def ask(method: str, path: str, headers: Mapping[str, str], content: bytes = b"") -> bytes:
    """Any request, as it travels."""
    given = {"Host": "bench", **headers, "Content-Length": len(content)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content


def body(chance: random.Random) -> bytes:
    """One payout as a merchant's system asks for it, of an amount that needs no review."""
    number = chance.getrandbits(40)
    return (
        f'{{"merchantReference":"order-{number:013}","amount":{chance.randint(1, 99_999)}.{chance.randint(10, 99)},'
        f'"currency":"{CURRENCY}","destType":"BANK","bankCode":"{chance.choice(BANKS)}",'
        f'"accountNumber":"{number % 10**10:010}0001","accountTitle":"{TITLE}"}}'
    ).encode()


def file(merchant: Merchant, *, rows: int, seed: int) -> tuple[Merchant, bytes]:
    """A file of so many payouts of one merchant's."""
    chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
    return merchant, b"[%b]" % b",".join(body(chance) for _ in range(rows))


def upload(host: str, port: int, files: Sequence[tuple[Merchant, bytes]]) -> float:
    """Send these files one after another; payouts per second.

    Raises:
        LoadFailed: a row was refused.
    """
    connection = HTTPConnection(host, port, timeout=SILENCE_SECONDS_MAX)
    began = time.perf_counter()
    accepted = sum(_upload(connection, merchant, content) for merchant, content in files)
    seconds = time.perf_counter() - began
    connection.close()
    return accepted / seconds


def drive(
    host: str, port: int, requests: Sequence[bytes], *, connections: int, seconds: float, wanted: bytes = CREATED
) -> Driven:
    """Send requests over this many connections for so long; when they run out, the clock stops with the last answer.

    Raises:
        LoadFailed: an answer did not begin with what is ``wanted``, or none came.
    """
    waiting = iter(requests)
    with selectors.DefaultSelector() as selector:
        lines = [_connect(host, port) for _ in range(min(connections, len(requests)))]
        try:
            for line in lines:
                selector.register(line, selectors.EVENT_READ, _Line(line, wanted))
            return _loop(selector, waiting, seconds=seconds)
        finally:
            for line in lines:
                line.close()


async def read_answer(reader: asyncio.StreamReader) -> None:
    """Read one answer.

    Raises:
        LoadFailed: it is not a created payout.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    content = await reader.readexactly(_length(head))
    if not head.startswith(CREATED):
        raise LoadFailed((head + content).decode("utf-8", "replace"))


@dataclass(slots=True)
class _Line:
    """One connection: when its request went out, and what has come back so far."""

    socket: socket.socket
    wanted: bytes
    asked_at: float = 0.0
    received: bytes = b""

    def ask(self, request: bytes, now: float) -> None:
        self.asked_at, self.received = now, b""
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Read what there is; whether the answer is whole."""
        self.received += self.socket.recv(READ_BYTES)
        if not self.received.startswith(self.wanted):
            raise LoadFailed(self.received[:500].decode("utf-8", "replace") or "the connection was closed")
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return False
        return len(rest) >= _length(head + b"\r")


def _length(head: bytes) -> int:
    start = head.index(b"content-length: ") + 16
    return int(head[start : head.index(b"\r", start)])


def _connect(host: str, port: int) -> socket.socket:
    time.sleep(BETWEEN_CONNECTIONS)
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _loop(selector: selectors.BaseSelector, waiting: Iterator[bytes], *, seconds: float) -> Driven:
    clock = time.perf_counter
    latencies: list[float] = []
    began = now = clock()
    for key in list(selector.get_map().values()):
        key.data.ask(next(waiting), now)
    while now - began < seconds and selector.get_map():
        ready = selector.select(SILENCE_SECONDS_MAX)
        if not ready:
            raise LoadFailed(f"no answer for {SILENCE_SECONDS_MAX:g} s")
        now = clock()
        for key, _ in ready:
            line = key.data
            if line.is_answered():
                latencies.append(now - line.asked_at)
                request = next(waiting, None)
                if request is None:
                    selector.unregister(line.socket)
                else:
                    line.ask(request, now)
    return Driven(len(latencies), now - began, latencies)


def _upload(connection: HTTPConnection, merchant: Merchant, content: bytes) -> int:
    headers = {"Content-Type": "application/json", "X-API-KEY": merchant.api_key, "X-IDEMPOTENCY-KEY": str(uuid4())}
    connection.request("POST", "/api/v1/payouts/bulk", content, headers)
    answer = json.loads(connection.getresponse().read())
    if "results" not in answer or answer["refused"]:
        raise LoadFailed(str(answer)[:500])
    return int(answer["accepted"])


def _request(merchant: Merchant, chance: random.Random) -> bytes:
    key = UUID(int=chance.getrandbits(128), version=4)
    return post("/api/v1/payouts", {"X-API-KEY": merchant.api_key, "X-IDEMPOTENCY-KEY": str(key)}, body(chance))
