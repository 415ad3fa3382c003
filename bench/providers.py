"""Providers whom the platform has made known: verified, with earnings, a confirmed account, and somebody signed in."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bench.ground import BENCH
from bench.waiting import Waiting
from bursar import earnings, holders, identity, payouts, programs
from bursar.foundation import ids, log
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import AccountCheck, AccountVerdict, Destination, NewDestination
from bursar.house import House
from bursar.identity import store as people
from bursar.identity import tokens
from bursar.identity.model import SESSION_LIFE, PasswordHash

PROGRAM: Final = "providers"
TERMS: Final = BENCH / "providers-bench.yaml"
NO_POLLS: Final = "poll_seconds: [3600]"
OFTEN: Final = "poll_seconds: [1, 1, 2, 5]"
CURRENCY: Final = "NGN"
BANK: Final = "058"
COUNT: Final = 500
EARNINGS: Final = 4  # Of each provider, at different times: payouts take the oldest first.
EARNED: Final = Money(10**13, CURRENCY)  # Each of them: never the reason why a payout is refused here.
AMOUNT_MAX: Final = 50_000_00  # From above this on, people decide.
KNOWN_FOR: Final = timedelta(days=100)  # Longer than anything that the rules look back to.
ACTOR: Final = "bench"


@dataclass(frozen=True, slots=True)
class Crowd:
    """All of them: their accounts by their ids, and the session token of somebody who acts for each."""

    accounts: Mapping[UUID, Destination]
    tokens: Mapping[UUID, str]

    def waiting(self, waiting: Waiting) -> Waiting:
        """Let it be these who ask for payouts, each to their own account."""
        waiting.holders, waiting.ask = list(self.accounts), self._ask
        return waiting

    def _ask(self, holder_ids: Sequence[UUID], chance: random.Random) -> payouts.Ask:
        holder_id = chance.choice(holder_ids)
        return payouts.Ask(
            holder_id=holder_id,
            program=PROGRAM,
            reference=f"week-{chance.getrandbits(33):013}",
            amount=Money(chance.randint(AMOUNT_MAX // 10, AMOUNT_MAX), CURRENCY),
            destination=self.accounts[holder_id],
            requester=ACTOR,
            correlation_id=log.new_correlation_id(),
        )


async def settle_in(house: House, *, count: int = COUNT) -> Crowd:
    """Apply the program's terms and make providers known, with everything that they need to be paid."""
    now = house.clock.now()
    at = now - KNOWN_FOR
    password = await identity.hash_password(tokens.new_session(), email=ACTOR)  # Nobody ever signs in by it.
    async with house.database.transaction() as tx:
        await programs.apply(tx, TERMS.read_text("utf-8"), actor=ACTOR, at=at, file=TERMS.name)
        newcomers = [
            holders.NewHolder(PROGRAM, "provider", f"p{number:04}", f"Amaka {number:04} Okafor")
            for number in range(count)
        ]
        known = await holders.register(tx, newcomers, at=at)
        await holders.verify(tx, [one.id for one in known], verified=True, actor=ACTOR, at=at)
        await _credit(tx, house, known, at=at)
        accounts = {one.id: Destination(BANK, f"{number:06}0001", one.name) for number, one in enumerate(known)}
        await _store(tx, house, accounts, at=at)
        tokens_of = {one.id: await _let_in(tx, one, password, at=now) for one in known}
    return Crowd(accounts, tokens_of)


async def look_often(house: House) -> None:
    """Have what was promised asked for every second or two, as one would where no webhook comes through."""
    text = TERMS.read_text("utf-8")
    assert NO_POLLS in text, f"the terms say {NO_POLLS}"
    async with house.database.transaction() as tx:
        await programs.apply(tx, text.replace(NO_POLLS, OFTEN), actor=ACTOR, at=house.clock.now())


async def _credit(tx: Transaction, house: House, known: Sequence[holders.Holder], *, at: datetime) -> None:
    news = [
        earnings.NewEarning(PROGRAM, one.reference, f"order-{number}", EARNED, ACTOR)
        for one in known
        for number in range(EARNINGS)
    ]
    credited = await earnings.credit(tx, news, book=house.book, at=at)
    assert not any(isinstance(one, Refusal) for one in credited), "all of them are known, and nothing is theirs yet"


async def _store(tx: Transaction, house: House, accounts: Mapping[UUID, Destination], *, at: datetime) -> None:
    """Store an account for each, and have it confirmed as a gateway would have."""
    wishes = [
        NewDestination(holder_id, account, cool_off_hours=24, added_by=ACTOR) for holder_id, account in accounts.items()
    ]
    added = await holders.add_destinations(tx, wishes, keyring=house.keyring, at=at)
    checks = [
        AccountCheck(each.destination.id, AccountVerdict.CONFIRMED, wish.destination.account_title, 1.0)
        for wish, each in zip(wishes, added, strict=True)
    ]
    await holders.note_checks(tx, checks, at=at)


async def _let_in(tx: Transaction, holder: holders.Holder, password: PasswordHash, *, at: datetime) -> str:
    """Somebody who acts for a holder, and a session of theirs, without the tenth of a second that a password takes."""
    person = await identity.add_person(
        tx, email=f"{holder.reference}@example.com", name=holder.name, password_hash=password, roles=[], actor=ACTOR,
        at=at,
    )  # fmt: skip
    await identity.link(tx, [(person.id, holder.id)], actor=ACTOR, at=at)
    token = tokens.new_session()
    session = identity.Session(ids.new(at), person.id, created_at=at, seen_at=at, expires_at=at + SESSION_LIFE)
    await people.insert_session(tx, session, token_hash=tokens.hash_of(token))
    return token
