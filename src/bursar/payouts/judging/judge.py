"""Judging payouts: what is known about each, by the rules of its terms."""

from collections.abc import Mapping, Sequence

from bursar import programs, risk
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.payouts.errors import NotAllowed
from bursar.payouts.judging.facts import Seen, gather
from bursar.payouts.model import Payout


async def judge(
    tx: Transaction, asked: Sequence[Payout], terms: Mapping[str, programs.Terms], *, seen: Seen
) -> list[risk.Verdict]:
    """A verdict on each payout by its program's ``terms``, in the order given.

    Rules that no terms of the batch ask cost nothing, neither a statement nor a call.
    """
    rules = {program: risk.asked(terms[program]) for program in {payout.program for payout in asked}}
    if not any(rules.values()):
        return [risk.Verdict(risk.Level.PASS, (), needs_review=False) for _ in asked]
    known = await gather(tx, asked, terms, seen=seen)
    return [
        risk.screen(facts, terms[payout.program], rules[payout.program])
        for payout, facts in zip(asked, known, strict=True)
    ]


def insist_on_terms(amount: Money, destination: Destination, terms: programs.Terms) -> None:
    """Currency, amount and destination as the program's terms want them.

    Raises:
        NotAllowed: the currency or amount; it names the field and the rule.
        DestinationNotAllowed: the destination.
    """
    insist_on_amount(amount, terms)
    terms.destinations.insist(destination)


def insist_on_kind(amount: Money, destination: Destination, terms: programs.Terms) -> None:
    """The same without the limits: whether a program pays in this currency, and to such destinations, at all.

    Raises:
        NotAllowed: the currency.
        DestinationNotAllowed: the destination.
    """
    _insist_on_currency(amount, terms)
    terms.destinations.insist(destination)


def insist_on_amount(amount: Money, terms: programs.Terms) -> None:
    """Currency and amount as the program's terms want them.

    Raises:
        NotAllowed: naming the field and the rule.
    """
    limits = terms.limits
    _insist_on_currency(amount, terms)
    if limits.minimum is not None and not amount.covers(limits.minimum):
        raise NotAllowed(field="amount", rule=f"at least {limits.minimum}", given=amount.text)
    if limits.maximum is not None and not limits.maximum.covers(amount):
        raise NotAllowed(field="amount", rule=f"at most {limits.maximum}", given=amount.text)


def _insist_on_currency(amount: Money, terms: programs.Terms) -> None:
    if amount.currency != terms.currency:
        raise NotAllowed(field="currency", rule=f"{terms.currency} in this program", given=amount.currency)
