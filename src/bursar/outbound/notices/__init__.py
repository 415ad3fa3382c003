"""Notices to people: by e-mail, and to their browsers.

The room promises that what a program's terms say its holders are told becomes one notice for each address of the holder
and of everybody who acts for the holder, written in the transaction that reads the event; that whoever may approve is
told what waits for them; that a change of where a holder's money goes is told to the address that was the holder's
before; that each notice is sent at least once, under the same Message-ID however often, or stands on record as failed
or skipped with the reason; and that none of this, however broken, holds up money.

No notice holds an account number beyond its last four digits, and no log line or error an address.
"""

from bursar.outbound.notices.announcing import announce, fan_out, tell, tell_denied, tell_overdue, tell_staff
from bursar.outbound.notices.equipment import courier, mail_server, templates, vapid_key
from bursar.outbound.notices.errors import (
    BadNoticeSettings,
    BadTemplate,
    NoSuchNotice,
    NoSuchSubscription,
    NoticeNotOptional,
    NoticeSent,
    NoticeStillWaiting,
    PushNotConfigured,
    TooManySubscriptions,
)
from bursar.outbound.notices.herald import Herald
from bursar.outbound.notices.letters import Letter, Templates
from bursar.outbound.notices.look import PAGE_MAX, about, backlog, get, page, retry, to_holder, untold
from bursar.outbound.notices.model import (
    ABOUT_NO_HOLDER,
    OPTIONAL,
    SUBSCRIPTIONS_MAX,
    TO_HOLDERS,
    TO_STAFF,
    Backlog,
    Channel,
    DestinationChanged,
    DestinationDenied,
    Kind,
    News,
    NewSubscription,
    Notice,
    StaffNews,
    State,
    Subscription,
    Wish,
    read_keys,
)
from bursar.outbound.notices.preferences import set_wishes, wishes
from bursar.outbound.notices.reasons import of_failure
from bursar.outbound.notices.samples import sample
from bursar.outbound.notices.sending import BELL, BadAddress, Courier, MailServer, NoMailServer, PushSender
from bursar.outbound.notices.subscriptions import subscribe, subscriptions, unsubscribe
from bursar.outbound.notices.typed import as_written
from bursar.outbound.notices.vapid import BadVapidKey, VapidKey

__all__ = [
    "ABOUT_NO_HOLDER",
    "BELL",
    "OPTIONAL",
    "PAGE_MAX",
    "SUBSCRIPTIONS_MAX",
    "TO_HOLDERS",
    "TO_STAFF",
    "Backlog",
    "BadAddress",
    "BadNoticeSettings",
    "BadTemplate",
    "BadVapidKey",
    "Channel",
    "Courier",
    "DestinationChanged",
    "DestinationDenied",
    "Herald",
    "Kind",
    "Letter",
    "MailServer",
    "NewSubscription",
    "News",
    "NoMailServer",
    "NoSuchNotice",
    "NoSuchSubscription",
    "Notice",
    "NoticeNotOptional",
    "NoticeSent",
    "NoticeStillWaiting",
    "PushNotConfigured",
    "PushSender",
    "StaffNews",
    "State",
    "Subscription",
    "Templates",
    "TooManySubscriptions",
    "VapidKey",
    "Wish",
    "about",
    "announce",
    "as_written",
    "backlog",
    "courier",
    "fan_out",
    "get",
    "mail_server",
    "of_failure",
    "page",
    "read_keys",
    "retry",
    "sample",
    "set_wishes",
    "subscribe",
    "subscriptions",
    "tell",
    "tell_denied",
    "tell_overdue",
    "tell_staff",
    "templates",
    "to_holder",
    "unsubscribe",
    "untold",
    "vapid_key",
    "wishes",
]
