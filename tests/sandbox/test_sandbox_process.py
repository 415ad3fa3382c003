"""The sandbox as a process of its own, and as a witness that shares nothing with Bursar."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bursar_sandbox

SOURCE = Path(bursar_sandbox.__file__).parent
FLUTTERWAVE_TRANSFER = {
    "account_bank": "044",
    "account_number": "1234500001",
    "amount": 10,
    "currency": "NGN",
    "reference": "r-1",
}


def test_it_says_where_it_is_and_leaves_its_book_behind(tmp_path: Path) -> None:
    export = tmp_path / "book.json"
    command = [sys.executable, "-m", "bursar_sandbox", "--port", "0", "--api-key", "k", "--export", str(export)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert (ready["event"], ready["pid"]) == ("ready", process.pid)
        assert ready["url"] == f"http://{ready['host']}:{ready['port']}"
        _pay(ready["url"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    book = json.loads(export.read_text())
    assert [line["reference"] for line in book["transfers"]] == ["r-1"]
    assert book["totals"]["PKR"]["net_minor"] == 100_000


def test_each_gateway_has_an_address_keys_and_a_book_of_its_own(tmp_path: Path) -> None:
    export = tmp_path / "book.json"
    command = [sys.executable, "-m", "bursar_sandbox", "--port", "0", "--export", str(export)]
    keys = {"SANDBOX_FLUTTERWAVE_SECRET_KEY": "FLWSECK-k"}
    with subprocess.Popen(
        [*command, "--flutterwave-settle-after-ms", "0"], stdout=subprocess.PIPE, text=True, env=os.environ | keys
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        _post(f"{url}/flutterwave/v3/transfers", key="FLWSECK-k", body=FLUTTERWAVE_TRANSFER)
        _until_paid(f"{url}/flutterwave/book/totals")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    books = {path.name: json.loads(path.read_text())["transfers"] for path in tmp_path.iterdir()}
    others = {"flutterwave", "flutterwave-v4", "razorpayx", "simulated", "stripe", "stripe-transfer"}
    assert books.keys() == {"book.json", *(f"book.{other}.json" for other in others)}
    assert [line["reference"] for line in books["book.flutterwave.json"]] == ["r-1"]
    assert books["book.json"] == books["book.flutterwave-v4.json"] == []


def test_the_witness_shares_no_code_with_the_accused() -> None:
    assert [name for name in _imports() if name == "bursar" or name.startswith("bursar.")] == []


def _pay(url: str) -> None:
    body = {
        "reference": "r-1",
        "orderId": "o-1",
        "amount": "1000.00",
        "currency": "PKR",
        "bankCode": "HBL",
        "accountNumber": "1234500001",
        "accountTitle": "Test User",
    }
    _post(f"{url}/v1/transfers", key="k", body=body)


def _post(url: str, *, key: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 - an address on loopback.
        url, data=json.dumps(body).encode(), headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above.
        assert reply.status == 200


def _until_paid(url: str) -> None:
    """Wait until a book has something paid in it."""
    for _ in range(1000):
        with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 - an address on loopback.
            if json.load(reply)["totals"]["NGN"]["count_paid"]:
                return
        time.sleep(0.01)
    raise AssertionError("nothing was ever paid")


def _imports() -> Iterator[str]:
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""
