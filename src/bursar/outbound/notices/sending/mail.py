"""E-mail over SMTP: one message to one address, in HTML and in plain text."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from typing import Final, Literal
from uuid import UUID

import aiosmtplib

from bursar.foundation.db import transaction_is_open
from bursar.outbound.notices.letters import Letter
from bursar.outbound.notices.sending.model import Answer

STEP_SECONDS: Final = 20.0  # For one answer of the mail server.
PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}  # RFC 5321, RFC 6409, RFC 8314.

Security = Literal["none", "starttls", "tls"]
Send = Callable[[EmailMessage, str], Awaitable[Answer]]
"""Hands one message for one address to the mail server."""


class NoMailServer(Exception):
    """No connection to the mail server that could be sent over; the answer says why."""

    def __init__(self, answer: Answer) -> None:
        """Keep what it answered, if it did."""
        self.answer = answer
        super().__init__(answer.error)


class BadAddress(ValueError):
    """Nothing that a message can be sent to or from."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mails are handed in, and as whom. ``sender`` is an address, with or without a name before it."""

    host: str
    sender: str
    security: Security = "starttls"
    port: int | None = None
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None  # With certificate authorities of one's own.

    def __post_init__(self) -> None:
        _mailbox(parseaddr(self.sender)[1])

    def __repr__(self) -> str:
        return f"MailServer({self.host!r})"

    def compose(self, letter: Letter, *, to: str, name: UUID, at: datetime, wishes: str | None = None) -> EmailMessage:
        """Put a letter into the form of an e-mail. Its id hangs on ``name`` alone, so a repeat can be recognised.

        No header holds anything that a person has typed but the address itself and, cut to one line, the subject.

        Raises:
            BadAddress: nothing that a message can be sent to.
        """
        display, own = parseaddr(self.sender)
        sender = _mailbox(own)
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = Address(display, addr_spec=sender.addr_spec)
        message["To"] = _mailbox(to)
        message["Subject"] = letter.subject
        message["Date"] = at
        message["Message-ID"] = f"<{name.hex}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday notes are not to answer it.
        if wishes is not None:
            message["List-Unsubscribe"] = f"<{wishes}>"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Send]:
        """A connection over which one message after the other can be handed in.

        Raises:
            NoMailServer: there is none to be had.
        """
        assert not transaction_is_open.get(), "never call out while holding a transaction"
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port or PORTS[self.security],
            username=self.username,
            password=self.password,
            use_tls=self.security == "tls",
            start_tls=self.security == "starttls",
            tls_context=self.tls,
            timeout=STEP_SECONDS,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as failed:
            client.close()
            raise NoMailServer(replace(_answer(failed), is_final=False)) from None  # Its words may repeat the password.

        async def send(message: EmailMessage, to: str) -> Answer:
            return await _hand_in(client, message, sender=parseaddr(self.sender)[1], to=to)

        try:
            yield send
        finally:
            await _leave(client)


async def _hand_in(client: aiosmtplib.SMTP, message: EmailMessage, *, sender: str, to: str) -> Answer:
    """One message for one address, and what the server made of it."""
    try:
        await client.send_message(message, sender=_mailbox(sender).addr_spec, recipients=[_mailbox(to).addr_spec])
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return _answer(refused.recipients[0])
    except (aiosmtplib.SMTPException, OSError, ValueError) as failed:
        return _answer(failed)
    return Answer(_TAKEN)


_TAKEN: Final = 250
_CLOSING: Final = 421  # RFC 5321, section 3.8.
_NOT_SUPPORTED: Final = "address_not_supported"
_WORDS: Final = (  # The first that fits.
    (aiosmtplib.SMTPAuthenticationError, "sign_in_refused"),
    (aiosmtplib.SMTPSenderRefused, "sender_refused"),
    (aiosmtplib.SMTPResponseException, "refused"),
    (ssl.SSLError, "tls_failed"),
    ((aiosmtplib.SMTPNotSupported, ValueError), _NOT_SUPPORTED),
    (TimeoutError, "timed_out"),
    (aiosmtplib.SMTPServerDisconnected, "connection_lost"),
    (Exception, "no_connection"),
)
"""What went wrong, in a word. The server's own words are not kept: they repeat the address, or what we sent."""


def _answer(failed: Exception) -> Answer:
    """What becomes of a message that was not taken: a 5xx about it will be the same next time (RFC 5321, 4.2.1).

    What is wrong with us (sign-in, sender) is for somebody to put right, and then the message is sent.
    """
    told = failed.__cause__ if isinstance(failed.__cause__, ssl.SSLError) else failed
    word = next(word for kinds, word in _WORDS if isinstance(told, kinds))
    code: int | None = getattr(told, "code", None) if isinstance(told, aiosmtplib.SMTPResponseException) else None
    refused_for_good = word == "refused" and code is not None and code >= 500
    return Answer(
        code,
        word,
        is_final=refused_for_good or word == _NOT_SUPPORTED,
        is_cut=code == _CLOSING or (code is None and word != _NOT_SUPPORTED),
    )


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def _mailbox(text: str) -> Address:
    """An e-mail address whose host is written as DNS has it.

    Raises:
        BadAddress: it is none.
    """
    try:
        local, _, host = text.rpartition("@")
        mailbox = Address(addr_spec=f"{local}@{host.encode('idna').decode()}")
    except (MessageError, ValueError, IndexError) as unreadable:
        raise BadAddress("not an e-mail address") from unreadable
    if not mailbox.username or not mailbox.domain:
        raise BadAddress("not an e-mail address")
    return mailbox
