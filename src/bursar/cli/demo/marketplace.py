"""The marketplace's act: sold items become payouts, a scout asks for bounties, a refund is kept back of the next one.

Nobody is paid: the simulated gateway says yes, or no where the act wants to see that.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bursar.cli.demo import asking, books, cast
from bursar.cli.everything import Running
from bursar.foundation import ids
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money

PROGRAM: Final = "marketplace"
GATEWAY: Final = "simulated"
CURRENCY: Final = "INR"
DELAY_SECONDS: Final = 0.2  # Of each simulated payment; the document's second would be waited out for every one.
UNDER_WAY: Final = frozenset({"pending", "processing"})


@dataclass(frozen=True, slots=True)
class Earner:
    """Somebody who sells, or who recruits those that do, and where they are paid."""

    kind: str
    reference: str
    name: str
    method: Mapping[str, str]

    @property
    def email(self) -> str:
        """What they sign in with."""
        return f"{self.reference}@example.com"


PRIYA: Final = Earner("scout", "priya", "Priya Nair", {"type": "UPI", "address": "priya@okaxis"})
ARJUN: Final = Earner(
    "seller", "arjun", "Arjun Crafts", {"type": "BANK", "bankCode": "HDFC0000053", "accountNumber": "50100012340001"}
)
MEENA: Final = Earner("seller", "meena", "Meena Textiles", {"type": "UPI", "address": "meena@ybl"})
ALL: Final = (PRIYA, ARJUN, MEENA)


@dataclass(frozen=True, slots=True)
class Sale:
    """Something sold; of the seller's sales, the scout who recruited them gets a share."""

    seller: Earner
    item: str
    paise: int


LAMP: Final = Sale(ARJUN, "A brass lamp", 1_500_00)
SHAWL: Final = Sale(MEENA, "A woollen shawl", 800_00)
BOWL: Final = Sale(ARJUN, "A clay bowl", 250_00)
DRUM: Final = Sale(ARJUN, "A drum", 2_000_00)


@dataclass(frozen=True, slots=True)
class Played:
    """A payout of the act: whose, what it shows, how it is to end, and how it stands."""

    earner: Earner
    shows: str
    view: Mapping[str, Any]
    ends: str = "completed"

    @property
    def id(self) -> str:
        """The payout's."""
        payout_id: str = self.view["payout_id"]
        return payout_id


@dataclass(frozen=True, slots=True)
class Ending:
    """What the act came to."""

    played: Sequence[Played]
    failed_first: bool  # Whether the payment that was to fail did, before it was tried again.
    netted: int  # What the refund's debt kept back, in paise.
    book_matches: bool
    password: str = field(repr=False)  # Of everybody in the act, until the demo is played again.

    @property
    def is_good(self) -> bool:
        """Whether everything is as it should be."""
        ended = all(one.view["status"] == one.ends for one in self.played)
        return ended and self.failed_first and self.netted == LAMP.paise and self.book_matches

    @property
    def by_status(self) -> dict[str, int]:
        """How many payouts stand where, in the marketplace's words."""
        return dict(sorted(Counter(one.view["status"] for one in self.played).items()))

    def rows(self) -> list[dict[str, Any]]:
        """Each payout in a line."""
        return [
            {
                "earner": one.earner.name,
                "paid": Money(one.view["amount_paise"], CURRENCY),
                "shows": one.shows,
                "status": one.view["status"],
                "reference": one.view["payment_reference"],
            }
            for one in self.played
        ]


@dataclass(slots=True)
class Act:
    """Plays the act against one installation, over HTTP as a platform, its scouts and sellers, and staff would."""

    running: Running
    client: PoliteClient
    database: Database
    staff: tuple[str, str] = field(repr=False)  # E-mail and password.
    _password: str = field(default_factory=lambda: ids.new(SystemClock().now()).hex[-16:], repr=False)
    _played: list[Played] = field(default_factory=list)
    _headers: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)  # By who calls.

    async def perform(self) -> Ending:
        """Play it to the end."""
        before = await books.clearing(self.database, GATEWAY)
        await self._simulate(success_rate=1.0)
        await self._settle_in(await cast.opened(self.database, PROGRAM, eased={}))
        lamp = await self._sell(LAMP)
        await self._complete(lamp, LAMP, "sold: the price, the platform's fee apart")
        await self._complete(await self._sell(SHAWL), SHAWL, "the same, to a UPI address")
        await self._ask_for_bounties()
        await self._process([one.id for one in self._played])
        has_failed = await self._fail_once()
        await self._call("POST", f"/api/orders/{lamp}/refund", "platform", {"reason": "Sent back"})
        await self._complete(await self._sell(DRUM), DRUM, "2,000.00, of which the refunded lamp is kept back")
        await self._process([self._played[-1].id])
        cleared = await books.clearing(self.database, GATEWAY) - before
        book = await books.read(self.client, self.running.settings.simulated_url)
        netted = self._played[-1].view["netted_paise"]
        return Ending(self._played, has_failed, netted, cleared == books.net(book, CURRENCY), self._password)

    async def _settle_in(self, key: str) -> None:
        """The platform makes everybody known, says where they are paid, and who recruited whom; they can sign in."""
        self._headers["platform"] = {"X-API-KEY": key}
        wanted = [{"kind": one.kind, "reference": one.reference, "name": one.name, "email": one.email} for one in ALL]
        answer = await self._call("POST", "/api/holders", "platform", {"holders": wanted})
        for one, view in zip(ALL, answer["data"], strict=True):
            method = {"accountTitle": one.name, **one.method}
            await self._call("POST", f"/api/holders/{view['id']}/destinations", "platform", method)
            await cast.let_in(self.database, one.email, one.name, holder_id=view["id"], password=self._password)
            await self._sign_in(one.reference, one.email, self._password)
        await self._call("PUT", f"/api/sellers/{ARJUN.reference}/recruiter", "platform", {"scout_id": PRIYA.reference})
        await self._sign_in("staff", *self.staff)

    async def _sell(self, sale: Sale) -> str:
        """The platform creates an order; its name."""
        name = f"order-{ids.new(SystemClock().now()).hex[-8:]}"
        order = {"order_id": name, "seller_id": sale.seller.reference, "item": sale.item, "price_paise": sale.paise}
        await self._call("POST", "/api/orders", "platform", order)
        return name

    async def _complete(self, order: str, sale: Sale, shows: str) -> None:
        """The seller completes it, as the document's app does; the payout is there in the same moment."""
        done = await self._call("PATCH", f"/api/orders/{order}/complete", sale.seller.reference)
        self._played.append(Played(sale.seller, shows, done["payout"]))

    async def _ask_for_bounties(self) -> None:
        """The scout asks for all that the recruited seller's sales have brought."""
        view = await self._call("POST", f"/api/scouts/{PRIYA.reference}/request-payout", PRIYA.reference, {})
        self._played.append(Played(PRIYA, "the bounty for a recruited seller's sale", view))

    async def _fail_once(self) -> bool:
        """One payment fails, and is tried again by staff; whether it did fail."""
        await self._simulate(success_rate=0.0)
        await self._complete(await self._sell(BOWL), BOWL, "failed, and tried again by staff")
        payout = self._played[-1].id
        await self._process([payout])
        has_failed: bool = self._played[-1].view["status"] == "failed"
        await self._simulate(success_rate=1.0)
        await self._call("POST", f"/api/payouts/{payout}/retry", "staff")
        await self._process([payout])
        return has_failed

    async def _process(self, payouts: Collection[str]) -> None:
        """Staff send these now, instead of at the next full hour, and wait until they have ended."""
        for payout in payouts:
            await self._call("POST", f"/api/payouts/process/{payout}", "staff")
        await asking.until(self._rests)

    async def _rests(self) -> bool:
        self._played = [await self._looked_at(one) for one in self._played]
        return not any(one.view["status"] in UNDER_WAY for one in self._played)

    async def _looked_at(self, one: Played) -> Played:
        view = await self._call("GET", f"/api/payouts/my-payouts/{one.id}", one.earner.reference)
        return Played(one.earner, one.shows, view, one.ends)

    async def _simulate(self, *, success_rate: float) -> None:
        """Say how the simulated gateway behaves from now on."""
        behaviour = {"successRate": success_rate, "delaySeconds": DELAY_SECONDS}
        url = f"{self.running.settings.simulated_url}/control/behaviour"
        await asking.answer(self.client, "POST", url, {}, behaviour)

    async def _sign_in(self, name: str, email: str, password: str) -> None:
        self._headers[name] = {}
        answer = await self._call("POST", "/api/sign-in", name, {"email": email, "password": password})
        self._headers[name] = {"Authorization": f"Bearer {answer['token']}"}

    async def _call(self, method: str, path: str, by: str, body: object = None) -> dict[str, Any]:
        return await asking.answer(self.client, method, f"{self.running.address}{path}", self._headers[by], body)
