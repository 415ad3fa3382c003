"""The life in one table: the design's, the code's and the database's are the same one, and it never loses money.

Two steps stand in none of the requirement documents: back from approved to a review (docs/decisions/0016), and what
was over but had been paid after all is opened again (docs/decisions/0025).
"""

import re
from collections.abc import Iterator

import pytest

from bursar.foundation.db import Transaction
from bursar.payouts import LIFECYCLE, MOVES, RESTING, Effect, PayoutState, WrongState, can, next_state

S = PayoutState

# The design's section 3 with the steps of decisions 0016 and 0025, line by line: verb, from, to, money.
DESIGN = """
request |                                           | requested | RESERVE
review  | requested, approved                       | in_review |
approve | requested, in_review                      | approved  |
reject  | requested, in_review                      | rejected  | VOID
cancel  | requested, in_review, approved, retrying  | cancelled | VOID
send    | approved, retrying                        | sending   |
accept  | sending                                   | sent      |
hold    | sending, sent                             | on_hold   |
resume  | on_hold                                   | sent      |
settle  | sending, sent, on_hold                    | completed | POST
defer   | sending, sent                             | retrying  |
fail    | sending, sent, retrying, on_hold          | failed    | VOID
retry   | failed                                    | approved  | RESERVE
reopen  | failed, cancelled                         | sending   | RESERVE
return  | completed                                 | returned  | REVERSE
"""


def design() -> Iterator[tuple[str, frozenset[str], str, str]]:
    """The design's lines, read."""
    for line in DESIGN.strip().splitlines():
        verb, sources, target, money = (part.strip() for part in line.split("|"))
        yield verb, frozenset(filter(None, re.split(r",\s*", sources))), target, money or Effect.NONE.value


def test_the_code_has_the_designs_table() -> None:
    ours = [(move.verb, frozenset(map(str, move.sources)), str(move.target), move.money.value) for move in LIFECYCLE]
    assert ours == list(design())


def test_every_verb_stands_in_the_table_once() -> None:
    assert len(MOVES) == len(LIFECYCLE)


def lives(state: PayoutState, path: tuple[str, ...], seen: tuple[PayoutState, ...]) -> Iterator[tuple[str, ...]]:
    """Every life from here that ends at rest and passes no state more than twice: its verbs."""
    if state in RESTING:
        yield path
    for move in LIFECYCLE:
        if state in move.sources and seen.count(move.target) < 2:
            yield from lives(move.target, (*path, move.verb), (*seen, move.target))


def test_every_life_resolves_each_of_its_reservations_exactly_once() -> None:
    """Whatever way it takes: voided, or posted and then at most reversed; only after a void may it begin again."""
    letters = {Effect.NONE: "", Effect.RESERVE: "r", Effect.VOID: "v", Effect.POST: "p", Effect.REVERSE: "x"}
    effects = {
        "".join(letters[MOVES[verb].money] for verb in life)
        for life in lives(S.REQUESTED, ("request",), (S.REQUESTED,))
    }
    assert {"rv", "rp", "rpx", "rvrv", "rvrp", "rvrpx"} <= effects
    assert [money for money in effects if not re.fullmatch(r"(rv)*r(v|px?)", money)] == []


def test_every_state_can_be_reached_and_left_unless_money_is_at_rest() -> None:
    reached = {move.target for move in LIFECYCLE}
    left = set().union(*(move.sources for move in LIFECYCLE))
    assert reached == set(S)
    assert set(S) - left == {S.REJECTED, S.RETURNED}


def test_at_rest_nothing_is_reserved_and_elsewhere_something_is() -> None:
    for life in lives(S.REQUESTED, ("request",), (S.REQUESTED,)):
        reserved = 0
        for verb in life:
            reserved += {Effect.RESERVE: 1, Effect.VOID: -1, Effect.POST: -1}.get(MOVES[verb].money, 0)
            assert (reserved == 0) == (MOVES[verb].target in RESTING), life


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("verb", MOVES)
def test_a_verb_leads_where_the_table_says_or_is_refused(state: PayoutState, verb: str) -> None:
    allowed = {(name, source): target for name, sources, target, _ in design() for source in sources}
    if (verb, state) in allowed:
        assert can(state, verb)
        assert next_state(state, verb) == allowed[verb, state]
    else:
        assert not can(state, verb)
        with pytest.raises(WrongState) as refusal:
            next_state(state, verb)
        assert refusal.value.facts["state"] == state
        assert set(refusal.value.facts["allowed_from"]) == {source for name, source in allowed if name == verb}


async def test_the_databases_check_on_history_is_the_same_table(tx: Transaction) -> None:
    """Asked about every verb from everywhere to everywhere, it allows the table's steps and nothing else."""
    rows = await tx.many(
        f"""
        SELECT verb, coalesce(from_state, '') AS source, to_state AS target
        FROM unnest($1::text[]) verb, unnest($2::text[]) from_state, unnest($3::text[]) to_state
        WHERE {await check(tx, "history_follows_the_table")}
        """,
        [*MOVES, "fly", ""], [None, *S, "nowhere"], [*S, "nowhere"],
    )  # fmt: skip
    ours = {(move.verb, source, move.target) for move in LIFECYCLE for source in move.sources or ("",)}
    assert {tuple(row) for row in rows} == ours


async def test_the_databases_check_on_states_knows_the_same_states(tx: Transaction) -> None:
    rows = await tx.many(
        f"SELECT state FROM unnest($1::text[]) state WHERE {await check(tx, 'state_is_known')}",
        [*S, "unknown", "paid", ""],
    )
    assert {row["state"] for row in rows} == set(S)


async def check(tx: Transaction, name: str) -> str:
    """The expression of a CHECK, as the database would write it."""
    return str(await tx.value("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = $1", name))
