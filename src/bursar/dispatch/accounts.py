"""Asking the gateway whose account a stored destination is, before money goes there for the first time.

The first payout to a new destination may be asked for before the answer is known: it waits for it. What the gateway
says is kept with the destination, and how alike the name on the account is to its holder's.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, cast
from uuid import UUID

from bursar import holders, payouts, programs, risk
from bursar.dispatch.holds import UNCHECKED
from bursar.dispatch.send import BELL
from bursar.dispatch.tools import Tools
from bursar.foundation import log
from bursar.foundation.crypto import CannotOpen
from bursar.foundation.db import Transaction
from bursar.foundation.loops import repeat, rest
from bursar.gateways import AccountResolver, Confirmed, Denied, NotKnown, Resolution
from bursar.holders import AccountCheck, AccountVerdict, StoredDestination

AT_ONCE: Final = 20  # Accounts asked about together, one call each.
LEASE_SECONDS: Final = 60.0  # Also how long an account that the gateway could not answer for waits to be asked again.
LOOK_EVERY_SECONDS: Final = 1.0

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """A destination to ask about, whose it is, and under which terms."""

    stored: StoredDestination
    holder: holders.Holder
    terms: programs.Terms


class AccountChecker:
    """Asks gateways about destinations that nobody has checked, for the programs that want it."""

    def __init__(self, tools: Tools) -> None:
        """Use these tools."""
        self._tools = tools
        self._answered: set[tuple[UUID, bytes]] = set()  # At the last look: by holder and blind index.

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        await repeat(self._more, name="accounts", stop=stop, pause=partial(rest, stop, LOOK_EVERY_SECONDS))

    async def pass_once(self) -> int:
        """Ask about the accounts that are due for it, once; how many that were."""
        questions = await self._tools.database.retrying(self._take)
        checks = await asyncio.gather(*(self._check(question) for question in questions))
        known = zip(questions, checks, strict=True)
        answered = {(q.holder.id, q.stored.index) for q, check in known if check.check is not AccountVerdict.UNCHECKED}
        # A claim that was under way at the last look read those accounts as unchecked: nobody had ended its wait yet.
        places = answered | self._answered
        self._answered = answered

        async def note(tx: Transaction) -> int:
            await holders.note_checks(tx, checks, at=await tx.now())
            await payouts.tell_reviewers(tx, places, book=self._tools.book)
            return await payouts.end_waits(tx, places, reasons=[UNCHECKED])

        if questions or places:
            freed = await self._tools.database.retrying(note)
            if freed:
                self._tools.listener.ring_here(BELL)
        return len(questions)

    async def _more(self) -> bool:
        return await self.pass_once() >= AT_ONCE

    async def _take(self, tx: Transaction) -> list[_Question]:
        asking = {terms.program: terms for terms in await programs.all(tx) if self._can_ask(terms)}
        if not asking:
            return []
        taken = await holders.take_unchecked(tx, asking, limit=AT_ONCE, lease_seconds=LEASE_SECONDS)
        known = await holders.find(tx, {stored.holder_id for stored in taken})
        return [_question(stored, known, asking) for stored in taken]

    def _can_ask(self, terms: programs.Terms) -> bool:
        gateway = self._tools.gateways.get(terms.route.gateway)
        return terms.destinations.validate and gateway is not None and gateway.capabilities.resolve

    async def _check(self, question: _Question) -> AccountCheck:
        """One call to the gateway, and what is to be kept of its answer."""
        stored, terms = question.stored, question.terms
        try:
            destination = holders.open_destination(stored, self._tools.keyring)
        except CannotOpen:
            _log.error("account.cannot_open", subject=str(stored.id))  # It is tried again, with the key back perhaps.
            return AccountCheck(stored.id, AccountVerdict.UNCHECKED)
        await self._tools.paces.of(terms.program, terms.dispatch.rate_per_second).wait()
        resolver = cast("AccountResolver", self._tools.gateway(terms.route.gateway))
        answer = await resolver.resolve(destination)
        return _kept(stored, answer, holder=question.holder.name)


def _question(
    stored: StoredDestination, known: Mapping[UUID, holders.Holder], asking: Mapping[str, programs.Terms]
) -> _Question:
    holder = known[stored.holder_id]
    return _Question(stored, holder, asking[holder.program])


def _kept(stored: StoredDestination, answer: Resolution, *, holder: str) -> AccountCheck:
    """An answer as it is kept; that the title given is the holder's too is a rule of its own."""
    match answer:
        case Confirmed(""):  # It exists, and nobody has given it a name: nothing to compare.
            return AccountCheck(stored.id, AccountVerdict.CONFIRMED)
        case Confirmed(title):
            return AccountCheck(stored.id, AccountVerdict.CONFIRMED, title, risk.name_score(title, holder))
        case Denied():
            _log.warning("account.denied", subject=str(stored.id), reason_code=answer.reason)
            return AccountCheck(stored.id, AccountVerdict.DENIED)
        case NotKnown():
            _log.info("account.not_known", subject=str(stored.id), reason_code=answer.reason)
            return AccountCheck(stored.id, AccountVerdict.UNCHECKED)
