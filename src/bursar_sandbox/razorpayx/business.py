"""One business at RazorpayX: its account, whom it knows, what it pays, and what it is told."""

from dataclasses import dataclass

from bursar_sandbox.chance import stream
from bursar_sandbox.clock import Clock
from bursar_sandbox.razorpayx.downtimes import Downtimes
from bursar_sandbox.razorpayx.events import Events
from bursar_sandbox.razorpayx.ids import Ids
from bursar_sandbox.razorpayx.life import Behaviour, Life
from bursar_sandbox.razorpayx.money import Money
from bursar_sandbox.razorpayx.parties import Parties
from bursar_sandbox.razorpayx.payouts import Payouts
from bursar_sandbox.razorpayx.validations import Validations
from bursar_sandbox.settings import RazorpayXSettings


@dataclass(frozen=True, slots=True)
class Business:
    """Everything there is, put together."""

    behaviour: Behaviour
    events: Events
    money: Money
    parties: Parties
    downtimes: Downtimes
    life: Life
    payouts: Payouts
    validations: Validations

    def advance(self) -> None:
        """Do what is due by now."""
        self.life.advance()
        self.validations.advance()

    def next_due_in_ms(self) -> int | None:
        """How long until something is due; None if nothing is."""
        dues = (self.life.next_due_in_ms(), self.validations.next_due_in_ms())
        return min((due for due in dues if due is not None), default=None)


def open_business(settings: RazorpayXSettings, *, clock: Clock) -> Business:
    """A business that has done nothing yet."""
    behaviour = Behaviour(settings.mode, settings.settle_after_ms, settings.reverse_after_ms)
    ids = Ids(clock, stream(settings.seed, "razorpayx"))
    events = Events(settings.webhook_secret, clock=clock, ids=ids)
    money = Money(
        settings.account_number, opening_minor=settings.opening_balance_minor, clock=clock, ids=ids, events=events
    )
    parties, downtimes = Parties(clock, ids), Downtimes(events, clock, ids)
    life = Life(money, events, clock, behaviour)
    return Business(
        behaviour=behaviour,
        events=events,
        money=money,
        parties=parties,
        downtimes=downtimes,
        life=life,
        payouts=Payouts(parties, life, downtimes, clock, ids),
        validations=Validations(settings.account_number, parties, events, clock, ids, behaviour),
    )
