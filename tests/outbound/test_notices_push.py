"""Push messages to a real endpoint: encrypted for one browser, signed by us, and what is done when it is gone."""

import json
from uuid import UUID

import pytest
from notices_house import (
    ACCOUNT,
    Browser,
    MailSink,
    NoticeHouse,
    base64url,
    browsing,
    push_service,
    verified_claims,
)

from bursar import identity
from bursar.foundation.addresses import Policy
from bursar.foundation.egress import Egress
from bursar.foundation.errors import Invalid
from bursar.outbound import notices
from bursar.outbound.notices import BadVapidKey, Channel, Kind, Notice, State, VapidKey


async def subscribed(house: NoticeHouse, browser: Browser) -> tuple[UUID, UUID]:
    """A holder without an e-mail address, and the person who acts for the holder and has this browser."""
    holder = await house.holder(email=None)
    person = await house.person("amina@example.com", acts_for=holder)
    await house.browser(browser, holder, person)
    return holder, person


async def pushed(house: NoticeHouse) -> list[Notice]:
    """The notices to browsers."""
    return [notice for notice in await house.written() if notice.address.channel is Channel.PUSH]


async def test_a_browser_is_told_what_only_it_can_read(
    telling: NoticeHouse, browser: Browser, vapid_key: VapidKey
) -> None:
    holder, _ = await subscribed(telling, browser)
    payout = await telling.payout(holder, "send", "settle", amount="45000.00")
    await telling.tell(payout.id)
    await telling.deliver()
    [push] = browser.pushes
    assert browser.read(push) == {
        "kind": "completed",
        "title": "Merchants",
        "body": "45,000.00 PKR has been paid to your account ending in 9999.",
        "tag": payout.id.hex,
    }
    assert ACCOUNT.encode() not in push.body
    assert (push.headers["Content-Encoding"], push.headers["TTL"]) == ("aes128gcm", "86400")
    assert (push.headers["Topic"], push.headers["Urgency"]) == (payout.id.hex, "normal")
    claims = verified_claims(push.headers["Authorization"], vapid_key.public)
    assert claims["aud"] == browser.url.partition("/push/")[0]
    assert claims["sub"] == "mailto:payouts@acme.example"
    assert 0 < claims["exp"] - telling.clock.now().timestamp() <= 24 * 3600
    [notice] = await pushed(telling)
    assert (notice.state, notice.last_status, notice.to) == (State.SENT, 201, "a browser")


async def test_a_click_leads_to_the_payout(telling: NoticeHouse, browser: Browser) -> None:
    telling.templates = notices.Templates(pages="https://app.acme.example/")
    holder, _ = await subscribed(telling, browser)
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver()
    assert browser.read(browser.pushes[0])["url"] == f"https://app.acme.example/payouts/{payout.id}"


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_told_nothing_any_more(
    status: int, telling: NoticeHouse, browser: Browser
) -> None:
    holder, person = await subscribed(telling, browser)
    browser.status = status
    first, second = [await telling.payout(holder, "send", "settle") for _ in range(2)]
    await telling.tell(first.id)
    await telling.deliver()
    assert await telling.do(notices.subscriptions, holder_id=holder, person_id=person) == []
    await telling.tell(second.id)
    await telling.deliver()
    [notice] = await pushed(telling)
    assert (notice.state, notice.last_error, notice.last_status) == (State.FAILED, "gone", status)
    assert len(browser.pushes) == 1


@pytest.mark.parametrize(("status", "state"), [(429, State.WAITING), (503, State.WAITING), (413, State.FAILED)])
async def test_a_push_is_tried_again_only_if_that_can_help(
    status: int, state: State, telling: NoticeHouse, browser: Browser
) -> None:
    holder, _ = await subscribed(telling, browser)
    browser.status = status
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver()
    [notice] = await pushed(telling)
    assert (notice.state, notice.last_error, notice.last_status) == (state, "refused", status)


async def test_what_was_to_go_to_a_browser_that_somebody_else_has_now_is_not_sent(
    telling: NoticeHouse, browser: Browser
) -> None:
    holder, _ = await subscribed(telling, browser)
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    other = await telling.holder(email=None)
    await telling.browser(browser, other, await telling.person("ben@example.com", acts_for=other))
    await telling.deliver()
    [notice] = await pushed(telling)
    assert (notice.state, notice.last_error, browser.pushes) == (State.SKIPPED, "subscription_ended", [])


async def test_whoever_acts_for_a_holder_no_longer_is_told_nothing(telling: NoticeHouse, browser: Browser) -> None:
    holder, person = await subscribed(telling, browser)
    await telling.do(identity.unlink, [(person, holder)], actor="system:test")
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver()
    assert (await pushed(telling), browser.pushes) == ([], [])


async def test_an_address_inside_our_own_network_is_never_called(
    telling: NoticeHouse, browser: Browser, vapid_key: VapidKey
) -> None:
    """Whoever got past the door with it, or a name that points elsewhere since: it is checked at each call."""
    holder, _ = await subscribed(telling, browser)
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    strict = Egress.open(Policy())
    await telling.deliver(push=push_service(strict, vapid_key, telling.clock))
    await strict.close()
    [notice] = await pushed(telling)
    assert (notice.state, notice.last_error, browser.pushes) == (State.FAILED, "address_refused", [])


async def test_without_a_key_that_is_on_record(telling: NoticeHouse, browser: Browser) -> None:
    holder, _ = await subscribed(telling, browser)
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver(push=None)
    [notice] = await pushed(telling)
    assert (notice.state, notice.last_error) == (State.SKIPPED, "push_not_configured")


async def test_a_push_service_that_is_down_holds_up_no_e_mail(
    telling: NoticeHouse, browser: Browser, sink: MailSink
) -> None:
    holder, _ = await subscribed(telling, browser)
    browser.url = "http://127.0.0.1:9/push"
    async with browsing() as other:
        person = await telling.person("ben@example.com", acts_for=holder)
        await telling.browser(other, holder, person)
        await telling.run("UPDATE push_subscriptions SET endpoint = $1 WHERE person_id <> $2", browser.url, person)
        payout = await telling.payout(holder, "send", "settle")
        await telling.tell(payout.id)
        await telling.deliver()
        assert sorted(notice.state for notice in await pushed(telling)) == [State.SENT, State.WAITING]
    assert sorted(sink.to) == ["amina@example.com", "ben@example.com"]


async def test_subscribing_again_renews_the_keys(telling: NoticeHouse, browser: Browser) -> None:
    holder, person = await subscribed(telling, browser)
    browser.auth = bytes(16)
    await telling.browser(browser, holder, person)
    assert len(await telling.do(notices.subscriptions, holder_id=holder, person_id=person)) == 1
    payout = await telling.payout(holder, "send", "settle")
    await telling.tell(payout.id)
    await telling.deliver()
    assert browser.read(browser.pushes[0])["kind"] == "completed"


async def test_there_is_an_end_to_subscriptions(telling: NoticeHouse, browser: Browser) -> None:
    holder, person = await subscribed(telling, browser)
    for number in range(notices.SUBSCRIPTIONS_MAX - 1):
        browser.url = f"https://push.example.com/{number}"
        await telling.browser(browser, holder, person)
    browser.url = "https://push.example.com/one-more"
    with pytest.raises(notices.TooManySubscriptions):
        await telling.browser(browser, holder, person)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", base64url(bytes(16))),
        (base64url(b"\x04" + bytes(64)), base64url(bytes(16))),  # Not on the curve.
        (base64url(bytes(33)), base64url(bytes(16))),
        ("not base64!", base64url(bytes(16))),
        ("é" * 87, base64url(bytes(16))),
        (None, base64url(bytes(15))),
        (None, "***"),
    ],
)
def test_keys_that_are_none_are_refused(p256dh: str | None, auth: str) -> None:
    with pytest.raises(Invalid):
        notices.read_keys(base64url(Browser().point) if p256dh is None else p256dh, auth)


def test_keys_are_read_with_and_without_padding() -> None:
    browser = Browser()
    for padding in ("", "=", "=="):
        point, auth = notices.read_keys(base64url(browser.point) + padding, base64url(browser.auth) + padding)
        assert (point, auth) == (browser.point, browser.auth)


def test_a_vapid_key_is_read_as_it_is_written_and_never_shown() -> None:
    key = VapidKey.fresh()
    assert VapidKey.read(key.text).public == key.public
    assert key.text not in repr(key)
    for wrong in ("", "short", key.text + "AAAA", "*" * 43, base64url(bytes(32))):
        with pytest.raises(BadVapidKey):
            VapidKey.read(wrong)


async def test_what_guards_money_is_urgent(telling: NoticeHouse, browser: Browser) -> None:
    holder, _ = await subscribed(telling, browser)
    added = await telling.destination(holder)
    await telling.announce(notices.DestinationChanged(added))
    await telling.deliver()
    [push] = browser.pushes
    assert push.headers["Urgency"] == "high"
    assert json.dumps(browser.read(push)).count("9999") == 1
    assert [notice.kind for notice in await pushed(telling)] == [Kind.DESTINATION_CHANGED]
