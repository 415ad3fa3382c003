"""What a person may do stands in one table, and what a key may do in its scopes; anything else is forbidden."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from bursar.foundation.errors import Invalid, Kind
from bursar.identity import (
    ALLOWED,
    HOLDER_SCOPES,
    Caller,
    InsufficientScope,
    IpNotAllowed,
    Mode,
    NotPermitted,
    Permission,
    Person,
    Role,
    Scope,
    actor,
    authorise,
    networks,
)


def somebody(*roles: Role) -> Person:
    return Person(uuid4(), "anna@example.com", "Anna", frozenset(roles), created_at=datetime(2026, 11, 20, tzinfo=UTC))


def caller(*, scopes: frozenset[Scope] = HOLDER_SCOPES, allowed: tuple[str, ...] = ()) -> Caller:
    return Caller(uuid4(), uuid4(), "merchants", Mode.LIVE, scopes, networks(allowed), None)


DECISIONS = {
    Permission.APPROVE_PAYOUTS,
    Permission.REJECT_PAYOUTS,
    Permission.CANCEL_PAYOUTS,
    Permission.RETRY_PAYOUTS,
    Permission.STOP_SENDING,
    Permission.MANAGE_KEYS,
    Permission.MANAGE_HOLDERS,
    Permission.MANAGE_EARNINGS,
    Permission.MANAGE_ORDERS,
    Permission.REQUEST_PAYOUTS,
    Permission.MANAGE_RUNS,
    Permission.MANAGE_ALERTS,
    Permission.RECONCILE,
}


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.SUPER_ADMIN, {Permission.VIEW, Permission.MANAGE_PEOPLE} | DECISIONS),
        (Role.MANAGER, {Permission.VIEW} | DECISIONS),
        (Role.SUPPORT, {Permission.VIEW}),
    ],
)
def test_each_role_may_do_this_and_nothing_else(role: Role, may: set[Permission]) -> None:
    assert {permission for permission in Permission if somebody(role).may(permission)} == may


def test_every_role_stands_in_the_table() -> None:
    assert ALLOWED.keys() == set(Role)


def test_nobody_may_anything_without_a_role() -> None:
    assert not any(somebody().may(permission) for permission in Permission)


def test_roles_add_up() -> None:
    assert somebody(Role.SUPPORT, Role.MANAGER).may(Permission.APPROVE_PAYOUTS)


def test_insisting_refuses_whoever_may_not() -> None:
    somebody(Role.MANAGER).insist(Permission.APPROVE_PAYOUTS)
    with pytest.raises(NotPermitted) as refused:
        somebody(Role.SUPPORT).insist(Permission.APPROVE_PAYOUTS)
    assert refused.value.kind is Kind.FORBIDDEN
    assert refused.value.facts == {"permission": "payouts:approve"}


def test_a_key_opens_its_scopes_and_no_other() -> None:
    reader = caller(scopes=frozenset({Scope.PAYOUTS_READ}))
    authorise(reader, Scope.PAYOUTS_READ, ip=None)
    for scope in HOLDER_SCOPES - {Scope.PAYOUTS_READ}:
        with pytest.raises(InsufficientScope, match="does not have the scope"):
            authorise(reader, scope, ip=None)


@pytest.mark.parametrize(
    ("allowed", "ip"),
    [
        ((), "198.51.100.1"),
        ((), None),
        ((), "not an address"),
        (("203.0.113.7",), "203.0.113.7"),
        (("203.0.113.0/24",), "203.0.113.255"),
        (("10.0.0.0/8", "2001:db8::/48"), "2001:db8::1"),
        (("203.0.113.0/24",), "::ffff:203.0.113.7"),
    ],
)
def test_a_key_may_be_used_from_there(allowed: tuple[str, ...], ip: str | None) -> None:
    authorise(caller(allowed=allowed), Scope.BALANCE_READ, ip=ip)


@pytest.mark.parametrize(
    ("allowed", "ip"),
    [
        (("203.0.113.7",), "203.0.113.8"),
        (("203.0.113.0/24",), "203.0.114.0"),
        (("203.0.113.0/24",), "2001:db8::1"),
        (("203.0.113.0/24",), "::ffff:198.51.100.1"),
        (("0.0.0.0/0",), None),
        (("0.0.0.0/0",), ""),
        (("0.0.0.0/0",), "unknown"),
        (("0.0.0.0/0",), "203.0.113.7, 10.0.0.1"),
    ],
)
def test_a_key_may_not_be_used_from_there(allowed: tuple[str, ...], ip: str | None) -> None:
    with pytest.raises(IpNotAllowed):
        authorise(caller(allowed=allowed), Scope.BALANCE_READ, ip=ip)


@pytest.mark.parametrize("text", ["", "203.0.113.1/24", "203.0.113.0/33", "300.0.0.1", "example.com"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"allowed_ips must be an address or a network such as 203\.0\.113\.0/24"):
        networks(["203.0.113.7", text])


def test_history_names_who_did_it() -> None:
    person, key = somebody(), caller()
    assert person.actor == f"person:{person.id}"
    assert key.actor == f"key:{key.key_id}"
    assert actor("system", "cron") == "system:cron"
    assert actor("gateway", "mockbank") == "gateway:mockbank"
