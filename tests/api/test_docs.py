"""The documentation: served from here alone, complete, and true (as schemathesis finds)."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api_house import furnished_database
from bursar.api.merchants.examples import CREATE
from bursar.identity import Role
from bursar.monitoring import reconciliation
from bursar.outbound import notices
from house import CRON_KEY, Client, Merchant, RunningHouse, running
from market_house import Earner
from providers_house import Provider

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = "6"  # For each operation and phase; more find no more, and take longer.

SignIn = Callable[..., Awaitable[Client]]
Platform = Callable[..., Awaitable[Client]]
OpenAsha = Callable[..., Awaitable[Earner]]


@pytest.fixture(scope="module")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of these tests' own: whoever tries everything stops money, too, and asks for comparisons."""
    with furnished_database(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def house(database_url: str) -> Iterator[RunningHouse]:
    """A running house on it."""
    with running(database_url) as house:
        yield house


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


async def test_two_rooms_kinds_of_one_name_are_told_apart(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    asked = {
        parameter["name"]: parameter["schema"]
        for parameter in document["paths"]["/api/admin/reconciliation/items"]["get"]["parameters"]
    }
    assert asked["kind"]["items"]["$ref"].endswith("/ReconciliationKind")
    assert schemas["ReconciliationKind"]["enum"] == sorted(reconciliation.Kind)
    assert schemas["NoticesKind"]["enum"] == sorted(notices.Kind)


def test_no_two_structs_share_a_name() -> None:
    """Else the document would call them by their modules, and every client would feel it when one moves."""
    modules: dict[str, set[str]] = defaultdict(set)
    for kind in _structs(msgspec.Struct):
        if kind.__module__.startswith("bursar.api.") and kind.__name__[0].isupper():  # Litestar makes some, in small.
            modules[kind.__name__].add(kind.__module__)
    assert len(modules) > 100
    assert {name: places for name, places in modules.items() if len(places) > 1} == {}


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


@pytest.mark.parametrize("only", ["/api/v1/payouts", "/api/v1/(?!payouts)"])
async def test_the_merchants_operations_are_as_documented(only: str, acme: Merchant, tmp_path: Path) -> None:
    run_schemathesis(acme, tmp_path, f"X-API-KEY: {acme.headers['X-API-KEY']}", only=only)


@pytest.mark.parametrize("only", ["/api/provider", "/api/push|/api/payouts$"])
async def test_the_providers_operations_are_as_documented(only: str, ada: Provider, tmp_path: Path) -> None:
    run_schemathesis(ada, tmp_path, f"Authorization: {ada.headers['Authorization']}", only=only)


@pytest.mark.parametrize("only", ["/api/holders", "/api/earnings"])
async def test_the_platforms_operations_are_as_documented(only: str, platform: Platform, tmp_path: Path) -> None:
    ours = await platform()
    run_schemathesis(ours, tmp_path, f"X-API-KEY: {ours.headers['X-API-KEY']}", only=only)


@pytest.mark.parametrize("only", ["/api/orders", "/api/(scouts|sellers)"])
async def test_the_marketplaces_operations_are_as_documented(only: str, platform: Platform, tmp_path: Path) -> None:
    ours = await platform(program="marketplace")
    run_schemathesis(ours, tmp_path, f"X-API-KEY: {ours.headers['X-API-KEY']}", only=only)


@pytest.mark.parametrize("only", ["/api/payouts/my-payouts", "/api/(scouts|sellers)"])
async def test_a_scouts_operations_are_as_documented(only: str, open_asha: OpenAsha, tmp_path: Path) -> None:
    asha = await open_asha(money="100.00")
    run_schemathesis(asha, tmp_path, f"Authorization: {asha.headers['Authorization']}", only=only)


async def test_the_schedulers_operations_are_as_documented(nobody: Client, tmp_path: Path) -> None:
    run_schemathesis(nobody, tmp_path, f"Authorization: Bearer {CRON_KEY}", only="/api/cron")


@pytest.mark.parametrize("only", ["/api/admin/(?!reconciliation)", "/api/admin/reconciliation"])
async def test_the_operations_of_staff_are_as_documented(only: str, sign_in: SignIn, tmp_path: Path) -> None:
    admin = await sign_in(Role.SUPER_ADMIN)
    run_schemathesis(admin, tmp_path, f"Authorization: {admin.headers['Authorization']}", only=only)


@pytest.mark.parametrize(
    "only",
    [
        "/api/holders",
        "/api/earnings",
        "/api/provider",
        "/api/orders",
        "/api/(scouts|sellers)",
        "(?!/api/(v1|cron|admin|holders|earnings|provider|orders|scouts|sellers)|.*/sign-)",
    ],
)
async def test_the_other_operations_are_as_documented(only: str, sign_in: SignIn, tmp_path: Path) -> None:
    """Signing in and out are left out: the one would be locked, the other would end the session."""
    admin = await sign_in(Role.SUPER_ADMIN)
    run_schemathesis(admin, tmp_path, f"Authorization: {admin.headers['Authorization']}", only=only)


def _structs(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for derived in kind.__subclasses__():
        yield derived
        yield from _structs(derived)


def run_schemathesis(client: Client, folder: Path, header: str, *, only: str) -> None:
    """Let it try examples, boundaries and chance against the operations whose paths begin like this."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG),
        "run", f"{client.url}/docs/openapi.json", "--header", header, f"--include-path-regex=^({only})",
        "--phases=examples,coverage,fuzzing", f"--max-examples={EXAMPLES}", "--seed=7",
        "--no-color", "--generation-database=none",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
