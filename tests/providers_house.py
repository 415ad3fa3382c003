"""Providers of a running house: people who act for a holder of the program ``providers``, over HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from secrets import randbelow
from typing import Any, Final
from uuid import UUID, uuid4

from bursar import earnings, holders, identity, payouts, programs
from bursar.earnings import Credited, NewEarning
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.holders import AccountCheck, AccountVerdict, Destination, NewDestination
from bursar.identity.model import PasswordHash
from ground import AT, KEYRING
from house import NOBODY, Client, Reply

PROVIDERS = Path(__file__).parents[1] / "programs/providers.yaml"
PAYOUTS, DESTINATIONS = "/api/provider/payouts", "/api/provider/destinations"
METHOD: Final = {"type": "BANK", "bankCode": "044", "accountNumber": "0690000031", "accountTitle": "Ada Obi"}

OpenProvider = Callable[..., Awaitable["Provider"]]
"""Opens providers, with ``money``, ``verified`` and so on as asked for."""

_numbers = count(1)


@dataclass(frozen=True)
class Provider(Client):
    """Somebody signed in who acts for one provider, and whose it is."""

    holder_id: UUID = NOBODY
    person_id: UUID = NOBODY
    reference: str = ""
    bank: str = field(default_factory=lambda: f"{randbelow(10**6):06}")

    def method(self, ending: str = "0031") -> dict[str, str]:
        """A bank account of this provider's alone, by its last four digits."""
        return METHOD | {"accountNumber": self.bank + ending}

    async def ask(self, amount: Any = 1000, *, key: str | None = None, **wanted: Any) -> Reply:
        """Ask for a payout, to their own account unless something else is said."""
        body = {"amount": amount, "method": self.method(), **wanted}
        sent = {name: value for name, value in body.items() if value is not None}
        return await self.post(PAYOUTS, json=sent, headers={"Idempotency-Key": key} if key else None)

    async def payout(self, payout_id: str) -> dict[str, Any]:
        """One payout as it stands."""
        return dict((await self.get(f"{PAYOUTS}/{payout_id}")).json)

    async def store(self, ending: str = "0031", **wanted: Any) -> Reply:
        """Store a bank account."""
        return await self.post(DESTINATIONS, json=self.method(ending) | wanted)


async def apply_providers(tx: Transaction, **changes: str) -> programs.Terms:
    """The program ``providers`` as its file has it, with some lines replaced."""
    text = PROVIDERS.read_text("utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return (await programs.apply(tx, text, actor="person:tester", at=AT)).terms


async def provider_holder(
    tx: Transaction, *, money: str | None = "100000.00", verified: bool = True, program: str = "providers"
) -> holders.Holder:
    """A holder, verified, who has earned so much."""
    new = holders.NewHolder(program, "provider", f"ada-{uuid4().hex}", "Ada Obi", "ada@example.com")
    [holder] = await holders.register(tx, [new], at=AT)
    if verified:
        holder = (await holders.verify(tx, [holder.id], verified=True, actor="key:test", at=AT))[holder.id]
    if money is not None:
        await earn(tx, holder, money)
    return holder


async def earn(tx: Transaction, holder: holders.Holder, money: str) -> None:
    """Credit a provider with one order."""
    new = NewEarning(
        holder.program, holder.reference, f"order-{next(_numbers)}", Money.parse(money, "NGN"), credited_by="key:test"
    )
    [credited] = await earnings.credit(tx, [new], book=programs.Book(), at=AT)
    assert isinstance(credited, Credited), credited


async def open_provider(
    nobody: Client, database: Database, password_hash: PasswordHash, password: str, **wanted: Any
) -> Provider:
    """A new provider with somebody who acts for them, signed in."""
    email = f"{uuid4().hex}@example.com"
    async with database.transaction() as tx:
        holder = await provider_holder(tx, **wanted)
        person = await identity.add_person(
            tx, email=email, name="Ada Obi", password_hash=password_hash, roles=[], actor="system:test", at=AT
        )
        await identity.link(tx, [(person.id, holder.id)], actor="system:test", at=AT)
    answer = await nobody.post("/api/sign-in", json={"email": email, "password": password})
    assert answer.status == 200, answer.body
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    return Provider(nobody.session, nobody.url, headers, holder.id, person.id, holder.reference)


async def make_known(database: Database, provider: Provider) -> None:
    """Give a provider a past: an account that was confirmed a year ago, and three payouts to it, weeks apart."""
    method = provider.method()
    account = Destination(method["bankCode"], method["accountNumber"], method["accountTitle"])
    new = NewDestination(provider.holder_id, account, cool_off_hours=24, added_by="system:test")
    before = datetime.now(UTC)
    async with database.transaction() as tx:
        [added] = await holders.add_destinations(tx, [new], keyring=KEYRING, at=before - timedelta(days=365))
        confirmed = AccountCheck(added.destination.id, AccountVerdict.CONFIRMED, account.account_title, 1.0)
        await holders.note_checks(tx, [confirmed], at=before)
        for weeks in (6, 4, 2):
            ask = payouts.Ask(
                provider.holder_id, "providers", "Earlier", Money.parse("1000", "NGN"), account, "system:test"
            )  # fmt: skip
            desk = payouts.Desk(programs.Book(), KEYRING)
            [made] = await payouts.request(tx, [ask], desk=desk, at=before - timedelta(weeks=weeks))
            assert isinstance(made, payouts.Payout), made
            await _walk(tx, made.id, "approve", "send", "settle")


async def walk(database: Database, payout_id: str, *verbs: str, reason: str | None = None) -> None:
    """Let a payout take these steps, as people and workers would."""
    async with database.transaction() as tx:
        await _walk(tx, UUID(payout_id), *verbs, reason=reason)


async def _walk(tx: Transaction, payout_id: UUID, *verbs: str, reason: str | None = None) -> None:
    for verb in verbs:
        step = payouts.Step(payout_id, verb, "system:test", reason=reason, gateway="flutterwave")
        [moved] = await payouts.advance(tx, [step], book=programs.Book())
        assert isinstance(moved, payouts.Payout), moved
