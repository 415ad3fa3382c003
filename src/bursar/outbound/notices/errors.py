"""Why something about notices is not done.

Refusal
├── NoSuchNotice         not there
├── NoticeStillWaiting   its next try comes by itself
├── NoticeSent           it was sent; once is enough
├── NoticeNotOptional    what guards a holder's money cannot be switched off
├── PushNotConfigured    this installation has no key to send to browsers with
├── NoSuchSubscription   not there, or somebody else's
├── TooManySubscriptions a person has as many browsers as there may be
├── BadNoticeSettings    a setting about notices cannot be used
└── BadTemplate          a text of this installation's own cannot be used
"""

from bursar.foundation.errors import Conflict, Invalid, Missing


class NoSuchNotice(Missing):
    """There is no such notice."""

    code = "notice_not_found"


class NoticeStillWaiting(Conflict):
    """This notice is still under way; its next try comes by itself."""

    code = "notice_still_waiting"


class NoticeSent(Conflict):
    """This notice was sent; it is not sent twice."""

    code = "notice_sent"


class NoticeNotOptional(Conflict):
    """Notices that guard your money cannot be switched off."""

    code = "notice_not_optional"


class PushNotConfigured(Conflict):
    """This installation does not send to browsers: VAPID_PRIVATE_KEY is not set."""

    code = "push_not_configured"


class NoSuchSubscription(Missing):
    """There is no such subscription."""

    code = "subscription_not_found"


class TooManySubscriptions(Conflict):
    """There are as many subscriptions as there may be; remove one first."""

    code = "too_many_subscriptions"


class BadTemplate(Invalid):
    """A notice's template cannot be used."""

    code = "bad_template"


class BadNoticeSettings(Invalid):
    """A setting about notices cannot be used."""

    code = "bad_notice_settings"
