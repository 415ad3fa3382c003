"""Our own account at a gateway runs dry: payouts wait for it instead of failing, and leave as it is funded."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from dispatch_house import NOT_NOW, PAID, Bank, DispatchHouse, Workshop, open_house, open_workshop
from hypothesis import given
from hypothesis import strategies as st

from bursar import dispatch
from bursar.dispatch.floats.model import Float, Queue, let_go
from bursar.dispatch.model import Prepared
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.gateways import Instruction, Outcome, Word
from bursar.payouts import PayoutState
from ground import AT

S = PayoutState
NO_FUNDS = Outcome(Word.REFUSED, reason="insufficient_funds", retryable=True, lacks_funds=True)


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    return await open_house(tx, retry__max_attempts=2)


async def test_it_waits_with_its_money_reserved_and_nothing_more_is_claimed(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.request()
    assert await house.learn(about, NO_FUNDS) == ["applied"]
    payout = await house.payout(about)
    assert (payout.state, payout.reason) == (S.RETRYING, "low_float")
    assert (await house.figures())[1] == 200_000
    batch = await house.prepare()
    assert (batch.prepared, batch.blocker) == ((), "low_float")
    assert (house.bank.name, "PKR") in (await dispatch.standing(house.tx)).low


async def test_such_refusals_do_not_use_up_its_attempts(house: DispatchHouse) -> None:
    about = await house.sending()
    for _ in range(5):
        await house.learn(about, NO_FUNDS)
        about = await again(house)
    assert (await house.payout(about)).tries == 6
    await house.learn(about, NOT_NOW)
    payout = await house.payout(about)
    assert (payout.state, (payout.due_at - await house.tx.now()).total_seconds()) == (S.RETRYING, 2.0), "its first"
    about = await again(house)
    await house.learn(about, NO_FUNDS)
    about = await again(house)
    await house.learn(about, NOT_NOW)
    assert await house.state(about) is S.FAILED, "its second and last"


async def again(house: DispatchHouse) -> Prepared:
    """The next attempt, once the account has been funded."""
    await house.tx.run("UPDATE floats SET low_since = NULL WHERE gateway = $1", house.bank.name)
    await house.let_waits_end()
    return (await house.prepare()).prepared[0]


async def test_a_report_says_so_as_well(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.report(about.instruction.key, NO_FUNDS)
    await house.apply_reports()
    assert (await house.payout(about)).reason == "low_float"


async def test_an_account_at_another_gateway_is_another_matter(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, NO_FUNDS)
    await house.request()
    house.bank = Bank()
    assert len((await house.prepare()).prepared) == 2


async def test_what_is_left_over_may_leave_the_longest_waiting_first(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, NO_FUNDS)
    for amount in ("700.00", "900.00", "400.00", "200.00", "100.00"):
        await house.tx.run("UPDATE payouts SET due_at = due_at - interval '1 hour' WHERE holder_id = $1", house.holder)
        await house.request(amount=amount)
    await house.tx.run("UPDATE floats SET left_over = 95000 WHERE gateway = $1", house.bank.name)
    batch = await house.prepare()
    assert [one.instruction.amount.text for one in batch.prepared] == ["700.00", "200.00"]
    assert await house.tx.value("SELECT left_over FROM floats WHERE gateway = $1", house.bank.name) == 5_000
    assert (await house.prepare()).prepared == ()


PKR = "PKR"


def account(*, left: int = 0, looked: int | None = None, refused: int = 0) -> Float:
    """A low account; looked at and last refused so many minutes after nine."""
    return Float(
        gateway="bank",
        currency=PKR,
        low_since=AT,
        refused_at=AT + timedelta(minutes=refused),
        left_over=Money(left, PKR),
        held=None,
        looked_at=AT + timedelta(minutes=looked) if looked is not None else None,
        look_at=AT,
    )


@pytest.mark.parametrize(
    ("low", "held", "may_go"),
    [
        (account(), 0, 0),
        (account(), 9, 0),
        (account(), 10, 10),
        (account(), 59, 59),
        (account(), 60, None),
        (account(looked=1), 60, None),
        (account(looked=1, refused=2), 60, 10),  # It said enough, and refused: the smallest tries.
        (account(looked=3, refused=2), 60, None),
        (account(), None, 10),  # It tells nothing: the smallest tries.
        (account(looked=1, left=10), None, 10),  # The smallest has not left yet.
        (account(looked=1), None, None),  # It has, and was not refused.
        (account(looked=1, refused=2), None, 10),
    ],
)
def test_how_much_may_leave(low: Float, held: int | None, may_go: int | None) -> None:
    queue = Queue(3, Money(10, PKR), Money(60, PKR))
    found = let_go(low, queue, held=Money(held, PKR) if held is not None else None)
    assert (found.minor if found is not None else None) == may_go


@given(
    left=st.integers(0, 99), looked=st.none() | st.integers(0, 5), refused=st.integers(0, 5), held=st.integers(0, 99)
)
def test_never_more_than_it_holds(left: int, looked: int | None, refused: int, held: int) -> None:
    queue = Queue(3, Money(10, PKR), Money(60, PKR))
    found = let_go(account(left=left, looked=looked, refused=refused), queue, held=Money(held, PKR))
    assert held >= (found.minor if found is not None else 60)


def test_where_nothing_waits_it_is_low_no_more() -> None:
    assert let_go(account(), Queue(0, Money(0, PKR), Money(0, PKR)), held=None) is None


# With a watcher -------------------------------------------------------------------------------------------------------


@dataclass
class PoorBank(Bank):
    """Pays as long as the account with it lasts; ``funds`` in minor units."""

    funds: int = 0
    tells: bool = True
    looks: int = 0
    refusals: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.capabilities = replace(self.capabilities, floats=self.tells, bulk_max=100)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        await super().send(instructions)
        return [self._pay(instruction) for instruction in instructions]

    async def float_of(self, currency: str) -> Money | None:
        self.looks += 1
        return Money(self.funds, currency)

    def _pay(self, instruction: Instruction) -> Outcome:
        if instruction.amount.minor > self.funds:
            self.refusals.append(instruction.key)
            return NO_FUNDS
        self.funds -= instruction.amount.minor
        return PAID


async def run_dry(database: Database, bank: PoorBank, *amounts: str) -> Workshop:
    """Payouts that meet an account which does not cover them all."""
    terms = {"route__gateway": bank.name, "dispatch__batch_size": 100, "dispatch__group_by": "none"}
    shop = await open_workshop(database, bank, **terms)
    for amount in amounts:
        await shop.run("UPDATE payouts SET due_at = due_at - interval '1 hour' WHERE holder_id = $1", shop.holder)
        await shop.request(amount=amount)
    await shop.dispatcher.pass_once()
    return shop


async def look(shop: Workshop) -> None:
    """The account is looked at, once its time has come; then whatever may leave does."""
    await shop.run("UPDATE floats SET look_at = now() WHERE gateway = $1", shop.bank.name)
    assert await dispatch.FloatWatcher(shop.tools).pass_once() == 1
    await shop.dispatcher.pass_once()


async def is_low(shop: Workshop) -> bool:
    """Whether the bank's account is marked as low."""
    async with shop.database.transaction(readonly=True) as tx:
        found = {one.gateway: one.low_since is not None for one in await dispatch.floats.known(tx)}
    return found[shop.bank.name]


async def test_what_was_refused_leaves_once_it_is_funded(database: Database) -> None:
    bank = PoorBank(funds=100_000)
    shop = await run_dry(database, bank, "1000.00", "1000.00", "500.00")
    assert (await shop.states(), await is_low(shop)) == ({"completed": 1, "retrying": 2}, True)
    await look(shop)
    assert (len(bank.refusals), await is_low(shop)) == (2, True), "nothing is tried that it does not cover"
    bank.funds = 60_000
    await look(shop)
    assert (await shop.states(), len(bank.refusals)) == ({"completed": 2, "retrying": 1}, 2)
    bank.funds = 500_000
    await look(shop)
    assert (await shop.states(), len(bank.refusals), await is_low(shop)) == ({"completed": 3}, 2, False)


async def test_a_gateway_that_tells_no_figure_is_tried_with_one(database: Database) -> None:
    bank = PoorBank(funds=0, tells=False)
    shop = await run_dry(database, bank, "1000.00", "1000.00", "500.00")
    assert (len(bank.refusals), bank.looks) == (3, 0)
    await look(shop)
    assert len(bank.refusals) == 4, "the smallest tried"
    bank.funds = 500_000
    await look(shop)
    assert (await shop.states(), await is_low(shop)) == ({"completed": 1, "retrying": 2}, True)
    await look(shop)
    assert (await shop.states(), len(bank.refusals), await is_low(shop)) == ({"completed": 3}, 4, False)


async def test_a_figure_that_cannot_be_had_leaves_it_as_it_was(database: Database) -> None:
    class Silent(PoorBank):
        async def float_of(self, currency: str) -> Money | None:
            self.looks += 1
            return None

    bank = Silent()
    shop = await run_dry(database, bank, "1000.00")
    bank.funds = 500_000
    await look(shop)
    assert (await shop.states(), bank.looks) == ({"retrying": 1}, 1)


async def test_two_watchers_look_once(database: Database) -> None:
    bank = PoorBank()
    shop = await run_dry(database, bank, "1000.00")
    await shop.run("UPDATE floats SET look_at = now() WHERE gateway = $1", shop.bank.name)
    looks = [await dispatch.FloatWatcher(shop.tools).pass_once() for _ in range(2)]
    assert (looks, bank.looks) == ([1, 0], 1)


async def test_a_day_of_draining_pays_everybody_once(database: Database) -> None:
    bank = PoorBank(funds=250_000)
    shop = await run_dry(database, bank, *["1000.00"] * 12)
    while await is_low(shop):
        bank.funds += 130_000
        await look(shop)
    assert await shop.states() == {"completed": 12}
    assert len(bank.refusals) == 10, "those of the first batch; later nothing left that was not covered"
