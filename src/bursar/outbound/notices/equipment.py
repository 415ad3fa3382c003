"""What an installation's settings say about notices: its mail server, its key for browsers, its templates."""

from email.utils import parseaddr

from bursar.foundation.clock import Clock
from bursar.foundation.db import Database
from bursar.foundation.egress import Egress
from bursar.foundation.settings import Settings
from bursar.outbound.notices.errors import BadNoticeSettings
from bursar.outbound.notices.letters import Templates
from bursar.outbound.notices.sending import BadAddress, Courier, MailServer, PushSender
from bursar.outbound.notices.vapid import BadVapidKey, VapidKey


def courier(settings: Settings, database: Database, clock: Clock, egress: Egress) -> Courier:
    """A courier with whatever this installation has.

    Raises:
        BadNoticeSettings: one of the settings cannot be used.
    """
    key = vapid_key(settings)
    push = PushSender(egress, key, subject=_subject(settings), clock=clock) if key else None
    return Courier(
        database,
        templates(settings),
        clock,
        mail=mail_server(settings),
        push=push,
        connections=settings.smtp_connections,
    )


def mail_server(settings: Settings) -> MailServer | None:
    """The mail server; None where none is set.

    Raises:
        BadNoticeSettings: SMTP_FROM is missing or no address, or a password would travel in the clear.
    """
    if not settings.smtp_host:
        return None
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    if password and settings.smtp_security == "none" and settings.environment == "production":
        raise BadNoticeSettings("SMTP_SECURITY=none would send SMTP_PASSWORD in the clear.")
    try:
        return MailServer(
            host=settings.smtp_host,
            sender=settings.smtp_from or "",
            security=settings.smtp_security,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=password,
        )
    except BadAddress as missing:
        raise BadNoticeSettings("SMTP_FROM must be an address, such as: Acme <payouts@acme.example>") from missing


def templates(settings: Settings) -> Templates:
    """The words of all notices.

    Raises:
        BadNoticeSettings: NOTICE_TEMPLATES is no folder.
    """
    own = settings.notice_templates
    if own is not None and not own.is_dir():
        raise BadNoticeSettings(f"NOTICE_TEMPLATES: there is no folder {own}.")
    return Templates(own, pages=settings.notices_url)


def vapid_key(settings: Settings) -> VapidKey | None:
    """The key by which push services know this installation; None where none is set.

    Raises:
        BadNoticeSettings: it cannot be read.
    """
    text = settings.vapid_private_key.get_secret_value() if settings.vapid_private_key else ""
    if not text:
        return None
    try:
        return VapidKey.read(text)
    except BadVapidKey as unreadable:
        raise BadNoticeSettings(f"VAPID_PRIVATE_KEY: {unreadable}.") from unreadable


def _subject(settings: Settings) -> str:
    """Where a push service can complain (RFC 8292, section 2.1)."""
    return settings.vapid_subject or f"mailto:{parseaddr(settings.smtp_from or '')[1] or 'nobody@localhost'}"
