"""How a session travels, and that a cookie alone changes nothing."""

from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest

from bursar import identity
from bursar.foundation.db import Database
from bursar.identity import Role
from bursar.identity.model import PasswordHash
from ground import AT
from house import Client, Reply, RunningHouse

PASSWORD = "correct horse battery"
SAFE, UNSAFE = "/api/me", "/api/sign-out"

SignedIn = Callable[..., Awaitable[Reply]]


@pytest.fixture
def begin(database: Database, nobody: Client, password_hash: PasswordHash) -> SignedIn:
    """Signs a new manager in, with headers as given."""

    async def sign_in(**headers: str) -> Reply:
        email = f"{uuid4().hex}@example.com"
        async with database.transaction() as tx:
            await identity.add_person(
                tx, email=email, name="Somebody", password_hash=password_hash, roles=[Role.MANAGER],
                actor="system:test", at=AT,
            )  # fmt: skip
        return await nobody.post("/api/sign-in", headers=headers, json={"email": email, "password": PASSWORD})

    return sign_in


async def test_the_cookie_is_for_pages_of_ours_alone(begin: SignedIn) -> None:
    cookie = (await begin()).headers["set-cookie"]
    assert cookie.startswith("bursar_session=")
    attributes = {part.strip().partition("=")[0].lower() for part in cookie.split(";")}
    assert {"httponly", "path", "max-age"} <= attributes
    assert "SameSite=strict" in cookie
    assert "domain" not in attributes


async def test_over_tls_the_cookie_is_bound_to_the_host(begin: SignedIn) -> None:
    cookie = (await begin(**{"X-Forwarded-Proto": "https"})).headers["set-cookie"]
    assert cookie.startswith("__Host-bursar_session=")
    assert "Secure" in cookie


async def test_a_cookie_lets_in_to_look(begin: SignedIn, nobody: Client) -> None:
    assert (await nobody.get(SAFE, headers=cookie_of(await begin()))).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "{url}"}, 204),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"X-CSRF-TOKEN": ""}, 403),
        ({"X-CSRF-TOKEN": "0" * 64}, 403),
        ({"X-CSRF-TOKEN": "naïve"}, 403),
    ],
)
async def test_a_cookie_changes_something_only_from_our_own_pages(
    headers: dict[str, str], status: int, begin: SignedIn, nobody: Client, house: RunningHouse
) -> None:
    answer = await begin()
    ours = {**cookie_of(answer), "X-CSRF-TOKEN": answer.json["csrfToken"]}
    sent = {**ours, **{name: value.format(url=house.url) for name, value in headers.items()}}
    told = await nobody.post(UNSAFE, headers=sent)
    assert told.status == status
    if status == 403:
        assert told.error["code"] == "cross_site_request"
        assert (await nobody.get(SAFE, headers=ours)).status == 200


async def test_a_bearer_token_needs_no_more(begin: SignedIn, nobody: Client) -> None:
    headers = {"Authorization": f"Bearer {(await begin()).json['token']}", "Sec-Fetch-Site": "cross-site"}
    assert (await nobody.post(UNSAFE, headers=headers)).status == 204


async def test_nobody_is_signed_in_by_another_sites_page(begin: SignedIn) -> None:
    assert (await begin(**{"Sec-Fetch-Site": "cross-site"})).error["code"] == "cross_site_request"
    assert (await begin(Origin="https://evil.example")).error["code"] == "cross_site_request"


async def test_signing_out_takes_the_cookie_back(begin: SignedIn, nobody: Client) -> None:
    answer = await begin()
    headers = {**cookie_of(answer), "X-CSRF-TOKEN": answer.json["csrfToken"]}
    assert "Max-Age=0" in (await nobody.post(UNSAFE, headers=headers)).headers["set-cookie"]
    assert (await nobody.get(SAFE, headers=headers)).status == 401


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "é" * 43])
async def test_a_made_up_token_lets_nobody_in(token: str, nobody: Client) -> None:
    assert (await nobody.get(SAFE, headers={"Authorization": f"Bearer {token}"})).status == 401


def cookie_of(answer: Reply) -> dict[str, str]:
    """The header with which a browser sends the cookie back."""
    jar: Any = SimpleCookie(answer.headers["set-cookie"])
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())}
