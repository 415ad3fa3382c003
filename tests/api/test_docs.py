"""The documentation: served from here alone, complete, and true (as schemathesis finds)."""

import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bursar.api.merchants.examples import CREATE
from bursar.identity import Role
from house import CRON_KEY, Client, Merchant
from providers_house import Provider

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = "6"  # For each operation and phase; more find no more, and take longer.

SignIn = Callable[..., Awaitable[Client]]
Platform = Callable[..., Awaitable[Client]]


@pytest.fixture
async def document(nobody: Client) -> dict[str, Any]:
    """The OpenAPI document."""
    answer = await nobody.get("/docs/openapi.json")
    assert answer.status == 200
    return dict(answer.json)


async def test_the_page_and_all_it_needs_come_from_here(nobody: Client) -> None:
    page = await nobody.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert len(needed) >= 4
    for address in needed:
        assert address.startswith("/docs/")
        assert (await nobody.get(address)).status == 200, address


async def test_no_script_stands_in_the_page_and_none_comes_from_elsewhere(nobody: Client) -> None:
    page = await nobody.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script[^>]*>[^<]+<|<style| on\w+=", page.body.decode()) == []


@pytest.mark.parametrize("file", ["swagger-ui/LICENSE", "../app.py", "%2e%2e/app.py", "nothing.js"])
async def test_no_other_file_is_served(file: str, nobody: Client) -> None:
    assert (await nobody.get(f"/docs/{file}")).status == 404


async def test_every_operation_is_described_with_examples(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["tags"], where
            told = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert told, where
            assert all("example" in content for answer in told for content in answer.get("content", {}).values()), where
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                assert content.keys() & {"example", "examples"} or media == "multipart/form-data", where


async def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


async def test_every_reference_leads_somewhere(document: dict[str, Any], nobody: Client) -> None:
    text = (await nobody.get("/docs/openapi.json")).body.decode()
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named <= document["components"]["schemas"].keys()
    assert all(re.fullmatch(r"\w+", name) for name in named)


async def test_the_documents_own_bodies_are_the_examples(document: dict[str, Any]) -> None:
    shown = document["paths"]["/api/v1/payouts"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    accounts = {name: example["value"]["accountNumber"] for name, example in shown.items()}
    assert accounts.items() >= {
        "Success": "1234500001", "Retry, then success": "9876500002", "Failure": "5555500003",
    }.items()  # fmt: skip


@pytest.mark.parametrize("name", CREATE)
async def test_the_examples_work(name: str, acme: Merchant) -> None:
    assert (await acme.ask("key-1", **CREATE[name])).status == 201


async def test_the_idempotency_key_is_a_required_header(document: dict[str, Any]) -> None:
    [header] = document["paths"]["/api/v1/payouts"]["post"]["parameters"]
    assert (header["name"], header["in"], header["required"]) == ("X-IDEMPOTENCY-KEY", "header", True)


async def test_who_is_let_in_stands_with_each_operation(document: dict[str, Any]) -> None:
    secured = {
        f"{method} {path}": [next(iter(way)) for way in operation["security"]]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert secured["get /api/v1/balance"] == ["ApiKey", "ApiKeyAsBearer"]
    assert secured["get /api/payouts"] == ["Session"]
    assert secured["post /api/cron/automated-payouts"] == ["CronKey"]
    assert secured["get /api/health"] == []


async def test_the_merchants_operations_are_as_documented(acme: Merchant, tmp_path: Path) -> None:
    run_schemathesis(acme, tmp_path, f"X-API-KEY: {acme.headers['X-API-KEY']}", "--include-path-regex=^/api/v1")


async def test_the_providers_operations_are_as_documented(ada: Provider, tmp_path: Path) -> None:
    header = f"Authorization: {ada.headers['Authorization']}"
    run_schemathesis(ada, tmp_path, header, "--include-path-regex=^/api/provider|^/api/push|^/api/payouts$")


async def test_the_platforms_operations_are_as_documented(platform: Platform, tmp_path: Path) -> None:
    ours = await platform()
    run_schemathesis(
        ours, tmp_path, f"X-API-KEY: {ours.headers['X-API-KEY']}", "--include-path-regex=^/api/(holders|earnings)"
    )


async def test_the_schedulers_operations_are_as_documented(nobody: Client, tmp_path: Path) -> None:
    run_schemathesis(nobody, tmp_path, f"Authorization: Bearer {CRON_KEY}", "--include-path-regex=^/api/cron")


async def test_the_operations_of_staff_are_as_documented(sign_in: SignIn, tmp_path: Path) -> None:
    admin = await sign_in(Role.SUPER_ADMIN)
    header = f"Authorization: {admin.headers['Authorization']}"
    run_schemathesis(admin, tmp_path, header, "--include-path-regex=^/api/admin")


async def test_the_other_operations_are_as_documented(sign_in: SignIn, tmp_path: Path) -> None:
    """Signing in and out are left out: the one would be locked, the other would end the session."""
    admin = await sign_in(Role.SUPER_ADMIN)
    header = f"Authorization: {admin.headers['Authorization']}"
    run_schemathesis(admin, tmp_path, header, "--exclude-path-regex=^/api/(v1|cron|admin)|/sign-")


def run_schemathesis(client: Client, folder: Path, header: str, only: str) -> None:
    """Let it try examples, boundaries and chance against the house."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG),
        "run", f"{client.url}/docs/openapi.json", "--header", header, only,
        "--phases=examples,coverage,fuzzing", f"--max-examples={EXAMPLES}", "--seed=7",
        "--no-color", "--generation-database=none",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
