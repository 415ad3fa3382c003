"""The writers' act: nobody asks; what everybody has earned is paid by a run, through Stripe's sandbox and back."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bursar.cli.demo import asking, books, cast
from bursar.cli.everything import Running
from bursar.foundation import ids
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money

PROGRAM: Final = "writers"
GATEWAY: Final = "stripe"
CURRENCY: Final = "USD"
CRON: Final = "/api/cron/automated-payouts"

EASED: Final = {"base_seconds: 30": "base_seconds: 1"}
"""A demo's spectators do not wait half a minute for a second attempt."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody who writes. The end of the account's name says what Stripe's sandbox makes of it; None: has none yet."""

    reference: str
    name: str
    earned: str
    account: str | None
    became: str
    shows: str


ALL: Final = (
    Writer("elena", "Elena Ruiz", "312.40", "acct_sandboxElena0001", "completed", "earned enough, and is paid"),
    Writer("tom", "Tom Okafor", "88.00", "acct_sandboxTom0002", "completed", "paid on a second attempt"),
    Writer("mei", "Mei Lin", "140.25", "acct_sandboxMei0003", "failed", "the account at the bank is closed"),
    Writer("noor", "Noor Haddad", "19.99", "acct_sandboxNoor0001", "left out", "less than 25.00: waits for more"),
    Writer("sven", "Sven Dahl", "51.00", None, "left out", "has not said where to"),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What the act came to: the run as the scheduler was told of it, and where each writer's money is."""

    run: Mapping[str, Any]
    became: Mapping[str, str]
    book_matches: bool
    cron_key: str = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Whether everything is as it should be."""
        return self.book_matches and all(self.became[one.reference] == one.became for one in ALL)

    @property
    def by_status(self) -> dict[str, int]:
        """How many writers were paid, were not, and were left out."""
        return dict(sorted(Counter(self.became.values()).items()))

    def rows(self) -> list[dict[str, Any]]:
        """Each writer in a line."""
        return [
            {
                "writer": one.name,
                "earned": Money.parse(one.earned, CURRENCY),
                "shows": one.shows,
                "status": self.became[one.reference],
            }
            for one in ALL
        ]


@dataclass(slots=True)
class Act:
    """Plays the act against one installation, over HTTP as a platform, a scheduler and staff would."""

    running: Running
    client: PoliteClient
    database: Database
    staff: tuple[str, str] = field(repr=False)  # E-mail and password.

    async def perform(self) -> Ending:
        """Play it to the end."""
        before = await books.clearing(self.database, GATEWAY)
        known = await self._settle_in(await cast.opened(self.database, PROGRAM, eased=EASED))
        run = await self._run()
        became = await self._look(run, known)
        cleared = await books.clearing(self.database, GATEWAY) - before
        book = await books.read(self.client, self.running.settings.stripe_url)
        return Ending(run, became, cleared == books.net(book, CURRENCY), self._cron_key())

    async def _settle_in(self, key: str) -> Mapping[str, str]:
        """The platform makes its writers known, credits their royalties and says where they are paid; their ids."""
        of_platform = {"X-API-KEY": key}
        registrations = [{"reference": one.reference, "name": one.name} for one in ALL]
        answer = await self._call("POST", "/api/holders", of_platform, {"holders": registrations})
        known = {one.reference: view["id"] for one, view in zip(ALL, answer["data"], strict=True)}
        earned = [
            {
                "holder": one.reference,
                "reference": str(ids.new(SystemClock().now())),
                "amount": one.earned,
                "description": "Royalties for October",
            }
            for one in ALL
        ]
        await self._call("POST", "/api/earnings", of_platform, earned)
        for one in ALL:
            if one.account is not None:
                method = {"type": "GATEWAY_ACCOUNT", "account": one.account}
                await self._call("POST", f"/api/holders/{known[one.reference]}/destinations", of_platform, method)
        await asyncio.gather(*(self._checked(known[one.reference], of_platform) for one in ALL if one.account))
        return known

    async def _checked(self, holder: str, of_platform: Mapping[str, str]) -> None:
        """Wait until the gateway has said whether the account can be paid to."""

        async def is_checked() -> bool:
            view = await self._call("GET", f"/api/holders/{holder}", of_platform)
            return all(each["check"] != "unchecked" for each in view["destinations"])

        await asking.until(is_checked)

    async def _run(self) -> Mapping[str, Any]:
        """Say, as somebody's cron would, that it is time; what the run came to."""
        of_scheduler = {"Authorization": f"Bearer {self._cron_key()}"}
        answer = await self._call("POST", CRON, of_scheduler, {"forceRun": True})
        run = answer["data"]["runId"]
        latest: list[Mapping[str, Any]] = [answer]

        async def has_ended() -> bool:
            latest.append(await self._call("GET", f"{CRON}/{run}", of_scheduler))
            is_over = latest[-1]["status"] != "running"
            return is_over and not latest[-1]["data"]["waitingPayouts"]

        await asking.until(has_ended)
        data: Mapping[str, Any] = latest[-1]["data"]
        return data

    async def _look(self, run: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
        """What became of each writer's money, as staff see it."""
        email, password = self.staff
        token = (await self._call("POST", "/api/sign-in", {}, {"email": email, "password": password}))["token"]
        of_staff = {"Authorization": f"Bearer {token}"}
        page = await self._call("GET", f"/api/admin/runs/{run['runId']}/payouts", of_staff)
        states = {payout["holder"]["id"]: payout["state"] for payout in page["data"]}
        return {reference: states.get(holder, "left out") for reference, holder in known.items()}

    def _cron_key(self) -> str:
        key = self.running.settings.cron_api_key
        assert key is not None, "a demo's settings have one"
        return key.get_secret_value()

    async def _call(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> dict[str, Any]:
        return await asking.answer(self.client, method, f"{self.running.address}{path}", headers, body)
