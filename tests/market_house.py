"""Scouts, sellers and their platform, of a running house's program ``marketplace``, over HTTP."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from bursar import earnings, holders, identity, programs
from bursar.earnings import Credited, NewEarning
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.holders import Destination, Holder, NewDestination
from bursar.identity.model import PasswordHash
from ground import AT, KEYRING
from house import NOBODY, Client, Reply

MARKETPLACE: Final = Path(__file__).parents[1] / "programs/marketplace.yaml"
PROGRAM: Final = "marketplace"
MY_PAYOUTS: Final = "/api/payouts/my-payouts"

_numbers = count(1)


@dataclass(frozen=True)
class Earner(Client):
    """Somebody signed in who acts for one scout or seller, and whose it is."""

    holder: UUID = NOBODY
    reference: str = ""
    kind: str = "scout"

    @property
    def path(self) -> str:
        """Where what is theirs is."""
        return f"/api/{self.kind}s/{self.reference}"

    async def ask(self, paise: int | None = None, *, key: str | None = None) -> Reply:
        """Ask for a payout; of everything, where no amount is given."""
        body = {} if paise is None else {"amount_paise": paise}
        return await self.post(
            f"{self.path}/request-payout", json=body, headers={"Idempotency-Key": key} if key else None
        )

    async def figures(self) -> dict[str, int]:
        """What there is of theirs."""
        told = (await self.get(self.path)).json
        return {name.removesuffix("_paise"): figure for name, figure in told.items() if name.endswith("_paise")}


async def apply_marketplace(tx: Transaction, name: str = PROGRAM, **changes: str) -> programs.Terms:
    """The program ``marketplace`` as its file has it, with some lines replaced."""
    text = MARKETPLACE.read_text("utf-8").replace("program: marketplace", f"program: {name}", 1)
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return (await programs.apply(tx, text, actor="person:tester", at=AT)).terms


async def earner(
    tx: Transaction, kind: str, *, money: str | None = None, program: str = PROGRAM, stores: bool = True
) -> Holder:
    """A scout or a seller, who has earned so much if anything, and has said where to be paid."""
    new = holders.NewHolder(program, kind, f"{kind}-{uuid4().hex[:12]}", "Asha Rao")
    [holder] = await holders.register(tx, [new], at=AT)
    if stores:
        account = Destination("HDFC0000001", f"{next(_numbers):012}", "Asha Rao")
        wish = NewDestination(holder.id, account, cool_off_hours=0, added_by="system:test")
        await holders.add_destinations(tx, [wish], keyring=KEYRING, at=AT)
    if money is not None:
        await earn(tx, holder, money)
    return holder


async def earn(tx: Transaction, holder: Holder, money: str) -> None:
    """Credit somebody."""
    new = NewEarning(
        holder.program, holder.reference, f"bounty-{next(_numbers)}", Money.parse(money, "INR"), credited_by="key:test"
    )
    [credited] = await earnings.credit(tx, [new], book=programs.Book(), at=AT)
    assert isinstance(credited, Credited), credited


async def open_earner(
    nobody: Client,
    database: Database,
    password_hash: PasswordHash,
    password: str,
    *,
    kind: str = "scout",
    **wanted: Any,
) -> Earner:
    """A new scout or seller with somebody who acts for them, signed in."""
    email = f"{uuid4().hex}@example.com"
    async with database.transaction() as tx:
        holder = await earner(tx, kind, **wanted)
        person = await identity.add_person(
            tx, email=email, name="Asha Rao", password_hash=password_hash, roles=[], actor="system:test", at=AT
        )
        await identity.link(tx, [(person.id, holder.id)], actor="system:test", at=AT)
    answer = await nobody.post("/api/sign-in", json={"email": email, "password": password})
    assert answer.status == 200, answer.body
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    return Earner(nobody.session, nobody.url, headers, holder.id, holder.reference, kind)


async def new_order(platform: Client, seller: str, **changes: Any) -> str:
    """Create an order of a seller's; its name."""
    body = {"order_id": f"order-{uuid4().hex[:12]}", "seller_id": seller, "item": "A bicycle", "price_paise": 50_000}
    answer = await platform.post("/api/orders", json=body | changes)
    assert answer.status == 201, answer.body
    return str(answer.json["order_id"])
