"""What an outcome means for an attempt: the whole table of what is known already, what is said, and what is left."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dispatch.model import LIVE, Attempt, AttemptState, Plan, contradiction, gateway_key, is_news, plan
from bursar.foundation.money import Money
from bursar.gateways import Outcome, Word
from bursar.payouts import PayoutState, next_state
from bursar.programs.model import Retry, Terms, Unknown
from bursar.programs.source import read
from ground import AT, terms_text

A, W, S = AttemptState, Word, PayoutState

TERMS: Final = read(terms_text(), file="terms")
UNKNOWN_WAITS, POLL_WAITS = TERMS.unknown.schedule_seconds, TERMS.unknown.poll_seconds

PAYOUT_AT: Final = {A.OPEN: S.SENDING, A.UNKNOWN: S.SENDING, A.ACCEPTED: S.SENT, A.HELD: S.ON_HOLD,
                    A.PAID: S.COMPLETED, A.RETURNED: S.RETURNED}  # fmt: skip
"""Where a payout stands while its attempt is in this state; a refused one has failed or waits for another attempt."""

# Known, said: verbs, and what is known then. Refusals depend on more and stand below.
TABLE: Final = {
    (A.OPEN, W.PAID): (("settle",), A.PAID),
    (A.OPEN, W.RETURNED): (("settle", "return"), A.RETURNED),
    (A.OPEN, W.ACCEPTED): (("accept",), A.ACCEPTED),
    (A.OPEN, W.HELD): (("hold",), A.HELD),
    (A.OPEN, W.UNKNOWN): ((), A.UNKNOWN),
    (A.UNKNOWN, W.PAID): (("settle",), A.PAID),
    (A.UNKNOWN, W.RETURNED): (("settle", "return"), A.RETURNED),
    (A.UNKNOWN, W.ACCEPTED): (("accept",), A.ACCEPTED),
    (A.UNKNOWN, W.HELD): (("hold",), A.HELD),
    (A.UNKNOWN, W.UNKNOWN): ((), A.UNKNOWN),
    (A.ACCEPTED, W.PAID): (("settle",), A.PAID),
    (A.ACCEPTED, W.RETURNED): (("settle", "return"), A.RETURNED),
    (A.ACCEPTED, W.ACCEPTED): ((), A.ACCEPTED),
    (A.ACCEPTED, W.HELD): (("hold",), A.HELD),
    (A.ACCEPTED, W.UNKNOWN): ((), A.ACCEPTED),
    (A.HELD, W.PAID): (("settle",), A.PAID),
    (A.HELD, W.RETURNED): (("settle", "return"), A.RETURNED),
    (A.HELD, W.ACCEPTED): (("resume",), A.ACCEPTED),
    (A.HELD, W.HELD): ((), A.HELD),
    (A.HELD, W.UNKNOWN): ((), A.HELD),
}


def attempt(known: AttemptState = A.OPEN, *, generation: int = 1, inquiries: int = 0) -> Attempt:
    return Attempt(
        id=UUID(int=1), payout_id=UUID(int=2), holder_id=UUID(int=3), program="merchants", terms_version=1,
        amount=Money(100, "PKR"), generation=generation, gateway="bank", key="k", outcome=known, reason=None,
        gateway_reference=None, inquiries=inquiries, lease_no=1, look_at=None,
        window_ends_at=AT + timedelta(hours=19), sent_at=AT,
    )  # fmt: skip


def planned(known: Attempt, said: Outcome, *, terms: Terms = TERMS, chance: float = 0.0, hours: float = 0.0) -> Plan:
    return plan(known, said, terms=terms, chance=chance, now=AT + timedelta(hours=hours))


def test_the_table_leaves_no_case_out() -> None:
    assert TABLE.keys() == {(known, said) for known in LIVE for said in set(W) - {W.REFUSED}}


@pytest.mark.parametrize(("known", "said"), TABLE, ids=lambda value: value.value)
def test_what_a_word_means_for_a_live_attempt(known: AttemptState, said: Word) -> None:
    verbs, state = TABLE[known, said]
    answer = planned(attempt(known), Outcome(said))
    assert (answer.verbs, answer.state) == (verbs, state)
    assert (answer.retry_in, answer.trouble) == (None, None)
    assert (answer.look_in is not None) == (state in LIVE), "as long as it is live, somebody looks again"


@pytest.mark.parametrize("known", sorted(LIVE))
@pytest.mark.parametrize("generation", [1, 2, 3, 4])
@pytest.mark.parametrize("retryable", [True, False])
def test_what_a_refusal_means(known: AttemptState, generation: int, *, retryable: bool) -> None:
    """Another attempt only if that can help, if there are any left, and not from a hold: the table has no way back."""
    answer = planned(attempt(known, generation=generation), Outcome(W.REFUSED, retryable=retryable))
    again = retryable and generation < 3 and known is not A.HELD
    assert (answer.state, answer.verbs) == (A.REFUSED, ("defer",) if again else ("fail",))
    assert (answer.retry_in is not None) == again
    assert answer.look_in is None


@pytest.mark.parametrize("known", sorted(LIVE))
@pytest.mark.parametrize("said", W)
@pytest.mark.parametrize("retryable", [True, False])
def test_every_plan_can_be_carried_out(known: AttemptState, said: Word, *, retryable: bool) -> None:
    """Its verbs lead from where the payout stands to where it belongs."""
    answer = planned(attempt(known), Outcome(said, retryable=retryable))
    state = PAYOUT_AT[known]
    for verb in answer.verbs:
        state = next_state(state, verb)
    assert state in ({S.FAILED, S.RETRYING} if answer.state is A.REFUSED else {PAYOUT_AT[answer.state]})


@pytest.mark.parametrize("said", W)
@pytest.mark.parametrize("known", sorted(set(A) - LIVE))
def test_what_a_word_means_for_a_closed_attempt(known: AttemptState, said: Word) -> None:
    expected = {
        (A.PAID, W.RETURNED): Plan(A.RETURNED, ("return",)),
        (A.PAID, W.REFUSED): "refused_after_paid",
        (A.REFUSED, W.PAID): "paid_after_refused",
        (A.REFUSED, W.RETURNED): "paid_after_refused",
    }
    assert contradiction(attempt(known), Outcome(said)) == expected.get((known, said))


def test_a_closed_attempt_is_not_planned_for() -> None:
    with pytest.raises(AssertionError, match="contradiction"):
        planned(attempt(A.PAID), Outcome(W.PAID))


@pytest.mark.parametrize("inquiries", range(9))
def test_what_is_unknown_is_asked_about_by_the_terms_schedule(inquiries: int) -> None:
    answer = planned(attempt(A.UNKNOWN, inquiries=inquiries), Outcome(W.UNKNOWN))
    assert answer.look_in == UNKNOWN_WAITS[min(inquiries, len(UNKNOWN_WAITS) - 1)]


@pytest.mark.parametrize("known", [A.ACCEPTED, A.HELD])
def test_a_promised_answer_is_waited_for_by_the_terms_other_schedule(known: AttemptState) -> None:
    for inquiries in range(6):
        answer = planned(attempt(known, inquiries=inquiries), Outcome(W.UNKNOWN))
        assert answer.look_in == POLL_WAITS[min(inquiries, len(POLL_WAITS) - 1)]


@pytest.mark.parametrize("known", [A.OPEN, A.UNKNOWN])
def test_after_the_limit_two_people_decide_and_nothing_moves(known: AttemptState) -> None:
    assert planned(attempt(known), Outcome(W.UNKNOWN), hours=17.9).trouble is None
    late = planned(attempt(known), Outcome(W.UNKNOWN), hours=18.1)
    assert late == Plan(A.UNKNOWN, trouble="unknown_outcome")


def test_what_the_gateway_has_is_never_parked() -> None:
    assert planned(attempt(A.ACCEPTED), Outcome(W.UNKNOWN), hours=1000).trouble is None


def test_a_gateway_that_asks_for_a_longer_wait_gets_it() -> None:
    assert planned(attempt(), Outcome(W.UNKNOWN, retry_after=99.0)).look_in == 99.0
    assert planned(attempt(), Outcome(W.UNKNOWN, retry_after=0.5)).look_in == UNKNOWN_WAITS[0]
    assert planned(attempt(), Outcome(W.REFUSED, retryable=True, retry_after=99.0)).retry_in == 99.0


@given(generation=st.integers(1, 19), chance=st.floats(0, 1, exclude_max=True))
def test_waits_grow_up_to_their_bound_and_chance_only_shortens_them(generation: int, chance: float) -> None:
    retry = Retry(max_attempts=20, base_seconds=2.0, factor=2.0, max_seconds=60.0, jitter=0.1)
    wait = retry.delay(generation, chance)
    whole = min(60.0, 2.0 * 2.0 ** (generation - 1))
    assert 0.9 * whole <= wait <= whole


@given(taken=st.integers(0, 100))
def test_a_schedules_last_wait_repeats(taken: int) -> None:
    unknown = Unknown(schedule_seconds=(1.0, 2.0), poll_seconds=(3.0,))
    assert unknown.delay(taken) == (1.0 if taken == 0 else 2.0)
    assert unknown.poll_delay(taken) == 3.0


def test_a_key_is_derived_from_payout_and_attempt_and_fits_into_a_path() -> None:
    payout = UUID("01a1f82f-1e80-78f8-85a9-2a1402e321b1")
    assert gateway_key(payout, 2) == "01a1f82f1e8078f885a92a1402e321b1-2"
    assert len({gateway_key(payout, n) for n in range(1, 21)}) == 20


@pytest.mark.parametrize("known", sorted(LIVE - {A.HELD}))
@pytest.mark.parametrize("generation", [1, 99])
def test_want_of_funds_defers_whatever_was_tried_before(known: AttemptState, generation: int) -> None:
    answer = planned(attempt(known, generation=generation), Outcome(W.REFUSED, lacks_funds=True))
    assert (answer.state, answer.verbs, answer.retry_in, answer.blocker) == (A.REFUSED, ("defer",), 0.0, "low_float")


NEWS: Final = {
    A.OPEN: set(W) - {W.UNKNOWN},
    A.UNKNOWN: set(W) - {W.UNKNOWN},
    A.ACCEPTED: set(W) - {W.UNKNOWN, W.ACCEPTED},
    A.HELD: set(W) - {W.UNKNOWN, W.HELD},
    A.PAID: {W.RETURNED, W.REFUSED},
    A.REFUSED: {W.PAID, W.RETURNED},
    A.RETURNED: set(),
}
"""What a report would have to say to be a reason to ask, by what is known."""


@pytest.mark.parametrize("known", A)
@pytest.mark.parametrize("word", W)
def test_only_what_would_be_news_is_a_reason_to_ask(known: AttemptState, word: Word) -> None:
    assert is_news(attempt(known), Outcome(word)) is (word in NEWS[known])
