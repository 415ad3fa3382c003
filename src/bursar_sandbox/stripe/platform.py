"""One platform with everything that belongs to it, put together."""

from dataclasses import dataclass

from bursar_sandbox.chance import stream
from bursar_sandbox.clock import Clock
from bursar_sandbox.settings import StripeSettings
from bursar_sandbox.stripe.accounts import Accounts
from bursar_sandbox.stripe.asks import EndpointAsk
from bursar_sandbox.stripe.balances import Balances
from bursar_sandbox.stripe.events import Events
from bursar_sandbox.stripe.ids import PLATFORM, Ids
from bursar_sandbox.stripe.life import Behaviour, Life
from bursar_sandbox.stripe.payouts import Payouts
from bursar_sandbox.stripe.transfers import Transfers


@dataclass(frozen=True, slots=True)
class Platform:
    """Its accounts, its money, and what happens to them."""

    accounts: Accounts
    balances: Balances
    transfers: Transfers
    payouts: Payouts
    events: Events
    ids: Ids
    clock: Clock
    behaviour: Behaviour


def open_platform(settings: StripeSettings, *, clock: Clock) -> Platform:
    """A platform at the beginning; where events are reported, there are its own endpoint and its accounts'."""
    ids = Ids(clock, stream(settings.seed, "stripe"))
    events = Events(api_version=settings.api_version, clock=clock, ids=ids)
    behaviour = Behaviour(settings.settle_after_ms, settings.fail_after_ms, settings.requests_per_second)
    balances = Balances(platform=PLATFORM, opening_minor=settings.opening_balance_minor, clock=clock, ids=ids)
    accounts = Accounts(clock=clock, ids=ids, events=events)
    transfers = Transfers(accounts, balances, events, clock, ids)
    life = Life(accounts, balances, events, clock, behaviour)
    payouts = Payouts(accounts, balances, transfers, events, clock, ids, life)
    for url in settings.webhook_urls:
        for is_connect, secret in ((False, settings.webhook_secret), (True, settings.connect_webhook_secret)):
            events.open(EndpointAsk(url=url, enabled_events=["*"], connect=is_connect), secret=secret)
    return Platform(accounts, balances, transfers, payouts, events, ids, clock, behaviour)
