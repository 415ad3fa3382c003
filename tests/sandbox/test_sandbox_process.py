"""The sandbox as a process of its own, and as a witness that shares nothing with Bursar."""

import ast
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import bursar_sandbox

SOURCE = Path(bursar_sandbox.__file__).parent


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
    request = urllib.request.Request(  # noqa: S310 - an address on loopback.
        f"{url}/v1/transfers", data=json.dumps(body).encode(), headers={"Authorization": "Bearer k"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above.
        assert reply.status == 200


def _imports() -> Iterator[str]:
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""
