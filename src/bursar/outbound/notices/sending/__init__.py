"""Sending: the courier, the two ways that notices go, and what it decides and stores."""

from bursar.outbound.notices.sending.courier import BELL, Courier
from bursar.outbound.notices.sending.mail import BadAddress, MailServer, NoMailServer, Security
from bursar.outbound.notices.sending.push import Payload, PushSender

__all__ = ["BELL", "BadAddress", "Courier", "MailServer", "NoMailServer", "Payload", "PushSender", "Security"]
