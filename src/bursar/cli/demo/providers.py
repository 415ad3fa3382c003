"""The providers' act: people ask for what they have earned; risk, staff, a run, Flutterwave's sandbox and back."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from bursar import schedules
from bursar.cli.demo import asking, books, cast
from bursar.cli.everything import Running
from bursar.foundation import db, ids, queue
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money

PROGRAM: Final = "providers"
GATEWAY: Final = "flutterwave"
BANK: Final = "058"
EARNED: Final = "150000.00"
ROUNDS: Final = 3  # So many completed payouts, agreed to by staff, before one leaves by itself.

EASED: Final = {"changed_hours: 72": "changed_hours: null", "per_hour_max: 3": "per_hour_max: 20"}
"""In a demo everything has happened within a minute, which the shipped terms rightly find suspicious."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who offers services. ``known_as`` is whose account it is by the bank's word, where that is another's."""

    reference: str
    name: str
    account: str
    verified: bool = True
    known_as: str | None = None

    @property
    def email(self) -> str:
        """What they sign in with."""
        return f"{self.reference}@example.com"


AMAKA: Final = Provider("amaka", "Amaka Okafor", "0123450001")
TUNDE: Final = Provider("tunde", "Tunde Bakare", "0223450001")
NGOZI: Final = Provider("ngozi", "Ngozi Eze", "0323450001")
BOLA: Final = Provider("bola", "Bola Adeyemi", "0423450003")
EMEKA: Final = Provider("emeka", "Emeka Nwosu", "0523450001", verified=False)
ZAINAB: Final = Provider("zainab", "Zainab Bello", "0623450001", known_as="Musa Danjuma")
ALL: Final = (AMAKA, TUNDE, NGOZI, BOLA, EMEKA, ZAINAB)


@dataclass(frozen=True, slots=True)
class Scene:
    """One payout of the act: who asked for how much, what is to become of it, and what for."""

    provider: Provider
    amount: str
    status: str
    shows: str
    flagged: bool = False


AGREED: Final = tuple(Scene(one, "1000.00", "COMPLETED", "agreed to by staff") for one in (AMAKA, TUNDE, NGOZI))
REFUSED: Final = Scene(BOLA, "1000.00", "FAILED", "agreed to, and refused by the bank")
HELD: Final = (
    Scene(NGOZI, "60000.00", "REQUESTED", "more than 50,000.00", flagged=True),
    Scene(EMEKA, "1000.00", "REQUESTED", "not verified", flagged=True),
    Scene(ZAINAB, "1000.00", "REQUESTED", "the account is in another name", flagged=True),
)
BY_ITSELF: Final = Scene(AMAKA, "2500.00", "COMPLETED", "low risk: no person needed")
WAITING: Final = Scene(TUNDE, "2500.00", "APPROVED", "waits for the run at the next even hour")


@dataclass(frozen=True, slots=True)
class Played:
    """A scene that was played: its payout's id, and how it stands."""

    scene: Scene
    id: str
    view: Mapping[str, Any]

    @property
    def is_as_meant(self) -> bool:
        """Whether it came to rest where it was to."""
        return (self.view["status"], self.view["flagged"]) == (self.scene.status, self.scene.flagged)


@dataclass(frozen=True, slots=True)
class Ending:
    """What the act came to."""

    played: Sequence[Played]
    book_matches: bool
    password: str = field(repr=False)  # Of every provider, until the demo is played again.

    @property
    def is_good(self) -> bool:
        """Whether everything is as it should be."""
        return self.book_matches and all(one.is_as_meant for one in self.played)

    @property
    def by_status(self) -> dict[str, int]:
        """How many payouts stand where, in the providers' words."""
        return dict(sorted(Counter(one.view["status"] for one in self.played).items()))

    def rows(self) -> list[dict[str, Any]]:
        """Each payout in a line; staff's three rounds are alike."""
        shown = {(one.scene, one.view["status"]): one for one in self.played}
        return [
            {
                "provider": one.scene.provider.name,
                "amount": Money.parse(one.view["amount"], one.view["currency"]),
                "shows": one.scene.shows,
                "status": one.view["status"] + (" (flagged)" if one.view["flagged"] else ""),
            }
            for one in shown.values()
        ]


@dataclass(slots=True)
class Act:
    """Plays the act against one installation, over HTTP as a platform, its providers and its staff would."""

    running: Running
    client: PoliteClient
    database: Database
    staff: tuple[str, str] = field(repr=False)  # E-mail and password.
    _password: str = field(default_factory=lambda: ids.new(SystemClock().now()).hex[-16:], repr=False)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _played: list[Played] = field(default_factory=list)

    async def perform(self) -> Ending:
        """Play it to the end."""
        before = await books.clearing(self.database, GATEWAY)
        platform = await cast.opened(self.database, PROGRAM, eased=EASED)
        await self._settle_in(platform)
        for number in range(ROUNDS):
            scenes = [*AGREED, *([] if number else [REFUSED])]
            await self._agree(await asyncio.gather(*map(self._ask, scenes)))
            await self._run()
        await asyncio.gather(*map(self._ask, (BY_ITSELF, *HELD)))
        await self._run()
        await self._ask(WAITING)
        await self._look()
        cleared = await books.clearing(self.database, GATEWAY) - before
        book = await books.read(self.client, self.running.settings.flutterwave_url)
        return Ending(self._played, cleared == books.net(book, "NGN"), self._password)

    async def _settle_in(self, key: str) -> None:
        """The platform makes its providers known and credits them; they sign in and say where they want their money."""
        of_platform = {"X-API-KEY": key}
        known = await self._call("POST", "/api/holders", of_platform, {"holders": [_registration(one) for one in ALL]})
        earned = [
            {"holder": one.reference, "reference": str(self._id()), "amount": EARNED, "description": "Jobs in November"}
            for one in ALL
        ]
        await self._call("POST", "/api/earnings", of_platform, earned)
        for one, view in zip(ALL, known["data"], strict=True):
            await cast.let_in(self.database, one.email, one.name, holder_id=view["id"], password=self._password)
            await self._sign_in(one.email, self._password)
            await self._say_where(one)
        await self._sign_in(*self.staff)
        await asyncio.gather(*map(self._checked, ALL))

    async def _say_where(self, one: Provider) -> None:
        """A provider stores their account; the bank knows it by a name."""
        account = {"bankCode": BANK, "accountNumber": one.account}
        await self._bank("/control/accounts", account | {"name": one.known_as or one.name})
        method = {"type": "BANK", **account, "accountTitle": one.name}
        await self._call("POST", "/api/provider/destinations", self._as(one.email), method)

    async def _checked(self, one: Provider) -> None:
        """Wait until the gateway has said whose account it is."""

        async def is_checked() -> bool:
            stored = await self._call("GET", "/api/provider/destinations", self._as(one.email))
            return all(each["check"] != "unchecked" for each in stored["data"])

        await asking.until(is_checked)

    async def _ask(self, scene: Scene) -> Played:
        """A provider asks for a payout."""
        body = {"amount": scene.amount, "reference": scene.shows}
        view = await self._call("POST", "/api/provider/payouts", self._as(scene.provider.email), body)
        played = Played(scene, view["id"], view)
        self._played.append(played)
        return played

    async def _agree(self, asked: Sequence[Played]) -> None:
        """Staff agree to what was flagged."""
        email, _ = self.staff
        for one in asked:
            await self._call("POST", f"/api/payouts/{one.id}/approve", self._as(email), {"reason": "seen in the demo"})

    async def _run(self) -> None:
        """Begin a run by hand, instead of at the next even hour, and wait until nothing of the act is on its way."""
        connect = partial(db.connect_alone, self.running.settings)
        carrier = queue.open_carrier(self.running.settings, self.database, connect)
        async with self.database.transaction() as tx:
            run = await schedules.begin_now(tx, PROGRAM, actor=cast.ACTOR)
        await carrier.ring(schedules.PROCESS, schedules.Process(run.id))
        await carrier.close()
        await asking.until(self._rests)

    async def _rests(self) -> bool:
        await self._look()
        return not any(one.view["status"] in {"APPROVED", "PROCESSING"} for one in self._played)

    async def _look(self) -> None:
        """See how every payout of the act stands."""
        self._played = [
            Played(one.scene, one.id, await self._call("GET", f"/api/provider/payouts/{one.id}", self._of(one)))
            for one in self._played
        ]

    async def _sign_in(self, email: str, password: str) -> None:
        answer = await self._call("POST", "/api/sign-in", {}, {"email": email, "password": password})
        self._tokens[email] = answer["token"]

    def _as(self, email: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[email]}"}

    def _of(self, one: Played) -> dict[str, str]:
        return self._as(one.scene.provider.email)

    async def _bank(self, path: str, body: object) -> None:
        url = f"{self.running.settings.flutterwave_url}{path}"
        await asking.answer(self.client, "POST", url, {}, body)

    async def _call(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> dict[str, Any]:
        return await asking.answer(self.client, method, f"{self.running.address}{path}", headers, body)

    @staticmethod
    def _id() -> object:
        return ids.new(SystemClock().now())


def _registration(one: Provider) -> dict[str, object]:
    return {"reference": one.reference, "name": one.name, "email": one.email, "verified": one.verified}
