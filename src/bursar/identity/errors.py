"""Why somebody is not let in, or may not do it.

Refusal
├── SignInRefused      whoever asks is not let in, and is not told which part was wrong
├── NotPermitted       no role of this person allows it
├── InsufficientScope  this key was not made for it
├── IpNotAllowed       this key is not to be used from there
├── ActsForNobody      this person acts for no holder, or not for that one
├── NoSuchPerson       there is nobody with this id or e-mail
├── NoSuchKey          not there, or not this holder's
├── EmailTaken         somebody else has this e-mail
├── WeakPassword       too short, too long, or too easy to guess
└── UnknownHolder      a key is for a holder of a program, and there is none
"""

from bursar.foundation.errors import Conflict, Forbidden, Invalid, Missing, Unauthorised


class SignInRefused(Unauthorised):
    """The e-mail or the password is wrong, or there were too many tries and sign-in rests for half an hour."""

    code = "sign_in_refused"


class NotPermitted(Forbidden):
    """Your role does not allow this."""

    code = "not_permitted"


class InsufficientScope(Forbidden):
    """This API key does not have the scope for this."""

    code = "insufficient_scope"


class IpNotAllowed(Forbidden):
    """This API key may not be used from this address."""

    code = "ip_not_allowed"


class ActsForNobody(Forbidden):
    """You do not act for this holder."""

    code = "not_acting_for_holder"


class NoSuchPerson(Missing):
    """There is no such person."""

    code = "person_not_found"


class NoSuchKey(Missing):
    """There is no such API key."""

    code = "key_not_found"


class EmailTaken(Conflict):
    """Somebody with this e-mail exists already."""

    code = "email_taken"


class WeakPassword(Invalid):
    """This password is not accepted."""

    code = "weak_password"


class UnknownHolder(Invalid):
    """There is no such holder in this program."""

    code = "unknown_holder"
