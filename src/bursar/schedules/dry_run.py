"""A dry run: who would be paid if a run began now, who would not, and why. Nothing is stored and nothing is moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar import dispatch, ledger, payouts, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money, totals
from bursar.payouts import Ask, Desk, PayoutState
from bursar.schedules import stopping
from bursar.schedules.asking import open_all
from bursar.schedules.begin import terms_in_runs
from bursar.schedules.walk import Candidate, LeftOut, Stretch, asks_itself, pays_balances, walk

CHUNK: Final = 5_000
LINES_MAX: Final = 1_000
ACTOR: Final = "system:plan"


@dataclass(frozen=True, slots=True)
class Line:
    """What a run would make of one holder: a payout of ``amount``, or none for ``reason``.

    ``in_review``: the payout would wait for people first.
    """

    holder_id: UUID
    reference: str
    name: str
    available: Money
    amount: Money
    reason: str | None = None
    in_review: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would come to if it began ``at`` this moment.

    ``count`` payouts of ``amount`` together would be asked for, of which ``in_review`` would wait for people. Holders
    whom it would look at and give nothing are counted in ``left_out``, by reason, with what they have. ``waiting``
    payouts were asked for already, and would leave too. ``leaving`` are all of them; where the terms let one run take
    ``payouts_max`` and no more, the oldest of those that wait for nobody, and the ``kept_waiting`` others wait for the
    next one. ``blocker`` is what would keep all of it from leaving now, and ``stops`` why the failsafe would stop the
    run before anything of it leaves.
    """

    program: str
    at: datetime
    pays: programs.Pays
    count: int
    amount: Money
    in_review: int
    left_out: Mapping[str, tuple[int, Money]]
    waiting: tuple[int, tuple[Money, ...]]
    leaving: tuple[int, tuple[Money, ...]]
    payouts_max: int | None
    kept_waiting: int
    blocker: str | None
    stops: str | None


async def plan(tx: Transaction, program: str, *, desk: Desk) -> Plan:
    """What a run of this program would come to; a few statements for each 5,000 holders with enough.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: its payouts do not wait for runs.
    """
    terms = await terms_in_runs(tx, program)
    at, most = await tx.now(), terms.runs.payouts_max
    waiting, amounts = await _waiting(tx, program)
    sums = _Sums(Money.zero(terms.currency), room=None if most is None else max(0, most - waiting))
    after: UUID | None = None
    while asks_itself(terms):
        stretch = await walk(tx, terms, after=after, limit=CHUNK, at=at)
        sums.add(await _lines(tx, terms, stretch, desk=desk, at=at))
        if (after := stretch.last) is None:
            break
    if pays_balances(terms):
        sums.leave_out(LeftOut.BELOW_MINIMUM, *await _below(tx, terms))
    leaving = (waiting, amounts) if most is None or waiting <= most else await _waiting(tx, program, most=most)
    leaving = (leaving[0] + sums.leaving[0], totals((*leaving[1], sums.leaving[1])))
    blocker = (await dispatch.standing(tx)).blocker(program=program, gateway=terms.route.gateway)
    return Plan(
        program=program,
        at=at,
        pays=terms.runs.pays,
        count=sums.count,
        amount=sums.amount,
        in_review=sums.in_review,
        left_out=sums.left_out,
        waiting=(waiting, amounts),
        leaving=leaving,
        payouts_max=most,
        kept_waiting=0 if most is None else waiting + sums.count - sums.in_review - leaving[0],
        blocker=blocker,
        stops=stopping.TOO_MUCH_MONEY if stopping.exceeds(leaving[1], terms) else None,
    )


async def plan_page(
    tx: Transaction, program: str, *, desk: Desk, after: UUID | None = None, limit: int = 50
) -> tuple[list[Line], UUID | None]:
    """What a run would make of the next holders it looks at, by rising id; and whom to go on after, None at the end.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: its payouts do not wait for runs.
    """
    terms = await terms_in_runs(tx, program)
    if not asks_itself(terms):
        return [], None
    at = await tx.now()
    stretch = await walk(tx, terms, after=after, limit=min(limit, LINES_MAX), at=at)
    return await _lines(tx, terms, stretch, desk=desk, at=at), stretch.last


class _Sums:
    """What the lines so far come to, and those that would leave: as many as there is ``room`` for; None: all."""

    def __init__(self, nothing: Money, *, room: int | None) -> None:
        self.count = self.in_review = 0
        self.amount = nothing
        self.leaving = (0, nothing)
        self.left_out: dict[str, tuple[int, Money]] = {}
        self._room = room

    def add(self, lines: list[Line]) -> None:
        for line in lines:
            if line.reason is not None:
                self.leave_out(line.reason, 1, line.available)
            else:
                self.count += 1
                self.in_review += line.in_review
                self.amount += line.amount
                self._let_go(line)

    def _let_go(self, line: Line) -> None:
        """Count a payout that would leave; where there is no end of room, also one that waits for people first."""
        count, amount = self.leaving
        if self._room is None or (count < self._room and not line.in_review):
            self.leaving = (count + 1, amount + line.amount)

    def leave_out(self, reason: str, count: int, amount: Money) -> None:
        if count:
            before, sum_before = self.left_out.get(reason, (0, Money.zero(amount.currency)))
            self.left_out[reason] = (before + count, sum_before + amount)


async def _lines(tx: Transaction, terms: programs.Terms, stretch: Stretch, *, desk: Desk, at: datetime) -> list[Line]:
    """What would become of each of these, as ``payouts.request`` would answer."""
    wanted = await open_all(tx, stretch.candidates, keyring=desk.keyring)
    asks = [
        Ask(candidate.payee.id, terms.program, "", candidate.amount, destination, ACTOR, is_stored=True)
        for candidate, destination in wanted
    ]
    answers = await payouts.check(tx, asks, desk=desk, at=at) if asks else []
    told = {candidate.payee.id: answer for (candidate, _), answer in zip(wanted, answers, strict=True)}
    return [_line(candidate, told.get(candidate.payee.id)) for candidate in stretch.candidates]


def _line(candidate: Candidate, answer: payouts.Payout | Refusal | None) -> Line:
    payee, reason, amount, in_review = candidate.payee, candidate.reason, candidate.amount, False
    match answer:
        case payouts.Payout():
            amount, in_review = answer.amount, answer.state is PayoutState.IN_REVIEW
        case Refusal():
            reason = answer.code
        case None:
            reason = reason or LeftOut.UNREADABLE
    return Line(payee.id, payee.reference, payee.name, candidate.available, amount, reason=reason, in_review=in_review)


async def _waiting(tx: Transaction, program: str, *, most: int | None = None) -> tuple[int, tuple[Money, ...]]:
    """How many payouts wait for a run already, and what they add up to; the first so many, where a number is given."""
    figures = list((await payouts.count_for_run(tx, program, most=most)).values())
    return sum(count for count, _ in figures), tuple(amount for _, several in figures for amount in several)


async def _below(tx: Transaction, terms: programs.Terms) -> tuple[int, Money]:
    assert terms.limits.minimum is not None, "no program file may leave it out where runs pay balances"
    return await ledger.count_below(tx, terms.program, limit=terms.limits.minimum)
