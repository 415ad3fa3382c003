"""Who is told of an alert, and in what words: e-mails through the notices, and signed posts to webhook addresses."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from bursar import identity, programs
from bursar.foundation import ids
from bursar.foundation.clock import timestamp
from bursar.foundation.db import Transaction
from bursar.monitoring.alerts import store
from bursar.monitoring.alerts.model import Alert, Told
from bursar.outbound import notices

_KINDS: Final = {
    Told.OPENED: notices.Kind.ALERT_OPENED,
    Told.WORSE: notices.Kind.ALERT_OPENED,
    Told.TEST: notices.Kind.ALERT_OPENED,
    Told.RESOLVED: notices.Kind.ALERT_RESOLVED,
}


class _Body(msgspec.Struct, frozen=True):
    """What is posted: the shape that the Standard Webhooks specification recommends."""

    type: str
    timestamp: str
    data: dict[str, Any]


async def tell(tx: Transaction, alerts: Sequence[Alert], told: Told) -> None:
    """Write what everybody is told of these alerts, as they stand: each address once for each telling.

    Those that a program's terms name are told of its alerts and of those of the whole installation, unless its terms
    switch alerts off; and staff who may stop payouts, of all. Workers send what is written here by themselves.
    """
    if not alerts:
        return
    at = await tx.now()
    known = [terms for terms in await programs.all(tx) if terms.alerts.enabled]
    actors = {actor for alert in alerts for actor in (alert.acknowledged_by, alert.resolved_by) if actor}
    people = await identity.emails_of(tx, actors)
    news, posts = [], []
    for alert in alerts:
        concerned = [terms for terms in known if alert.program in {None, terms.program}]
        own = next((terms for terms in concerned if terms.program == alert.program), None)
        emails = frozenset(email for terms in concerned for email in terms.alerts.emails)
        facts = _facts(alert, told, people)
        news.append(notices.StaffNews(_KINDS[told], alert.id, alert.told, own, facts, emails))
        body = _body(alert, told, people, at=at)
        posts += [(ids.new(at), alert.id, alert.told, url, body) for url in _urls(concerned)]
    await notices.tell_staff(tx, news, at=at)
    if posts:
        await store.insert_posts(tx, posts)


def _urls(concerned: Iterable[programs.Terms]) -> list[str]:
    return sorted({url for terms in concerned for url in terms.alerts.webhook_urls})


def _facts(alert: Alert, told: Told, people: dict[str, str]) -> dict[str, Any]:
    """What a letter is made of; what has gone away by itself was resolved by nobody."""
    by_itself = alert.resolved_by is None or alert.resolved_by.startswith("system:")
    return {
        "told": told.value,
        "alert": str(alert.id),
        "type": alert.type.value,
        "severity": alert.severity.value,
        "message": alert.message,
        "opened_at": alert.opened_at.isoformat(),
        "at": ((alert.resolved_at if told is Told.RESOLVED else None) or alert.opened_at).isoformat(),
        "resolved_by": None if by_itself else people.get(alert.resolved_by or "", alert.resolved_by),
        "note": notices.as_written(alert.note),
    }


def _body(alert: Alert, told: Told, people: dict[str, str], *, at: datetime) -> bytes:
    def who(actor: str | None) -> str | None:
        return None if actor is None else people.get(actor, actor)

    def when(moment: datetime | None) -> str | None:
        return None if moment is None else timestamp(moment)

    data = {
        "id": str(alert.id),
        "program": alert.program,
        "type": alert.type.value,
        "severity": alert.severity.value,
        "subject": alert.subject,
        "message": alert.message,
        "facts": dict(alert.facts),
        "openedAt": timestamp(alert.opened_at),
        "acknowledgedAt": when(alert.acknowledged_at),
        "acknowledgedBy": who(alert.acknowledged_by),
        "resolvedAt": when(alert.resolved_at),
        "resolvedBy": who(alert.resolved_by),
    }
    return msgspec.json.encode(_Body(told.value, timestamp(at), data))
