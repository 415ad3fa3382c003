"""``bursar notices``, as somebody at a keyboard uses it, with a mail server beside it."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from cli_house import Bursar
from typer.testing import CliRunner

from bursar import cli, programs
from bursar.__main__ import roof
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database
from bursar.outbound import notices
from bursar.outbound.notices import Kind, VapidKey

SENDER = "Acme <payouts@acme.example>"


@pytest.fixture
def mail_port() -> Iterator[int]:
    """A mail server that takes everything and keeps nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


async def tell(database: Database) -> None:
    """Turn what happened into notices, and try to send them without a mail server."""
    clock = SystemClock()
    read = 0
    while not read:  # Another transaction anywhere on the server may hold events back for a moment.
        async with database.transaction() as tx:
            read, _ = await notices.fan_out(tx, book=programs.Book(), at=clock.now())
    async with database.transaction() as tx:
        await tx.run("UPDATE notices SET due_at = now()")
    await notices.Courier(database, notices.Templates(), clock, mail=None, push=None).pass_once()


@pytest.fixture
def told(shop: Bursar) -> str:
    """A payout that two people were to be told of, had there been a mail server; its id."""
    for email in ("amina@acme.example", "ben@acme.example"):
        shop.employ(email)
    payout = str(shop.ask("150000")["id"])
    shop.directly(tell)
    return payout


def test_what_was_not_sent_is_listed_with_the_reason(shop: Bursar, told: str) -> None:
    listed = shop.json("notices", "list")
    assert {(each["kind"], each["to"]) for each in listed} == {
        ("payout_flagged", "amina@acme.example"),
        ("payout_flagged", "ben@acme.example"),
    }
    assert {(each["state"], each["reason"], each["payout_id"]) for each in listed} == {
        ("skipped", "no_mail_server", told)
    }
    assert len(shop.json("notices", "list", "--payout", told)) == 2
    assert len(shop.json("notices", "list", "--limit", "1")) == 1
    assert shop.json("notices", "list", "--state", "sent") == []
    assert "no_mail_server" in shop.said("notices", "list")


def test_one_notice_is_shown(shop: Bursar, told: str) -> None:
    [first, _] = shop.json("notices", "list")
    shown = shop.said("notices", "show", first["id"])
    assert told in shown
    assert shop.json("notices", "show", first["id"])["facts"]["amount"] == "150,000.00 PKR"
    assert "notice_not_found" in shop.refused("notices", "show", told)


def test_what_was_not_sent_can_wait_again(shop: Bursar, told: str) -> None:
    [first, second] = shop.json("notices", "list")
    [again] = shop.json("notices", "retry", first["id"])
    assert (again["id"], again["state"], again["tries"]) == (first["id"], "waiting", 0)
    assert "notice_still_waiting" in shop.refused("notices", "retry", first["id"])
    assert [each["id"] for each in shop.json("notices", "retry", "--all-unsent")] == [second["id"]]
    assert shop.json("notices", "retry", "--all-unsent") == []
    assert shop("notices", "retry").exit_code == 2


def test_a_payouts_timeline_shows_who_was_told(shop: Bursar, told: str) -> None:
    lines = [entry for entry in shop.json("payouts", "show", told)["timeline"] if entry["kind"] == "notice"]
    assert {line["text"] for line in lines} == {
        "payout_flagged to a…@acme.example: skipped (no_mail_server)",
        "payout_flagged to b…@acme.example: skipped (no_mail_server)",
    }


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_looked_at(kind: Kind, shop: Bursar, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    said = shop.said("notices", "preview", "--program", "merchants", "--kind", kind.value, "--html", str(page))
    assert said.startswith("Subject: ")
    for shown in (said, page.read_text("utf-8")):
        assert ("4321" in shown) == (kind not in notices.ABOUT_NO_HOLDER)


def test_a_preview_of_an_unknown_program_is_refused(shop: Bursar) -> None:
    assert "program" in shop.refused("notices", "preview", "--program", "nowhere", "--kind", "failed")


def test_a_pair_of_keys_is_printed_and_fits(shop: Bursar) -> None:
    made = shop.json("notices", "keys")
    assert VapidKey.read(made["private"]).public == made["public"]
    assert shop.said("notices", "keys").startswith("VAPID_PRIVATE_KEY=")


def test_a_check_without_a_mail_server_says_so(shop: Bursar) -> None:
    rows = {row["what"]: row for row in shop.json("notices", "check")}
    assert rows["templates of merchants"]["result"] == "ok"
    assert (rows["mail server"]["result"], rows["push"]["result"]) == ("off", "off")
    assert shop("notices", "check", "--to", "a@example.com").exit_code == 1


def test_a_check_sends_a_test(shop: Bursar, mail_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mail_port), "SMTP_SECURITY": "none", "SMTP_FROM": SENDER}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VAPID_PRIVATE_KEY", VapidKey.fresh().text)
    assert {row["result"] for row in shop.json("notices", "check")} == {"ok"}
    assert "took a test e-mail" in shop.said("notices", "check", "--to", "you@example.com")
    assert "not an e-mail address" in shop("notices", "check", "--to", "you").stdout
    monkeypatch.setenv("SMTP_PORT", "9")
    assert "no_connection" in shop("notices", "check").stdout
    monkeypatch.setenv("SMTP_FROM", "nobody")
    assert "bad_notice_settings" in shop.refused("notices", "check")


def test_an_installation_of_its_own_has_a_key_of_its_own(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made on first use, kept, and readable by its owner alone."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    environment = {"BURSAR_DATA": str(data), "COLUMNS": "300"}
    kept = data / "vapid.key"
    written = set()
    for _ in range(2):
        result = CliRunner().invoke(cli.command(), ["notices", "check", "--json"], env=environment, obj=roof())
        assert result.exit_code == 0, result.output
        assert {"what": "push", "result": "ok", "detail": ""} in json.loads(result.stdout)
        written.add(kept.read_text())
    assert len(written) == 1
    assert kept.stat().st_mode & 0o777 == 0o600
    VapidKey.read(kept.read_text())


def test_a_template_that_cannot_be_used_fails_the_check(
    shop: Bursar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failed.j2").write_text("{% extends layout %}{% block subject %}{{ amuont }}{% endblock %}")
    monkeypatch.setenv("NOTICE_TEMPLATES", str(tmp_path))
    result = shop("notices", "check")
    assert result.exit_code == 1
    assert "failed.j2" in result.stdout
