"""``bursar holders``, ``bursar keys`` and ``bursar people``, as somebody at a keyboard uses them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from bursar import identity
from bursar.cli import holders, keys, people
from bursar.foundation import db
from bursar.foundation.clock import SystemClock
from bursar.foundation.settings import Settings
from bursar.identity import key_hash

Command = Callable[..., Result]

PASSWORD = "correct horse battery"


@pytest.fixture
def bursar(database_url: str, programs_there: None) -> Command:
    """Runs a command as a process would, on this test's database."""

    def command(app: Typer, *args: str, given: str | None = None) -> Result:
        return CliRunner().invoke(app, args, input=given, env={"DATABASE_URL": database_url, "COLUMNS": "300"})

    return command


@pytest.fixture
async def programs_there(database: db.Database) -> None:
    """Two programs, as far as holders and keys care: their names."""
    async with database.transaction() as tx:
        await tx.run("INSERT INTO programs (program, current_version) VALUES ('merchants', 1), ('writers', 1)")
        await tx.run(
            "INSERT INTO program_versions (program, version, source, terms, applied_by)"
            " SELECT program, 1, '', '{}', 'system:test' FROM programs"
        )


def answer(result: Result) -> Any:
    """What a command with ``--json`` printed, and nothing but that."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def add_holder(bursar: Command, reference: str = "corner", *more: str) -> Any:
    options = ("--program", "merchants", "--kind", "merchant", "--name", "Corner shop", "--json")
    return answer(bursar(holders.app, "add", reference, *options, *more))


def create_key(bursar: Command, *more: str) -> Any:
    return answer(bursar(keys.app, "create", "--program", "merchants", "--holder", "corner", "--json", *more))


def add_person(bursar: Command, email: str = "anna@example.com", *, password: str = PASSWORD) -> Result:
    options = ("--name", "Anna", "--role", "Manager", "--password-stdin", "--json")
    return bursar(people.app, "add", email, *options, given=f"{password}\n")


def signs_in(database_url: str, password: str = PASSWORD) -> bool:
    """Whether Anna is let in, by the same way that the portals use."""

    async def sign_in() -> bool:
        database = await db.connect(Settings(database_url=database_url, _env_file=None))
        try:
            await identity.sign_in(database, email="anna@example.com", password=password, now=SystemClock().now())
        except identity.SignInRefused:
            return False
        finally:
            await database.close()
        return True

    return asyncio.run(sign_in())


def test_a_holder_added_twice_is_one_with_the_newer_name(bursar: Command) -> None:
    first = add_holder(bursar)
    second = add_holder(bursar, "corner", "--email", "shop@example.com")
    assert second == {**first, "email": "shop@example.com"}
    assert answer(bursar(holders.app, "list", "--json")) == [second]


def test_a_holder_is_shown_by_reference_and_by_id(bursar: Command) -> None:
    added = add_holder(bursar)
    assert answer(bursar(holders.app, "show", "corner", "--program", "merchants", "--json")) == added
    assert answer(bursar(holders.app, "show", added["id"], "--json")) == added


def test_holders_are_searched_and_paged(bursar: Command) -> None:
    for reference in ("one", "two", "three"):
        add_holder(bursar, reference)
    [newest] = answer(bursar(holders.app, "list", "--limit", "1", "--json"))
    rest = answer(bursar(holders.app, "list", "--after", newest["id"], "--json"))
    assert {newest["reference"], *(holder["reference"] for holder in rest)} == {"one", "two", "three"}
    assert [holder["reference"] for holder in answer(bursar(holders.app, "list", "--search", "THR", "--json"))] == [
        "three"
    ]
    assert answer(bursar(holders.app, "list", "--program", "writers", "--json")) == []


def test_without_json_people_get_a_table(bursar: Command) -> None:
    assert "No holders." in bursar(holders.app, "list").stdout
    add_holder(bursar)
    shown = bursar(holders.app, "list").stdout
    assert "Reference" in shown
    assert "Corner shop" in shown


@pytest.mark.parametrize(
    "args",
    [
        ("show", "nobody", "--program", "merchants"),
        ("show", "not-an-id"),
        ("show", "01936b4e-0000-7000-8000-000000000000"),
        ("add", "m-1", "--program", "nowhere", "--kind", "merchant", "--name", "Shop"),
        ("add", "m-1", "--program", "merchants", "--kind", "A Merchant", "--name", "Shop"),
    ],
)
def test_a_refusal_is_a_sentence_on_standard_error_and_exit_code_1(bursar: Command, args: tuple[str, ...]) -> None:
    refused = bursar(holders.app, *args, "--json")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("error[")


def test_a_new_key_stands_alone_on_standard_output(bursar: Command) -> None:
    """So that ``KEY=$(bursar keys create …)`` works."""
    add_holder(bursar)
    made = bursar(keys.app, "create", "--program", "merchants", "--holder", "corner")
    assert made.stdout.startswith("live_")
    assert key_hash(made.stdout.removesuffix("\n")) is not None
    assert "cannot be shown again" in made.stderr


def test_a_key_is_made_as_told(bursar: Command) -> None:
    holder = add_holder(bursar)
    asked = ("--test", "--name", "till", "--scope", "payouts:read", "--scope", "balance:read", "--expires", "30")
    made = create_key(bursar, *asked, "--ip", "203.0.113.0/24", "--ip", "2001:db8::1")
    assert made["key"].startswith(f"{made['prefix']}_")
    assert made["prefix"].startswith("test_")
    assert (made["holder"], made["holder_id"], made["name"]) == ("corner", holder["id"], "till")
    assert made["scopes"] == ["balance:read", "payouts:read"]
    assert made["allowed_ips"] == ["203.0.113.0/24", "2001:db8::1/128"]
    assert made["state"] == "usable"
    assert made["expires_at"] is not None


def test_a_listed_key_shows_everything_but_itself(bursar: Command) -> None:
    add_holder(bursar)
    made = create_key(bursar)
    key = made.pop("key")
    listed = bursar(keys.app, "list", "--program", "merchants", "--holder", "corner", "--json")
    assert answer(listed) == [made]
    assert key not in listed.stdout
    assert key not in bursar(keys.app, "list").stdout


def test_revoked_keys_stay_listed_as_such(bursar: Command) -> None:
    add_holder(bursar)
    lost, kept = create_key(bursar), create_key(bursar)
    [revoked] = answer(bursar(keys.app, "revoke", lost["id"], "--json"))
    assert revoked["state"] == "revoked"
    states = {key["id"]: key["state"] for key in answer(bursar(keys.app, "list", "--json"))}
    assert states == {lost["id"]: "revoked", kept["id"]: "usable"}


def test_no_key_is_revoked_when_one_of_them_does_not_exist(bursar: Command) -> None:
    add_holder(bursar)
    made = create_key(bursar)
    refused = bursar(keys.app, "revoke", made["id"], "01936b4e-0000-7000-8000-000000000000")
    assert refused.exit_code == 1
    assert "01936b4e" in refused.stderr
    assert answer(bursar(keys.app, "list", "--json"))[0]["state"] == "usable"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("create", "--program", "merchants", "--holder", "nobody"), 1),
        (("create", "--program", "merchants", "--holder", "corner", "--ip", "example.com"), 1),
        (("create", "--program", "merchants", "--holder", "corner", "--scope", "moon:land"), 2),
        (("create", "--program", "merchants", "--holder", "corner", "--expires", "0"), 2),
        (("list", "--holder", "corner"), 2),
        (("revoke", "not-an-id"), 2),
        (("revoke",), 2),
    ],
)
def test_what_cannot_be_done_with_keys_says_so(bursar: Command, args: tuple[str, ...], code: int) -> None:
    add_holder(bursar)
    refused = bursar(keys.app, *args)
    assert refused.exit_code == code
    assert refused.stdout == ""


def test_somebody_added_can_sign_in_until_disabled(bursar: Command, database_url: str) -> None:
    added = answer(add_person(bursar))
    assert (added["email"], added["roles"], added["disabled_at"]) == ("anna@example.com", ["Manager"], None)
    assert signs_in(database_url)
    assert answer(bursar(people.app, "disable", "anna@example.com", "--json"))["disabled_at"] is not None
    assert not signs_in(database_url)
    assert answer(bursar(people.app, "enable", "ANNA@example.com", "--json")) == added
    assert signs_in(database_url)


def test_a_new_password_replaces_the_old(bursar: Command, database_url: str) -> None:
    answer(add_person(bursar))
    changed = bursar(
        people.app, "password", "anna@example.com", "--password-stdin", "--json", given="another horse\r\n"
    )
    answer(changed)
    assert not signs_in(database_url)
    assert signs_in(database_url, "another horse")


def test_a_password_is_asked_for_twice_and_never_shown(bursar: Command, database_url: str) -> None:
    asked = bursar(
        people.app, "add", "anna@example.com", "--name", "Anna", "--role", "super admin",
        given=f"{PASSWORD}\n{PASSWORD}\n",
    )  # fmt: skip
    assert asked.exit_code == 0
    assert PASSWORD not in asked.output
    assert "Super Admin" in asked.stdout
    assert signs_in(database_url)


def test_roles_are_replaced(bursar: Command) -> None:
    answer(add_person(bursar))
    changed = answer(bursar(people.app, "roles", "anna@example.com", "Support", "Super Admin", "--json"))
    assert changed["roles"] == ["Super Admin", "Support"]
    assert answer(bursar(people.app, "list", "--json")) == [changed]


def test_nobody_yet_is_said_with_what_to_do(bursar: Command) -> None:
    assert "bursar people add" in bursar(people.app, "list").stdout


@pytest.mark.parametrize("password", ["", "too short", "anna@example.com"])
def test_a_weak_password_is_refused_and_not_repeated(bursar: Command, password: str) -> None:
    refused = add_person(bursar, password=password)
    assert refused.exit_code == 1
    assert "error[weak_password]" in refused.stderr
    assert not password or password not in refused.stderr


def test_nobody_is_added_twice(bursar: Command) -> None:
    answer(add_person(bursar))
    refused = add_person(bursar, "ANNA@example.com")
    assert refused.exit_code == 1
    assert "error[email_taken]" in refused.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("disable", "nobody@example.com"), 1),
        (("roles", "nobody@example.com", "Support"), 1),
        (("roles", "nobody@example.com", "Astronaut"), 2),
        (("roles", "nobody@example.com"), 2),
    ],
)
def test_what_cannot_be_done_with_people_says_so(bursar: Command, args: tuple[str, ...], code: int) -> None:
    assert bursar(people.app, *args).exit_code == code


# People who act for holders, and keys of whole programs ---------------------------------------------------------------


def add_acting(bursar: Command, *options: str) -> Result:
    options = ("--name", "Ada", "--password-stdin", "--json", *options)
    return bursar(people.app, "add", "ada@example.com", *options, given=f"{PASSWORD}\n")


def test_somebody_is_added_for_a_holder(bursar: Command) -> None:
    add_holder(bursar)
    add_holder(bursar, "with/slash")
    assert answer(add_acting(bursar, "--holder", "merchants/corner"))["roles"] == []
    linked = answer(bursar(people.app, "link", "ADA@example.com", "merchants/with/slash", "--json"))
    assert linked[0]["acts_for"] == ["merchants/corner", "merchants/with/slash"]
    left = answer(bursar(people.app, "unlink", "ada@example.com", "merchants/corner", "--json"))
    assert left[0]["acts_for"] == ["merchants/with/slash"]


def test_nobody_is_added_for_a_holder_that_is_not_there(bursar: Command) -> None:
    assert "error[holder_not_found]" in add_acting(bursar, "--holder", "merchants/nobody").stderr
    assert answer(bursar(people.app, "list", "--json")) == []


@pytest.mark.parametrize("options", [(), ("--holder", "corner"), ("--holder", "merchants/")])
def test_whoever_is_added_is_somebody_to_us(bursar: Command, options: tuple[str, ...]) -> None:
    assert add_acting(bursar, *options).exit_code == 2


def test_a_key_without_a_holder_is_a_whole_programs(bursar: Command) -> None:
    made = answer(bursar(keys.app, "create", "--program", "writers", "--json"))
    assert (made["holder"], made["program"]) == (None, "writers")
    assert made["scopes"] == [
        "earnings:read", "earnings:write", "holders:read", "holders:write", "orders:read", "orders:write",
        "payouts:request",
    ]  # fmt: skip
    [listed] = answer(bursar(keys.app, "list", "--json"))
    assert listed["prefix"] == made["prefix"]


@pytest.mark.parametrize(("holder", "scope"), [((), "payouts:write"), (("--holder", "corner"), "earnings:write")])
def test_a_scope_fits_its_key(bursar: Command, holder: tuple[str, ...], scope: str) -> None:
    add_holder(bursar)
    refused = bursar(keys.app, "create", "--program", "merchants", *holder, "--scope", scope)
    assert "error[invalid_request]" in refused.stderr


def test_holders_are_vouched_for(bursar: Command) -> None:
    add_holder(bursar)
    [verified] = answer(bursar(holders.app, "verify", "corner", "--program", "merchants", "--json"))
    assert verified["verified_at"] is not None
    options = ("--program", "merchants", "--no-longer", "--json")
    assert answer(bursar(holders.app, "verify", "corner", *options))[0]["verified_at"] is None
    assert answer(bursar(holders.app, "destinations", "corner", "--program", "merchants", "--json")) == []
