"""E-mails to real mail servers: what they look like, and what is done when they are not taken."""

import asyncio
import signal
import ssl
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
from notices_house import ACCOUNT, MailSink, NoticeHouse, certificate, mail_server, receiving_mail

from bursar.identity import Role
from bursar.outbound import notices
from bursar.outbound.notices import Kind, MailServer, State
from bursar.outbound.notices.sending.courier import LEASE_SECONDS
from bursar.outbound.notices.sending.model import RETRY_SECONDS


def plain(mail: EmailMessage) -> str:
    """An e-mail as text."""
    return str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]


def html(mail: EmailMessage) -> str:
    """An e-mail as a page."""
    return str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]


async def test_a_completed_payout_is_told_by_e_mail(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle", amount="45000.00")
    assert await telling.tell(payout.id) == 1
    await telling.deliver()
    [mail], [notice] = sink.mails, await telling.written()
    assert (mail["To"], mail["From"]) == ("amina@example.com", "Acme Payouts <payouts@acme.example>")
    assert mail["Subject"] == "Your payout of 45,000.00 PKR has been paid"
    assert mail["Message-ID"] == f"<{notice.id.hex}@acme.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] is not None
    assert mail["List-Unsubscribe"] is None
    for words in (plain(mail), html(mail)):
        for told in ("Hello Amina Bello,", "45,000.00 PKR", "account ending in 9999", payout.reference, " UTC"):
            assert told in words
    assert (notice.state, notice.tries, notice.last_status, notice.due_at) == (State.SENT, 1, 250, None)


async def test_no_account_number_gets_into_a_notice_a_log_or_a_table(
    telling: NoticeHouse, sink: MailSink, capfd: pytest.CaptureFixture[str]
) -> None:
    holder = await telling.holder()
    done = await telling.payout(holder, "send", "settle")
    held = await telling.payout(holder, amount="60000.00")
    await telling.move(held.id, "reject", reason=f"account {ACCOUNT[:4]} {ACCOUNT[4:]} is not yours")
    await telling.tell(done.id, held.id)
    sink.refuses["amina@example.com"] = f"550 no account {ACCOUNT} for amina@example.com"
    await telling.deliver()
    sink.refuses.clear()
    await telling.do(notices.retry, [notice.id for notice in await telling.written()])
    await telling.deliver()
    shown = "".join(plain(mail) + html(mail) for mail in sink.mails)
    stored = "".join(row["row"] for row in await telling.rows("SELECT n::text AS row FROM notices n"))
    logged = "".join(capfd.readouterr())
    assert len(sink.mails) == 2
    assert "9999" in shown
    for place in (shown, stored, logged):
        assert ACCOUNT not in place.replace(" ", "")
    assert "notice.failed" in logged
    assert "amina@example.com" not in logged


@pytest.mark.parametrize(
    ("moves", "kind", "said"),
    [
        (("send", "fail", "account_closed"), Kind.FAILED, "The bank says that this account is closed."),
        (("send", "fail", "unheard_of"), Kind.FAILED, "did not say more than that"),
        (("send", "fail", "gateway_float_low"), Kind.FAILED, "nothing to do with you"),
        (("send", "settle", "return", "no_account"), Kind.RETURNED, "The money is in your balance again."),
    ],
)
async def test_what_went_wrong_is_told_in_plain_words(
    moves: tuple[str, ...], kind: Kind, said: str, telling: NoticeHouse, sink: MailSink
) -> None:
    *verbs, reason = moves
    holder = await telling.holder()
    payout = await telling.payout(holder, *verbs, reason=reason)
    await telling.tell(payout.id)
    await telling.deliver()
    [notice] = await telling.written(kind)
    [mail] = [mail for mail in sink.mails if notice.id.hex in mail["Message-ID"]]
    assert said in plain(mail)
    assert reason not in plain(mail)
    assert "balance" in plain(mail)


async def test_a_rejection_says_what_the_reviewer_wrote(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, amount="60000.00")
    await telling.move(payout.id, "reject", reason=f"Account {ACCOUNT} is\r\nBcc: not yours")
    await telling.tell(payout.id)
    await telling.deliver()
    [mail] = sink.mails
    assert "Our reviewer wrote: Account … is Bcc: not yours" in plain(mail)
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    "name", ["Ami\u202ena\u200b Bello", "<script>alert(1)</script>", "{{ 7 * 7 }}", "Win at www.evil.example now"]
)
async def test_a_hostile_name_is_only_a_name(name: str, telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder(name=name)
    await telling.person("boss@acme.example", Role.MANAGER)
    payout = await telling.payout(holder, amount="60000.00")
    await telling.tell(payout.id)
    await telling.pass_time(60)
    await telling.deliver()
    done = await telling.payout(holder, "send", "settle")
    await telling.tell(done.id)
    await telling.deliver()
    assert sink.to == ["boss@acme.example", "amina@example.com"]
    for mail in sink.mails:
        assert len(mail.keys()) == len(set(mail.keys()))
        for hostile in ("<script>", "\u202e", "\u200b", "www.evil.example", "Hello Win", "Hello <"):
            assert hostile not in html(mail)
        for hostile in ("\u202e", "\u200b", "www.evil.example", "Hello Win", " 49"):
            assert hostile not in plain(mail)


async def test_over_starttls_with_a_password(telling: NoticeHouse, tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    async with receiving_mail(tls=server, auth=True) as sink:
        telling.mail = mail_server(sink, security="starttls", tls=client, username="acme", password="mail-password")
        await _tell_one(telling)
    assert sink.secured == [True]
    assert sink.signed_in == [(b"acme", b"mail-password")]


async def test_over_tls_from_the_first_byte(telling: NoticeHouse, tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    async with receiving_mail(tls=server, implicit=True) as sink:
        telling.mail = mail_server(sink, security="tls", tls=client)
        await _tell_one(telling)
    assert len(sink.mails) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"security": "starttls", "tls": ssl.create_default_context()}, "tls_failed"),
        ({"security": "starttls", "username": "acme", "password": "wrong-password"}, "sign_in_refused"),
    ],
)
async def test_a_mail_server_that_is_not_the_right_one_gets_nothing(
    changes: dict[str, object],
    error: str,
    telling: NoticeHouse,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    server, client = certificate(tmp_path)
    async with receiving_mail(tls=server, auth=True) as sink:
        telling.mail = mail_server(sink, **({"tls": client} | changes))
        notice = await _tell_one(telling)
    assert sink.mails == []
    assert (notice.state, notice.last_error, notice.tries) == (State.WAITING, error, 1)
    logged = "".join(capfd.readouterr())
    assert "mail_server.not_reached" in logged
    assert "wrong-password" not in logged + repr(telling.mail)


async def test_without_starttls_no_password_is_told(telling: NoticeHouse, sink: MailSink) -> None:
    telling.mail = mail_server(sink, security="starttls", username="acme", password="mail-password")
    notice = await _tell_one(telling)
    assert (sink.mails, sink.signed_in, notice.state) == ([], [], State.WAITING)


async def test_while_the_mail_server_is_down_it_is_tried_again_and_then_it_has_failed(telling: NoticeHouse) -> None:
    telling.mail = MailServer(host="127.0.0.1", port=9, sender="payouts@acme.example", security="none")
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    for number, wait in enumerate(RETRY_SECONDS, start=1):
        await telling.deliver()
        [notice] = await telling.written()
        assert (notice.state, notice.tries, notice.last_error) == (State.WAITING, number, "no_connection")
        assert notice.due_at is not None
        due_in = (notice.due_at - (await telling.rows("SELECT clock_timestamp() AS now"))[0]["now"]).total_seconds()
        assert wait - 2 < due_in <= wait * 1.1
        await telling.pass_time(wait * 1.1)
    await telling.deliver()
    [notice] = await telling.written()
    assert (notice.state, notice.due_at) == (State.FAILED, None)
    assert notice.finished_at is not None
    assert (await telling.do(notices.backlog)).failed_last_day == 1


@pytest.mark.parametrize(
    ("answer", "state", "status"),
    [("550 5.1.1 nobody here", State.FAILED, 550), ("451 4.7.1 greylisted", State.WAITING, 451)],
)
async def test_a_refused_address_is_tried_again_only_if_that_can_help(
    answer: str, state: State, status: int, telling: NoticeHouse, sink: MailSink
) -> None:
    sink.refuses["gone@example.com"] = answer
    holder = await telling.holder(email="gone@example.com")
    await telling.person("amina@example.com", acts_for=holder)
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver(connections=1)
    by_address = {notice.address.text: notice for notice in await telling.written()}
    refused = by_address["gone@example.com"]
    assert (refused.state, refused.last_status, refused.last_error) == (state, status, "refused")
    assert by_address["amina@example.com"].state is State.SENT
    assert sink.to == ["amina@example.com"]


async def test_an_address_that_is_none_harms_no_other(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder(email="a,b<c>@example.com")
    await telling.person("ämina@example.com", acts_for=holder)
    await telling.person("amina@bücher.example", acts_for=holder)
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver(connections=1)
    errors = {notice.address.text: notice.last_error for notice in await telling.written()}
    assert errors == {
        "a,b<c>@example.com": "bad_address",
        "ämina@example.com": "bad_address",  # Few mail servers know RFC 6531, and nobody should need it to be paid.
        "amina@bücher.example": None,
    }
    assert sink.to == ["amina@xn--bcher-kva.example"]


async def test_without_a_mail_server_that_is_on_record_and_can_be_made_good(
    telling: NoticeHouse, sink: MailSink
) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver(mail=None)
    [notice] = await telling.written()
    assert (notice.state, notice.last_error, notice.tries) == (State.SKIPPED, "no_mail_server", 0)
    await telling.do(notices.retry, [notice.id])
    await telling.deliver()
    assert len(sink.mails) == 1
    with pytest.raises(notices.NoticeSent):
        await telling.do(notices.retry, [notice.id])


async def test_many_e_mails_share_a_few_connections(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    done = [(await telling.payout(holder, "send", "settle")).id for _ in range(12)]
    await telling.tell(*done)
    await telling.courier(connections=3).pass_once()
    assert (len(sink.mails), sink.connections) == (12, 3)


async def test_a_line_that_is_cut_costs_one_try_and_the_rest_goes_on(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    done = [(await telling.payout(holder, "send", "settle")).id for _ in range(4)]
    await telling.tell(*done)
    sink.cuts = 1
    await telling.deliver(connections=1)
    found = await telling.written()
    assert sorted(notice.state for notice in found) == [State.SENT] * 3 + [State.WAITING]
    assert [notice.last_error for notice in found if notice.state is State.WAITING] == ["connection_lost"]
    assert sink.connections == 2


async def test_a_template_that_is_broken_harms_no_other(telling: NoticeHouse, sink: MailSink, tmp_path: Path) -> None:
    (tmp_path / "completed.j2").write_text("{{ nothing }}")
    telling.templates = notices.Templates(tmp_path)
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle", "return")
    await telling.tell(payout.id)
    await telling.deliver(connections=1)
    by_kind = {notice.kind: notice for notice in await telling.written()}
    assert (by_kind[Kind.RETURNED].state, sink.connections) == (State.SENT, 1)
    broken = by_kind[Kind.COMPLETED]
    assert (broken.state, broken.last_error) == (State.WAITING, "bad_template")
    telling.templates = notices.Templates()
    await telling.pass_time(3600)
    await telling.deliver()
    assert len(sink.mails) == 2


async def test_two_couriers_send_each_notice_once(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    done = [(await telling.payout(holder, "send", "settle")).id for _ in range(8)]
    await telling.tell(*done)
    await asyncio.gather(telling.courier().pass_once(), telling.courier().pass_once())
    ids = [mail["Message-ID"] for mail in sink.mails]
    assert len(ids) == len(set(ids)) == 8


async def test_whoever_comes_after_the_lease_changes_nothing(telling: NoticeHouse, sink: MailSink) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    sink.gate = asyncio.Event()
    slow = asyncio.create_task(telling.courier().pass_once())
    await sink.arrived.wait()
    await telling.pass_time(10_000)  # Its lease ends, and another courier fails at the same notice.
    other = MailServer(host="127.0.0.1", port=9, sender="payouts@acme.example", security="none")
    await telling.courier(mail=other).pass_once()
    sink.gate.set()
    await slow
    [notice] = await telling.written()
    assert (notice.state, notice.last_error, notice.tries) == (State.WAITING, "no_connection", 1)


async def test_a_courier_that_dies_after_sending_repeats_one_mail_under_its_id(
    telling: NoticeHouse, sink: MailSink, database_url: str
) -> None:
    holder = await telling.holder()
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    code = Path(__file__).with_name("courier_process.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(code), database_url, str(sink.port)),
        env={"BURSAR_FAULTS": "outbound.after_notice:kill", "PYTHONPATH": ":".join(sys.path)},
    )
    assert await process.wait() == -signal.SIGKILL
    [notice] = await telling.written()
    assert (len(sink.mails), notice.state, notice.tries) == (1, State.WAITING, 0)
    await telling.deliver()
    assert len(sink.mails) == 1, "the dead courier's lease still runs"
    await telling.pass_time(LEASE_SECONDS)
    await telling.deliver()
    await telling.deliver()
    assert [mail["Message-ID"] for mail in sink.mails] == [f"<{notice.id.hex}@acme.example>"] * 2


async def _tell_one(house: NoticeHouse) -> notices.Notice:
    """One notice, tried once."""
    holder = await house.holder()
    payout = await house.payout(holder, "send", "settle")
    await house.tell(payout.id)
    await house.courier().pass_once()
    [notice] = await house.written()
    return notice
