"""Whether a connected account can be paid to, and whose it is."""

from typing import Final

from bursar.gateways.model import Confirmed, Denied, NotKnown, Resolution
from bursar.gateways.stripe import causes
from bursar.gateways.stripe.api import Trouble
from bursar.gateways.stripe.wire import Account

AUTOMATIC: Final = "payouts_automatic"
"""Stripe pays the account's balance out by itself, so that a payout that we ask for would find it empty."""

_MAY_RECEIVE: Final = ("transfers", "legacy_payments")


def resolution(answer: Account | Trouble, account_id: str, *, pays_out: bool) -> Resolution:
    """Put an answer into our words; ``pays_out`` says that we shall ask for the payout to the bank ourselves.

    An account that has not shown all that Stripe wants to see may do so at any time: it is not known yet, and asked
    about again. One that Stripe has rejected, or that is not connected to ours, is denied.
    """
    if isinstance(answer, Trouble):
        return Denied("account_not_found") if causes.is_missing(answer) else NotKnown(answer.reason)
    if answer.id != account_id:
        return NotKnown("answer_to_another")
    stopped = answer.requirements.disabled_reason if answer.requirements else None
    if stopped and stopped.startswith("rejected"):
        return Denied("account_rejected")
    if not answer.payouts_enabled or not _may_receive(answer):
        return NotKnown("account_not_ready")
    if pays_out and _interval(answer) not in {None, "manual"}:
        return NotKnown(AUTOMATIC)
    return Confirmed(_title(answer))


def _may_receive(account: Account) -> bool:
    """Accounts of older kinds list no capabilities; they may all be transferred to."""
    return not account.capabilities or any(account.capabilities.get(name) == "active" for name in _MAY_RECEIVE)


def _interval(account: Account) -> str | None:
    payouts = account.settings.payouts if account.settings else None
    return payouts.schedule.interval if payouts and payouts.schedule else None


def _title(account: Account) -> str:
    """The name that the account is kept under: the person's or the company's, else the business's, else nothing."""
    person, company, business = account.individual, account.company, account.business_profile
    names = [
        f"{person.first_name or ''} {person.last_name or ''}" if person else "",
        (company.name if company else None) or "",
        (business.name if business else None) or "",
    ]
    return next((" ".join(name.split()) for name in names if name.strip()), "")
