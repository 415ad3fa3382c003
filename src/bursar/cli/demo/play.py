"""The play itself: who does what, in which order, and what is shown of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bursar.cli import frame
from bursar.cli.demo import books, cast, marketplace, providers, sheet, verdict, writers
from bursar.cli.demo.cast import Cast
from bursar.cli.demo.receiver import Receiver
from bursar.cli.demo.sheet import Outcome
from bursar.cli.demo.traffic import SCENARIOS, Sent, Traffic, View
from bursar.cli.demo.verdict import Verdict
from bursar.cli.everything import Running
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database
from bursar.foundation.http import PoliteClient

LOOK_SECONDS: Final = 0.25
REST_SECONDS: Final = 60.0  # For everything to come to rest; retries take two seconds, the rest less than one.
REST_SECONDS_PER_ROW: Final = 0.05  # More rows, more patience.
SCENES: Final = {
    "scenario": "The document's calls",
    "account": "Account",
    "amount": "Amount",
    "status": "Became",
    "attempts": "Attempts",
    "psp": "Bank's reference",
}
PROVIDERS: Final = {"provider": "Provider", "amount": "Amount", "shows": "What it shows", "status": "Became"}
MARKETPLACE: Final = {
    "earner": "Seller or scout",
    "paid": "Paid",
    "shows": "What it shows",
    "status": "Became",
    "reference": "Payment reference",
}
WRITERS: Final = {"writer": "Writer", "earned": "Earned", "shows": "What it shows", "status": "Became"}
TELL_SECONDS: Final = 10.0  # For the last webhooks, once everything rests.


Draw = Callable[[Mapping[str, int], int, int], None]
"""Shows how many payouts have which status, how many rest, and how many webhooks came."""


@asynccontextmanager
async def prepared(running: Running) -> "AsyncIterator[Stage]":
    """A stage with everybody on it: merchants with money and keys, and their webhooks' receiver."""
    client, receiver, clock = PoliteClient.open(), Receiver(), SystemClock()
    try:
        async with frame.database(running.settings) as database, receiver.listening() as hooks:
            people = await cast.gathered(database, at=clock.now())
            traffic = Traffic(client, running.address, clock)
            for merchant in people.merchants:
                receiver.trust(merchant.reference, await traffic.listen(merchant, f"{hooks}/{merchant.reference}"))
            before = await books.clearing(database, verdict.BANK)
            yield Stage(running, people, traffic, receiver, client, database, before)
    finally:
        await client.close()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that the play needs."""

    running: Running
    people: Cast
    traffic: Traffic
    receiver: Receiver
    client: PoliteClient
    database: Database
    cleared_before: int

    async def perform(self, rows: int) -> Verdict:
        """Send so many rows of the sample file and the document's own calls, and watch until all of them rest."""
        began = asyncio.get_running_loop().time()
        merchants = self.people.merchants
        wanted = sheet.read(rows)
        shares = [wanted[place :: len(merchants)] for place in range(len(merchants))]
        uploads = [
            self.traffic.upload(merchant, share) for merchant, share in zip(merchants, shares, strict=True) if share
        ]
        calls = [self.traffic.ask(merchants[0], row) for row in SCENARIOS.values()]
        *files, asked = await asyncio.gather(*uploads, asyncio.gather(*calls))
        sent = [one for file in files for one in file] + list(asked)
        views = await self._watch(sent, seconds=REST_SECONDS + REST_SECONDS_PER_ROW * rows)
        all_told = await self._hear_the_last(sent, views)
        frame.show_aside(_scenes(asked, views), SCENES)
        provided, written, sold = await self._providers(), await self._writers(), await self._marketplace()
        return await verdict.reach(
            sent,
            views,
            database=self.database,
            client=self.client,
            bank=self.running.settings.mockbank_url,
            cleared_before=self.cleared_before,
            seconds=round(asyncio.get_running_loop().time() - began, 3),
            all_rest=all(verdict.rests(views.get(one.id), self._expected(one)) for one in sent),
            all_told=all_told,
            webhooks=self.receiver.received,
            forged=self.receiver.forged,
            providers=provided,
            writers=written,
            marketplace=sold,
        )

    def applaud(self, reached: Verdict) -> None:
        """Say what it came to."""
        rows = [
            {"what": "Payouts", "value": reached.payouts},
            *({"what": f"  {status}", "value": count} for status, count in reached.by_status.items()),
            {"what": "All where their account numbers say", "value": reached.all_rest},
            {"what": "Ledger balanced", "value": reached.ledger_balanced},
            {"what": "Same in the bank's own book", "value": reached.book_matches},
            {"what": "Merchants told of it", "value": reached.all_told},
            {"what": "Webhooks received and verified", "value": reached.webhooks},
            {"what": "Providers' payouts as they should be", "value": reached.providers.is_good},
            {"what": "Writers paid as they should be", "value": reached.writers.is_good},
            {"what": "Scouts and sellers paid as they should be", "value": reached.marketplace.is_good},
            {"what": "Seconds", "value": reached.seconds},
        ]
        frame.show_aside(rows, {"what": "", "value": ""})

    def invite(self, reached: Verdict) -> None:
        """Say how to go on."""
        merchant, address = self.people.merchants[0], self.running.address
        frame.say(f"Bursar is running: {address}  (API documentation: {address}/docs)")
        frame.say(f"An API key of {merchant.name}: {merchant.key}")
        frame.say(f"Staff: {cast.STAFF}, password {self.people.staff_password}")
        frame.say(f"A provider: {providers.AMAKA.email}, password {reached.providers.password}")
        market = f"{marketplace.ARJUN.email}, a scout: {marketplace.PRIYA.email}"
        frame.say(f"A seller: {market}, both with password {reached.marketplace.password}")
        frame.say(f"The scheduler's key (CRON_API_KEY): {reached.writers.cron_key}")
        frame.say(f"\n{self.traffic.curl(merchant, SCENARIOS['Success'])}\n")
        data = self.running.settings.bursar_data
        frame.say(f"Commands work beside it: BURSAR_DATA={data} bursar payouts list --state in_review")
        frame.say("Ctrl-C ends it.")

    async def _providers(self) -> providers.Ending:
        """The second act, which needs nothing of the first."""
        frame.note("Providers ask for what they have earned …")
        staff = (cast.STAFF, self.people.staff_password)
        ending = await providers.Act(self.running, self.client, self.database, staff).perform()
        frame.show_aside(ending.rows(), PROVIDERS)
        return ending

    async def _writers(self) -> writers.Ending:
        """The third act, which needs nothing of the others."""
        frame.note("Writers are paid what they have earned …")
        staff = (cast.STAFF, self.people.staff_password)
        ending = await writers.Act(self.running, self.client, self.database, staff).perform()
        frame.show_aside(ending.rows(), WRITERS)
        return ending

    async def _marketplace(self) -> marketplace.Ending:
        """The fourth act, which needs nothing of the others."""
        frame.note("Sellers sell, a scout has recruited one of them …")
        staff = (cast.STAFF, self.people.staff_password)
        ending = await marketplace.Act(self.running, self.client, self.database, staff).perform()
        frame.show_aside(ending.rows(), MARKETPLACE)
        return ending

    async def _watch(self, sent: Sequence[Sent], *, seconds: float) -> Mapping[str, View]:
        """Look until everything rests where it should, or for so long; how everything stands then."""
        ends_at = asyncio.get_running_loop().time() + seconds
        with _picture(len(sent)) as draw:
            while True:
                views = await self.traffic.look(self.people.merchants)
                resting = sum(verdict.rests(views.get(one.id), self._expected(one)) for one in sent)
                draw(Counter(views[one.id].status for one in sent if one.id in views), resting, self.receiver.received)
                if resting == len(sent) or asyncio.get_running_loop().time() > ends_at:
                    return views
                await asyncio.sleep(LOOK_SECONDS)

    async def _hear_the_last(self, sent: Sequence[Sent], views: Mapping[str, View]) -> bool:
        """Wait until the merchants have been told what they can see, for a while at most; whether they were."""
        ends_at = asyncio.get_running_loop().time() + TELL_SECONDS
        news = {one.id: views[one.id].status for one in sent if views[one.id].status != "PENDING"}
        while asyncio.get_running_loop().time() < ends_at:
            if all(status in self.receiver.heard[payout_id] for payout_id, status in news.items()):
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    def _expected(self, one: Sent) -> Outcome:
        return one.row.outcome(self.people.review_at)


@contextmanager
def _picture(total: int) -> Iterator[Draw]:
    """A picture on standard error that is drawn anew by calling what this gives; nothing when nobody watches."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _draw_nothing
        return
    with Live(console=console, auto_refresh=False) as live:

        def draw(counts: Mapping[str, int], resting: int, webhooks: int) -> None:
            rows = [{"status": status, "count": counts[status]} for status in sorted(counts)]
            headline = Text(f"{resting} of {total} payouts rest, {webhooks} webhooks received and verified")
            bar = ProgressBar(total=total, completed=resting, width=60)
            table = frame.table(rows, {"status": "Status", "count": "Payouts"})
            live.update(Group(headline, bar, table), refresh=True)

        yield draw


def _draw_nothing(_counts: Mapping[str, int], _resting: int, _webhooks: int) -> None:
    """Nobody watches."""


def _scenes(asked: Sequence[Sent], views: Mapping[str, View]) -> list[dict[str, Any]]:
    """The document's own calls, and what became of them."""
    return [
        {
            "scenario": name,
            "account": one.row.account_number,
            "amount": one.row.money,
            "status": views[one.id].status,
            "attempts": views[one.id].attempts,
            "psp": views[one.id].psp_reference,
        }
        for name, one in zip(SCENARIOS, asked, strict=True)
    ]
