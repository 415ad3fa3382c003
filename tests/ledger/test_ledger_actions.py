"""Moving money for a batch over a real database: figures, transfers, statements and platform accounts."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from bursar import ledger
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.ledger import AccountKind, InsufficientFunds, Movement, TransferKind
from ground import AT, funding, merchant, program

K = TransferKind


class Account:
    """One holder in a program of its own, paid through a gateway of its own."""

    def __init__(self, tx: Transaction, program: str, holder: UUID) -> None:
        self.tx = tx
        self.program = program
        self.gateway = f"bank-{program}"
        self.holder = holder

    def move(self, kind: TransferKind, minor: int, *, payout: UUID | None = None, reservation: int = 1) -> Movement:
        return Movement(
            kind, self.holder, Money(minor, "PKR"), self.program,
            payout_id=payout or uuid4(), reservation=reservation, gateway=self.gateway,
        )  # fmt: skip

    async def apply(self, *movements: Movement, after: float = 1.0) -> list[UUID | InsufficientFunds]:
        """Move money, so many seconds after the account was funded."""
        return await ledger.apply(self.tx, movements, at=AT + timedelta(seconds=after))

    async def figures(self) -> tuple[int, int]:
        found = (await ledger.balances(self.tx, [self.holder]))[0]
        return found.available, found.reserved

    async def platform(self) -> dict[str, int]:
        """What the platform's accounts of this program and gateway hold."""
        found = await ledger.platform_balances(self.tx)
        return {b.kind.value: b.amount.minor for b in found if b.owner in {self.program, self.gateway}}


@pytest.fixture
async def anna(tx: Transaction) -> Account:
    """A holder with 1,000.00."""
    terms = await program(tx)
    return Account(tx, terms.program, await merchant(tx, terms.program, money="1000.00"))


async def test_crediting_makes_money_available(anna: Account) -> None:
    assert await anna.figures() == (100_000, 0)
    assert await anna.platform() == {"funding": -100_000}


async def test_a_payment_goes_from_available_over_reserved_to_the_gateway(anna: Account) -> None:
    payout = uuid4()
    await anna.apply(anna.move(K.RESERVE, 30_000, payout=payout))
    assert await anna.figures() == (70_000, 30_000)
    await anna.apply(anna.move(K.POST, 30_000, payout=payout))
    assert await anna.figures() == (70_000, 0)
    assert await anna.platform() == {"funding": -100_000, "clearing": 30_000}


async def test_voiding_gives_the_money_back(anna: Account) -> None:
    payout = uuid4()
    await anna.apply(anna.move(K.RESERVE, 30_000, payout=payout), anna.move(K.VOID, 30_000, payout=payout))
    assert await anna.figures() == (100_000, 0)


@pytest.mark.parametrize(
    ("kind", "available", "suspense"), [(K.REVERSE, 100_000, 0), (K.REVERSE_TO_SUSPENSE, 70_000, 30_000)]
)
async def test_money_that_came_back_goes_where_the_terms_want_it(
    anna: Account, kind: TransferKind, available: int, suspense: int
) -> None:
    payout = uuid4()
    await anna.apply(*(anna.move(step, 30_000, payout=payout) for step in (K.RESERVE, K.POST, kind)))
    assert await anna.figures() == (available, 0)
    held = await anna.platform()
    assert (held["clearing"], held.get("suspense", 0)) == (0, suspense)


async def test_each_of_a_batch_is_accepted_or_refused_on_its_own(anna: Account) -> None:
    results = await anna.apply(*(anna.move(K.RESERVE, minor) for minor in (60_000, 60_000, 30_000, 20_000, 10_000)))
    assert [isinstance(result, UUID) for result in results] == [True, False, True, False, True]
    assert isinstance(results[1], InsufficientFunds)
    assert results[1].facts["available"] == "400.00"
    assert await anna.figures() == (0, 100_000)


async def test_a_refused_batch_writes_nothing(anna: Account) -> None:
    before = await anna.tx.value("SELECT count(*) FROM transfers")
    await anna.apply(anna.move(K.RESERVE, 100_001))
    assert await anna.tx.value("SELECT count(*) FROM transfers") == before


async def test_an_empty_batch_is_nothing(anna: Account) -> None:
    assert await anna.apply() == []
    assert await anna.figures() == (100_000, 0)


async def test_another_currency_is_another_balance(anna: Account) -> None:
    dollars = Movement(K.CREDIT, anna.holder, Money(500, "USD"), anna.program, reference="usd")
    await ledger.credit(anna.tx, [dollars], at=AT)
    found = {b.currency: b.available for b in await ledger.balances(anna.tx, [anna.holder])}
    assert found == {"PKR": 100_000, "USD": 500}


async def test_a_reference_is_credited_once(anna: Account) -> None:
    again = funding(anna.holder, "5.00", program=anna.program, reference="invoice-1")
    first = await ledger.credit(anna.tx, [again], at=AT)
    second = await ledger.credit(anna.tx, [again], at=AT)
    other_amount = funding(anna.holder, "7.00", program=anna.program, reference="invoice-1")
    third = await ledger.credit(anna.tx, [other_amount], at=AT)
    assert isinstance(first[0], UUID)
    assert (second, third) == ([None], [None])
    assert await anna.figures() == (100_500, 0)


async def test_a_reference_that_comes_twice_in_a_batch_counts_once(anna: Account) -> None:
    twins = [funding(anna.holder, money, program=anna.program, reference="invoice-1") for money in ("5", "5", "9")]
    results = await ledger.credit(anna.tx, [*twins, funding(anna.holder, "1", program=anna.program)], at=AT)
    assert [isinstance(result, UUID) for result in results] == [True, False, False, True]
    assert await anna.figures() == (100_600, 0)


async def test_a_credit_without_a_reference_is_a_mistake(anna: Account) -> None:
    with pytest.raises(AssertionError, match="says what it is for"):
        await ledger.credit(anna.tx, [Movement(K.CREDIT, anna.holder, Money(1, "PKR"), anna.program)], at=AT)


async def test_opening_a_balance_that_is_open_changes_nothing(anna: Account) -> None:
    await ledger.open_balances(anna.tx, {(anna.holder, "PKR"): anna.program})
    assert await anna.figures() == (100_000, 0)


async def test_a_statement_shows_each_step_with_the_figures_after_it(anna: Account) -> None:
    payout = uuid4()
    await anna.apply(anna.move(K.RESERVE, 30_000, payout=payout), after=1)
    await anna.apply(anna.move(K.POST, 30_000, payout=payout), after=2)
    lines = await ledger.statement(anna.tx, anna.holder)
    assert [(line.kind, line.available.text, line.reserved.text) for line in lines] == [
        (K.POST, "700.00", "0.00"),
        (K.RESERVE, "700.00", "300.00"),
        (K.CREDIT, "1000.00", "0.00"),
    ]
    assert [line.payout_id for line in lines] == [payout, payout, None]


async def test_a_batchs_lines_stand_in_the_order_in_which_it_moved_the_money(anna: Account) -> None:
    """Read from the oldest, each line's figures follow from the one before."""
    await anna.apply(*(anna.move(K.RESERVE, 1_000) for _ in range(50)))
    oldest_first = list(reversed(await ledger.statement(anna.tx, anna.holder)))
    assert [line.available.minor for line in oldest_first] == [100_000 - 1_000 * n for n in range(51)]


async def test_a_statement_comes_in_pages(anna: Account) -> None:
    for n in range(5):
        await anna.apply(anna.move(K.RESERVE, 100), after=n + 1)
    first = await ledger.statement(anna.tx, anna.holder, limit=4)
    rest = await ledger.statement(anna.tx, anna.holder, limit=4, before=first[-1].id)
    whole = await ledger.statement(anna.tx, anna.holder)
    assert (len(first), len(rest)) == (4, 2)
    assert [*first, *rest] == whole


async def test_a_statement_shows_only_the_holders_own_lines(anna: Account) -> None:
    other = await merchant(anna.tx, anna.program)
    lines = await ledger.statement(anna.tx, anna.holder)
    assert len(lines) == 1
    assert {line.id for line in lines}.isdisjoint(line.id for line in await ledger.statement(anna.tx, other))


async def test_a_snapshot_and_what_is_newer_give_what_all_movements_give(anna: Account) -> None:
    payout = uuid4()
    await anna.apply(*(anna.move(step, 30_000, payout=payout) for step in (K.RESERVE, K.POST)))
    await let_time_pass(anna.tx, seconds=ledger.actions.SNAPSHOT_AGE_SECONDS * 2)
    assert await ledger.snapshot(anna.tx) > 0
    old = await anna.platform()
    await anna.apply(anna.move(K.REVERSE, 30_000, payout=payout))
    assert old == {"funding": -100_000, "clearing": 30_000}
    assert await anna.platform() == await derived(anna) == {"funding": -100_000, "clearing": 0}


async def test_a_snapshot_of_a_snapshot_still_agrees(anna: Account) -> None:
    for minor in (100, 200, 300):
        payout = uuid4()
        await anna.apply(*(anna.move(step, minor, payout=payout) for step in (K.RESERVE, K.POST)))
        await let_time_pass(anna.tx, seconds=1_000)
        await ledger.snapshot(anna.tx)
        assert await anna.platform() == await derived(anna)


async def derived(account: Account) -> dict[str, int]:
    """The platform accounts from nothing but the transfers."""
    rows = await account.tx.many(
        """
        SELECT a.kind,
               coalesce(sum(CASE WHEN t.credit_account = a.id THEN t.amount ELSE -t.amount END), 0)::bigint AS held
        FROM accounts a LEFT JOIN transfers t ON a.id IN (t.debit_account, t.credit_account)
        WHERE a.owner IN ($1, $2) GROUP BY a.kind
        """,
        account.program, account.gateway,
    )  # fmt: skip
    return {row["kind"]: row["held"] for row in rows}


async def let_time_pass(tx: Transaction, *, seconds: float) -> None:
    """Move everything that was recorded into the past; the ledger's own guard is asked to look away."""
    await tx.run("ALTER TABLE transfers DISABLE TRIGGER transfers_are_append_only")
    await tx.run("UPDATE transfers SET recorded_at = recorded_at - make_interval(secs => $1)", seconds)
    await tx.run("UPDATE ledger_snapshots SET up_to = up_to - make_interval(secs => $1)", seconds)
    await tx.run("ALTER TABLE transfers ENABLE TRIGGER transfers_are_append_only")


def test_platform_accounts_are_not_a_holders() -> None:
    assert {AccountKind.AVAILABLE, AccountKind.RESERVED} == ledger.model.HOLDERS_OWN
