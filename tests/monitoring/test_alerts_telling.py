"""Alerts reach a real mail server and a real receiver: who is told, how often, and that it is us."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError
from watch_house import Mailbox, Receiver, WatchedHouse, deliver_mail, open_watched, post_all

from bursar import monitoring
from bursar.foundation.db import Database
from bursar.identity import Role
from bursar.monitoring.alerts import Alert, Post, PostState, Severity
from bursar.outbound import notices

OPS = "ops@acme.example"


@pytest.fixture
async def house(database: Database, receiver: Receiver) -> WatchedHouse:
    """A program whose alerts are told to an address and to a receiver."""
    return await open_watched(database, alerts__emails=[OPS], alerts__webhook_urls=[receiver.url])


async def failing(house: WatchedHouse) -> Alert:
    """An open alert: a sixth of all payouts fails."""
    await house.pay(*["completed"] * 10, *["failed"] * 2, amount="10.00")
    await house.look()
    [alert] = await house.active()
    return alert


async def posts_of(house: WatchedHouse, alert: Alert) -> list[Post]:
    """What was posted about an alert."""
    found: list[Post] = await house.do(monitoring.alerts.posts, alert.id)
    return found


# ---- E-mail ---------------------------------------------------------------------------------------------------------


async def test_an_alert_is_mailed_when_it_opens_and_when_it_is_over(house: WatchedHouse, mailbox: Mailbox) -> None:
    await failing(house)
    for _ in range(3):
        await house.look()
    await house.pass_time(61)
    await deliver_mail(house, mailbox)
    assert mailbox.subjects(OPS) == [
        "Warning: 16.67 % of the payouts that ended within 24 hours failed (2 of 12); the limit is 10 %. (Merchants)"
    ]
    await house.pay(*["completed"] * 20, amount="10.00")
    await house.pass_time(61)
    await house.look()
    await house.pass_time(61)
    await deliver_mail(house, mailbox)
    assert len(mailbox.subjects(OPS)) == 2
    assert mailbox.subjects(OPS)[1].startswith("Resolved: ")
    [_, (_, message)] = mailbox.mails
    assert "What was found has gone away by itself" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_staff_who_may_stop_payouts_are_told_and_nobody_else(house: WatchedHouse, mailbox: Mailbox) -> None:
    await house.staff("manager@acme.example")
    await house.staff("support@acme.example", Role.SUPPORT)
    await house.staff(OPS.upper())
    await failing(house)
    await house.pass_time(61)
    await deliver_mail(house, mailbox)
    told = [address.lower() for address, _ in mailbox.mails]
    assert sorted(told) == ["manager@acme.example", OPS], "an address in the terms that is staff's is told once"


async def test_what_becomes_critical_is_told_again_and_a_persons_words_are_passed_on(
    house: WatchedHouse, mailbox: Mailbox
) -> None:
    anna = await house.staff("anna@acme.example")
    alert = await failing(house)
    await house.pay(*["failed"] * 6, amount="10.00")
    await house.look()
    await house.do(
        monitoring.alerts.resolve, alert.id, actor=f"person:{anna}", note="bank was away\r\nsee www.evil.example/x"
    )
    for _ in range(3):
        await house.pass_time(61)
        await deliver_mail(house, mailbox)
    first, *_, last = mailbox.subjects(OPS)
    texts = [message.get_body(("plain",)).get_content() for to, message in mailbox.mails if to == OPS]  # type: ignore[union-attr]
    assert (first, last.partition(":")[0]) == ("2 alerts (Merchants)", "Resolved"), "what comes at once is one letter"
    assert "Critical: 44.44 %" in texts[0]
    assert "anna@acme.example has resolved what was found" in texts[-1]
    assert "bank was away see www[.]evil[.]example/x" in texts[-1]


async def test_what_concerns_everything_is_told_to_all_programs_addresses(
    house: WatchedHouse, database: Database, mailbox: Mailbox, receiver: Receiver
) -> None:
    await open_watched(database, alerts__emails=["other@acme.example"])
    quiet = await open_watched(database, alerts__emails=["quiet@acme.example"], alerts__enabled=False)
    message = "Law 1 is broken."
    await house.do(monitoring.alerts.open_system, None, subject="law:1", severity=Severity.CRITICAL, message=message)
    await house.pass_time(61)
    await deliver_mail(house, mailbox)
    assert await post_all(house) == 1
    assert sorted(address for address, _ in mailbox.mails) == [OPS, "other@acme.example"]
    assert mailbox.subjects(OPS) == ["Critical: Law 1 is broken. (Bursar)"]
    assert quiet.terms.alerts.emails == ("quiet@acme.example",)


async def test_a_test_alert_says_that_nothing_is_wrong_and_leaves_nothing_open(
    house: WatchedHouse, mailbox: Mailbox, receiver: Receiver
) -> None:
    tested: Alert = await house.do(monitoring.alerts.try_out, house.program, actor="cli:anna")
    await house.pass_time(61)
    await deliver_mail(house, mailbox)
    await post_all(house)
    assert mailbox.subjects(OPS) == ["A test alert (Merchants)"]
    assert receiver.read()[0]["type"] == "alert.test"
    assert not tested.is_active
    assert await house.active() == []


# ---- Posts ----------------------------------------------------------------------------------------------------------


async def test_an_alert_is_posted_signed_with_all_that_is_known(house: WatchedHouse, receiver: Receiver) -> None:
    anna = await house.staff("anna@acme.example")
    alert = await failing(house)
    await post_all(house)
    await house.do(monitoring.alerts.resolve, alert.id, actor=f"person:{anna}", note="fixed")
    await post_all(house)
    opened, resolved = receiver.read()
    assert (opened["type"], resolved["type"]) == ("alert.opened", "alert.resolved")
    assert opened["data"] == {
        "id": str(alert.id),
        "program": house.program,
        "type": "failure_rate",
        "severity": "warning",
        "subject": house.program,
        "message": alert.message,
        "facts": {"value": 16.67, "limit": 10.0},
        "openedAt": moment(alert.opened_at),
        "acknowledgedAt": None,
        "acknowledgedBy": None,
        "resolvedAt": None,
        "resolvedBy": None,
    }
    assert resolved["data"]["resolvedBy"] == "anna@acme.example"
    with pytest.raises(WebhookVerificationError):
        receiver.read("another secret")


def moment(at: datetime) -> str:
    """As the writers document writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


async def test_a_post_that_fails_is_tried_again_under_the_same_name(house: WatchedHouse, receiver: Receiver) -> None:
    receiver.statuses = [503, 302, 200]
    alert = await failing(house)
    assert await post_all(house) == 1
    [waiting] = await posts_of(house, alert)
    assert (waiting.state, waiting.last_status, waiting.last_error) == (PostState.WAITING, 503, "refused")
    for _ in range(2):
        await house.pass_time(100)
        await post_all(house)
    [delivered] = await posts_of(house, alert)
    assert (delivered.state, delivered.tries) == (PostState.DELIVERED, 3)
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    assert len({body for _, body in receiver.calls}) == 1


async def test_a_receiver_that_never_takes_it_is_given_up(house: WatchedHouse, receiver: Receiver) -> None:
    receiver.statuses = [500]
    alert = await failing(house)
    for _ in range(10):
        await post_all(house)
        await house.pass_time(100_000)
    [given_up] = await posts_of(house, alert)
    assert (given_up.state, given_up.tries, given_up.due_at) == (PostState.EXHAUSTED, 7, None)
    assert len(receiver.calls) == 7


async def test_an_address_inside_our_own_network_is_not_called(house: WatchedHouse, receiver: Receiver) -> None:
    alert = await failing(house)
    await post_all(house, allow_loopback=False)
    [refused] = await posts_of(house, alert)
    assert (refused.last_error, receiver.calls) == ("address_refused", [])


async def test_without_a_secret_nothing_is_posted_and_that_is_on_record(
    house: WatchedHouse, receiver: Receiver
) -> None:
    alert = await failing(house)
    await post_all(house, secret=None)
    [unsigned] = await posts_of(house, alert)
    assert (unsigned.state, unsigned.last_error, receiver.calls) == (PostState.EXHAUSTED, "no_secret", [])


async def test_two_posters_post_it_once(house: WatchedHouse, receiver: Receiver) -> None:
    await failing(house)
    await asyncio.gather(*(post_all(house, passes=2) for _ in range(3)))
    assert len(receiver.calls) == 1


async def test_what_was_posted_late_is_dropped_after_its_lease(house: WatchedHouse, receiver: Receiver) -> None:
    """Somebody else has taken it by then, and their word counts."""
    from bursar.monitoring.alerts import store
    from bursar.monitoring.alerts.model import PostResult

    alert = await failing(house)
    claim: dict[str, Any] = {"limit": 1, "lease_seconds": 60}
    [first] = await house.do(store.claim_posts, **claim)
    await house.pass_time(61)
    [second] = await house.do(store.claim_posts, **claim)
    await house.do(store.record_posts, [PostResult(second, 200, None, None)])
    await house.do(store.record_posts, [PostResult(first, 500, "refused", 5.0)])
    [post] = await posts_of(house, alert)
    assert (post.state, post.tries, post.last_status) == (PostState.DELIVERED, 1, 200)


async def test_who_is_told_of_nothing_is_on_record_too(watched: WatchedHouse) -> None:
    """No address in the terms and no staff: the notice says that there was nobody."""
    await watched.pay(*["failed"] * 3)
    await watched.look()
    [alert] = await watched.active()
    [notice] = await watched.do(notices.about, alert.id)
    assert (notice.state, notice.last_error, notice.holder_id) == (notices.State.SKIPPED, "nobody_to_tell", None)
