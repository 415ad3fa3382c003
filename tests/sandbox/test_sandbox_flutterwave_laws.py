"""What holds for a simulated account whatever happens to it, in whatever order."""

import random
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_sandbox.flutterwave import rules
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import Ask, Behaviour, Record
from bursar_sandbox.flutterwave.rules import State
from bursar_sandbox.flutterwave.wallets import Wallets
from bursar_sandbox.orders import order_of

OPENING = Decimal(10_000)


@dataclass
class StillClock:
    """Stands still until told to move."""

    at_ms: int = 1_000_000

    def now_ms(self) -> int:
        return self.at_ms


def processor(clock: StillClock) -> Processor:
    """An account with a small wallet."""
    return Processor(clock=clock, chance=random.Random(7), behaviour=Behaviour(), wallets=Wallets(OPENING))


def ask(reference: str | None, *, account: str = "1234500001", amount: str = "900.25") -> Ask:
    """A transfer in NGN."""
    value = Decimal(amount)
    return Ask(
        reference=reference,
        amount=value,
        amount_minor=int(value * 100),
        currency="NGN",
        bank_code="044",
        account_number=account,
    )


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.sampled_from(["0001", "0002", "0003", "0004", "0005"])),
        st.tuples(st.just("wait"), st.integers(1, 400)),
        st.tuples(st.just("force"), st.tuples(st.integers(0, 20), st.sampled_from(State))),
        st.tuples(st.just("hurry"), st.integers(0, 20)),
    ),
    max_size=40,
)


@given(steps)
def test_wallet_and_book_agree_whatever_happens(life: list[tuple[str, object]]) -> None:
    """The wallet lacks what is paid or on its way, fees included, and the book says what was paid."""
    clock = StillClock()
    account, records = processor(clock), list[Record]()
    for number, step in enumerate(life):
        match step:
            case "pay", str(suffix):
                records.append(account.take_on(ask(f"r{number}", account=f"123450{suffix}")))
            case "wait", int(ms):
                clock.at_ms += ms
                account.advance()
            case "force", (int(place), State() as state) if records:
                account.force(records[place % len(records)], state, message="by hand")
            case "hurry", int(place) if records:
                account.hurry(records[place % len(records)])
    out = [record for record in records if record.state in {State.PENDING, State.SUCCESSFUL}]
    assert account.wallets.balance("NGN") == OPENING - sum(record.cost for record in out)
    paid = [record for record in records if record.state is State.SUCCESSFUL]
    total = account.book.totals.get("NGN")
    assert (total.count_paid if total else 0) == len(paid)


@given(st.integers(0, 60), st.integers(1, 20))
def test_pages_hold_everything_once_and_newest_first(count: int, size: int) -> None:
    account = processor(StillClock())
    batch = account.open_batch()
    records = [account.take_on(ask(f"r{number}"), batch=batch) for number in range(count)]
    pages = [
        account.archive.page(number=number, size=size, batch_id=batch.id) for number in range(1, count // size + 3)
    ]
    assert [record for page in pages for record in page.records] == records[::-1]
    assert {page.total for page in pages} == {count}


def test_everything_is_found_by_each_of_its_names() -> None:
    account = processor(StillClock())
    records = [account.take_on(ask(None)) for _ in range(5)]
    for record in records:
        assert account.archive.find(record.id) is record
        assert account.archive.find_by_code(record.code) is record
        assert account.archive.find_by_reference(record.reference) is record
    assert account.archive.find(records[0].id - 1) is account.archive.find(records[-1].id + 1) is None


@pytest.mark.parametrize(
    ("reference", "order"),
    [
        ("0196c1a000007000800000000000ab01-1", "0196c1a0-0000-7000-8000-00000000ab01"),
        ("order-7_RETRY_2", "order"),
        ("order_7_RETRY_12", "order_7"),
        ("abc-3_PMCKDU_1", "abc"),
        ("abc-3_PMCK_ST_F_RETRY_1", "abc"),
        ("plain", "plain"),
    ],
)
def test_attempts_at_the_same_order_are_known_by_their_references(reference: str, order: str) -> None:
    assert order_of(rules.asked_for(reference)) == order
