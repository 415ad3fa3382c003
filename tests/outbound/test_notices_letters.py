"""Templates: what comes with Bursar, and what an installation puts in its place."""

from pathlib import Path
from uuid import uuid4

import pytest

from bursar import programs
from bursar.foundation.settings import Settings
from bursar.outbound import notices
from bursar.outbound.notices import BadTemplate, Kind, Letter, MailServer, Templates
from ground import AT

TERMS = programs.read(programs.load(programs.ready()["providers"]), file="providers.yaml")


def letter(kind: Kind, templates: Templates, **changes: object) -> Letter:
    """One letter, as in a sample."""
    return templates.letter(kind, "providers", [{**notices.sample(kind, TERMS, at=AT), **changes}])


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_for_every_form(kind: Kind) -> None:
    written = letter(kind, Templates(pages="https://app.example.com"))
    assert written.subject
    assert written.push
    assert "20 November 2026, 10:00 WAT" in written.text, "times are the program's own, with their zone"
    for form in (written.text, written.html):
        assert ("4321" in form) == (kind not in notices.ABOUT_NO_HOLDER)
        assert "None" not in form
        assert "  \n" not in written.text
    assert ("/notices" in written.html) == (kind in notices.OPTIONAL)
    assert ("See this payout" in written.html) == (kind in notices.OPTIONAL)
    assert "prefers-color-scheme: dark" in written.html


def test_without_pages_nothing_leads_anywhere() -> None:
    assert "href" not in letter(Kind.COMPLETED, Templates()).html


def test_money_that_the_program_keeps_is_not_said_to_be_in_the_balance() -> None:
    for kind in (Kind.FAILED, Kind.REJECTED, Kind.RETURNED):
        assert "your balance" not in letter(kind, Templates(), money="kept").text


@pytest.mark.parametrize(
    ("zone", "said"), [("Asia/Karachi", "14:00 PKT"), ("Asia/Tashkent", "14:00 UTC+05"), ("UTC", "09:00 UTC")]
)
def test_a_zone_without_letters_is_told_by_its_offset(zone: str, said: str) -> None:
    assert said in letter(Kind.COMPLETED, Templates(), time_zone=zone).text


def test_a_programs_own_template_comes_before_ours_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "providers").mkdir()
    own = "{% extends layout %}{% block subject %}Paid: {{ amount }}{% endblock %}{% block push %}P{% endblock %}"
    (tmp_path / "providers/completed.j2").write_text(own)
    templates = Templates(tmp_path)
    facts = notices.sample(Kind.COMPLETED, TERMS, at=AT)
    assert templates.letter(Kind.COMPLETED, "providers", [facts]).subject == "Paid: 45,000.00 NGN"
    assert templates.letter(Kind.COMPLETED, "writers", [facts]).subject.startswith("Your payout of")
    assert templates.letter(Kind.FAILED, "providers", [facts]).subject.startswith("Your payout of")


def test_the_form_can_be_replaced_for_all_programs(tmp_path: Path) -> None:
    (tmp_path / "letter.html.j2").write_text("<h1>Acme</h1>{% block lead %}{% endblock %}")
    written = letter(Kind.COMPLETED, Templates(tmp_path))
    assert written.html.startswith("<h1>Acme</h1>We have paid 45,000.00 NGN")
    assert "Acme" not in written.text


@pytest.mark.parametrize(
    "own",
    [
        "{% extends layout %}{% block subject %}{{ amuont }}{% endblock %}{% block push %}{% endblock %}",
        "{% extends layout %}{% block subject %}{% endblock %}",
        "{% if %}",
        "{% extends 'nowhere' %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ 1 / 0 }}{% block subject %}{% endblock %}{% block push %}{% endblock %}",
    ],
)
def test_a_template_that_cannot_be_used_is_named(own: str, tmp_path: Path) -> None:
    (tmp_path / "completed.j2").write_text(own)
    with pytest.raises(BadTemplate, match=r"completed|nowhere"):
        letter(Kind.COMPLETED, Templates(tmp_path))


def test_what_people_typed_is_escaped_in_pages_and_plain_in_texts() -> None:
    written = letter(Kind.REJECTED, Templates(), reason="<b>no</b> & {{ 7 * 7 }}", name="A & B")
    assert "&lt;b&gt;no&lt;/b&gt; &amp; {{ 7 * 7 }}" in written.html
    assert "<b>no</b> & {{ 7 * 7 }}" in written.text
    assert "Hello A &amp; B" in written.html
    assert "Hello A & B" in written.text


@pytest.mark.parametrize(
    "name",
    ["\u0646\u0627\u0645\u200c\u0647\u0627", "\u0915\u094d\u200d\u0937", "Ngũgĩ wa Thiong’o", "J.R. Smith"],
)
def test_names_of_any_script_are_greeted_as_they_are_written(name: str) -> None:
    """Joiners are part of how Persian and Hindi are written."""
    assert f"Hello {name}," in letter(Kind.COMPLETED, Templates(), name=name).text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("account 7777123488889999", "account …"),
        ("acc. 7777 1234-8888 9999 is wrong", "acc. … is wrong"),
        ("two\r\nlines\u202e", "two lines"),
        ("12345 is short enough", "12345 is short enough"),
        ("x" * 400, "x" * 300),
        (None, ""),
    ],
)
def test_what_a_reviewer_wrote_is_one_line_without_long_numbers(typed: str | None, shown: str) -> None:
    assert notices.as_written(typed) == shown


@pytest.mark.parametrize("line_break", ["\r\nBcc: all@example.com", "\nX: y", "\u2028", "\x00"])
def test_a_subject_is_one_line_whatever_a_template_makes_of_it(line_break: str, tmp_path: Path) -> None:
    own = "{% extends layout %}{% block subject %}a{{ reference }}b{% endblock %}{% block push %}{% endblock %}"
    (tmp_path / "completed.j2").write_text(own)
    written = letter(Kind.COMPLETED, Templates(tmp_path), reference=line_break)
    server = MailServer(host="localhost", sender="payouts@acme.example")
    mail = server.compose(written, to="a@example.com", name=uuid4(), at=AT)
    assert (mail["Bcc"], mail["X"]) == (None, None)
    assert written.subject.isprintable()


@pytest.mark.parametrize("address", ["a@b@c", "a,b@example.com", 'x"@example.com', "a<b>@example.com", "a@", "@b", ""])
def test_what_is_no_address_never_gets_into_a_header(address: str) -> None:
    server = MailServer(host="localhost", sender="payouts@acme.example")
    with pytest.raises(notices.BadAddress):
        server.compose(Letter("s", "t", "h", "p"), to=address, name=uuid4(), at=AT)


def test_what_a_holder_may_refuse_says_where() -> None:
    server = MailServer(host="localhost", sender="payouts@acme.example")
    wishes = Templates(pages="https://app.example.com").wishes
    mail = server.compose(Letter("s", "t", "h", "p"), to="a@example.com", name=uuid4(), at=AT, wishes=wishes)
    assert mail["List-Unsubscribe"] == "<https://app.example.com/notices>"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"smtp_host": "mail.example.com"}, "SMTP_FROM"),
        ({"smtp_host": "mail.example.com", "smtp_from": "nobody"}, "SMTP_FROM"),
        ({"notice_templates": "/nowhere/at/all"}, "NOTICE_TEMPLATES"),
        ({"vapid_private_key": "short"}, "VAPID_PRIVATE_KEY"),
        (
            {
                "BURSAR_ENV": "production", "encryption_key": "k" * 32, "smtp_host": "mail.example.com",
                "smtp_from": "a@example.com", "smtp_password": "secret-word", "smtp_security": "none",
            },
            "in the clear",
        ),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_at_start(settings: dict[str, str], said: str) -> None:
    given = Settings(_env_file=None, **settings)  # type: ignore[arg-type]
    with pytest.raises(notices.BadNoticeSettings, match=said) as refused:
        for read in (notices.mail_server, notices.templates, notices.vapid_key):
            read(given)
    assert "secret-word" not in str(refused.value)
