"""Flutterwave's own SDK works against the simulator: its word on the wire format, beside the documentation's."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from flutterwave_house import KEY, open_flutterwave

SDK = Path(__file__).parent / "sdk"
NODE, NPM = shutil.which("node"), shutil.which("npm")
# Without the linters that the SDK takes along by mistake, and without running anything that packages bring.
INSTALL = ("ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund")

pytestmark = [
    pytest.mark.skipif(not (NODE and NPM), reason="node and npm are not installed"),
    pytest.mark.timeout(300),  # The first installation fetches some seventy packages.
]


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK, installed as it is locked."""
    folder = tmp_path_factory.mktemp("sdk")
    shutil.copytree(SDK, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    status, _, errors = asyncio.run(_run(str(NPM), *INSTALL, folder=folder))
    if status != 0:
        pytest.skip(f"npm could not install the SDK: {errors.decode()[-500:]}")
    return folder


def test_the_lock_file_says_what_and_not_where_from() -> None:
    lock = json.loads((SDK / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if "integrity" not in package] == []


async def test_the_official_sdk_finds_its_way_around(sdk: Path) -> None:
    async with open_flutterwave() as flutterwave:
        status, output, errors = await _run(str(NODE), "walk.js", flutterwave.base, KEY, folder=sdk)
        assert status == 0, errors.decode()
        book = await flutterwave.book()
    said = json.loads(output)
    _check_transfers(said)
    _check_the_rest(said)
    assert {line["reference"] for line in book["transfers"]} == {"sdk-1", "sdk-bulk-1", "sdk-bulk-2", "sdk-wallet"}


def _check_transfers(said: dict[str, Any]) -> None:
    assert said["created"]["message"] == "Transfer Queued Successfully"
    assert said["created"]["data"]["status"] == "NEW"
    assert (said["again"]["status"], said["again"]["data"]) == ("error", None)
    assert said["blacklisted"]["message"] == "Payout was made to a blacklisted account number"
    assert said["fetched"]["data"]["status"] == "SUCCESSFUL"
    assert [line["reference"] for line in said["found"]["data"]] == ["sdk-1"]
    assert said["missing"]["data"] == []
    assert said["bulk"]["message"] == "Bulk transfer queued"
    assert said["all"]["meta"]["page_info"]["total"] == 3
    assert said["wallet"]["data"]["bank_name"] == "wallet"


def _check_the_rest(said: dict[str, Any]) -> None:
    assert said["fee"]["data"] == [{"currency": "NGN", "fee_type": "value", "fee": 26.875}]
    assert said["resolved"]["data"]["account_name"] == "Pastor Bright"
    assert said["unresolved"]["status"] == "error"
    assert said["balance"]["data"]["currency"] == "NGN"
    assert said["balance"]["data"] in said["balances"]["data"]
    assert "044" in {bank["code"] for bank in said["banks"]["data"]}
    assert said["branches"]["data"][0]["bank_id"] == 280
    assert said["savedOne"]["data"] == said["saved"]["data"] == said["savedOnes"]["data"][0]


async def _run(*command: str, folder: Path) -> tuple[int, bytes, bytes]:
    """Run a program to its end: its status, its output, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None, "it has ended"
    return process.returncode, output, errors
