"""What each kind of movement does, and that no order of them loses or invents money. No database is needed."""

from typing import Final
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from bursar.foundation.money import Money
from bursar.ledger import AccountKind, Balance, InsufficientFunds, Movement, TransferKind
from bursar.ledger.model import ROUTES, STEP, decide

ANNA, BEN = UUID(int=1), UUID(int=2)
K = TransferKind

# As the design has it (section 4), and decision 0030: from, to, and what the holder's two figures do.
DESIGN: Final = {
    K.CREDIT: ("funding", "available", 1, 0),
    K.RESERVE: ("available", "reserved", -1, 1),
    K.POST: ("reserved", "clearing", 0, -1),
    K.VOID: ("reserved", "available", 1, -1),
    K.REVERSE: ("clearing", "available", 1, 0),
    K.REVERSE_TO_SUSPENSE: ("clearing", "suspense", 0, 0),
    K.RELEASE: ("suspense", "available", 1, 0),
    K.RECLAIM: ("suspense", "funding", 0, 0),
    K.WRITE_OFF: ("funding", "clearing", 0, 0),
    K.FEE: ("funding", "fees", 0, 0),
    K.FEE_BACK: ("fees", "funding", 0, 0),
    K.TAKE_BACK: ("available", "funding", -1, 0),
    K.OWE: ("debts", "funding", 0, 0),
    K.RECOVER: ("available", "debts", -1, 0),
    K.FORGIVE: ("funding", "debts", 0, 0),
}


def move(kind: TransferKind, minor: int, *, holder: UUID = ANNA) -> Movement:
    return Movement(kind, holder, Money(minor, "PKR"), "merchants", gateway="bank", reference="r")


def balance(available: int, reserved: int = 0, *, holder: UUID = ANNA) -> Balance:
    return Balance(holder, "PKR", available, reserved, 10, 11)


def test_every_kind_goes_the_way_the_design_has_it() -> None:
    assert {kind: tuple(route) for kind, route in ROUTES.items()} == DESIGN


def test_a_reservation_begins_ends_and_is_reversed_in_that_order() -> None:
    begins, ends, comes_back = {K.RESERVE: 0}, {K.POST: 1, K.VOID: 1}, {K.REVERSE: 2, K.REVERSE_TO_SUSPENSE: 2}
    assert begins | ends | comes_back | {K.RELEASE: 3, K.RECLAIM: 3} == STEP


@pytest.mark.parametrize("kind", K)
def test_each_kind_changes_the_figures_by_its_amount(kind: TransferKind) -> None:
    after = balance(1000, 500).after(move(kind, 300))
    _, _, available, reserved = DESIGN[kind]
    assert (after.available, after.reserved) == (1000 + available * 300, 500 + reserved * 300)


def test_more_than_is_available_is_refused_with_both_figures() -> None:
    with pytest.raises(InsufficientFunds) as refusal:
        balance(99_999).after(move(K.RESERVE, 100_000))
    assert refusal.value.facts == {"available": "999.99", "needed": "1000.00", "currency": "PKR"}


def test_all_that_is_available_can_be_reserved() -> None:
    assert balance(100).after(move(K.RESERVE, 100)) == balance(0, 100)


@pytest.mark.parametrize("kind", [K.POST, K.VOID])
def test_only_what_was_reserved_can_be_posted_or_voided(kind: TransferKind) -> None:
    with pytest.raises(AssertionError, match="only what was reserved"):
        balance(1000, 99).after(move(kind, 100))


def test_a_large_one_that_is_refused_does_not_stand_in_the_way_of_a_small_one() -> None:
    books = {(ANNA, "PKR"): balance(100)}
    decided = decide(books, [move(K.RESERVE, 101), move(K.RESERVE, 60), move(K.RESERVE, 60), move(K.RESERVE, 40)])
    assert [type(after) for after in decided] == [InsufficientFunds, Balance, InsufficientFunds, Balance]
    assert books[ANNA, "PKR"] == balance(0, 100)


def test_one_holders_want_does_not_touch_anothers_money() -> None:
    books = {(ANNA, "PKR"): balance(10), (BEN, "PKR"): balance(100, holder=BEN)}
    decide(books, [move(K.RESERVE, 50), move(K.RESERVE, 50, holder=BEN)])
    assert books == {(ANNA, "PKR"): balance(10), (BEN, "PKR"): balance(50, 50, holder=BEN)}


def test_a_holder_without_a_balance_has_nothing() -> None:
    assert isinstance(decide({}, [move(K.RESERVE, 1)])[0], InsufficientFunds)


@pytest.mark.parametrize("account", [AccountKind.FUNDING, AccountKind.SUSPENSE, AccountKind.FEES])
def test_a_programs_accounts_belong_to_the_program(account: AccountKind) -> None:
    assert move(K.CREDIT, 1).owner(account) == "merchants"


def test_a_clearing_account_belongs_to_a_gateway() -> None:
    assert move(K.POST, 1).owner(AccountKind.CLEARING) == "bank"
    with pytest.raises(AssertionError, match="through a gateway"):
        Movement(K.POST, ANNA, Money(1, "PKR"), "merchants").owner(AccountKind.CLEARING)


class AnyOrder(RuleBasedStateMachine):
    """Any order of crediting, reserving, posting, voiding and reversing keeps laws 1 and 2.

    The accounts are kept beside it the plain way: each accepted movement takes from one and gives to another.
    """

    reserved = Bundle("reserved")
    posted = Bundle("posted")
    amounts = st.integers(1, 1_000)
    people = st.sampled_from([ANNA, BEN])

    @initialize()
    def open_the_books(self) -> None:
        self.books = {(who, "PKR"): balance(0, holder=who) for who in (ANNA, BEN)}
        self.accounts: dict[tuple[str, UUID | None], int] = {}

    def carry_out(self, kind: TransferKind, who: UUID, minor: int) -> bool:
        after = decide(self.books, [move(kind, minor, holder=who)])[0]
        if isinstance(after, InsufficientFunds):
            return False
        taken_from, given_to, _, _ = DESIGN[kind]
        for account, sign in ((taken_from, -1), (given_to, 1)):
            name = (account, who if account in {"available", "reserved"} else None)
            self.accounts[name] = self.accounts.get(name, 0) + sign * minor
        return True

    @rule(who=people, minor=amounts)
    def credit(self, who: UUID, minor: int) -> None:
        assert self.carry_out(K.CREDIT, who, minor)

    @rule(target=reserved, who=people, minor=amounts)
    def reserve(self, who: UUID, minor: int) -> tuple[UUID, int] | None:
        covered = self.accounts.get(("available", who), 0) >= minor
        assert self.carry_out(K.RESERVE, who, minor) == covered
        return (who, minor) if covered else None

    @rule(target=posted, reservation=consumes(reserved))
    def post(self, reservation: tuple[UUID, int] | None) -> tuple[UUID, int] | None:
        assert reservation is None or self.carry_out(K.POST, *reservation)
        return reservation

    @rule(reservation=consumes(reserved))
    def void(self, reservation: tuple[UUID, int] | None) -> None:
        assert reservation is None or self.carry_out(K.VOID, *reservation)

    @rule(payment=consumes(posted), kind=st.sampled_from([K.REVERSE, K.REVERSE_TO_SUSPENSE]))
    def reverse(self, payment: tuple[UUID, int] | None, kind: TransferKind) -> None:
        assert payment is None or self.carry_out(kind, *payment)

    @invariant()
    def all_accounts_sum_to_zero(self) -> None:
        assert sum(self.accounts.values()) == 0

    @invariant()
    def figures_are_what_movements_say_and_never_below_zero(self) -> None:
        for (who, _), figures in self.books.items():
            assert figures.available == self.accounts.get(("available", who), 0) >= 0
            assert figures.reserved == self.accounts.get(("reserved", who), 0) >= 0


TestAnyOrder = AnyOrder.TestCase
