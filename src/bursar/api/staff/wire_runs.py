"""What staff send and see about runs."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from bursar.api.paging import PageQuery
from bursar.api.rules import TEXT, ProgramName
from bursar.foundation.clock import timestamp
from bursar.foundation.money import Money
from bursar.payouts import PayoutState
from bursar.schedules import Failure, Line, Plan, Results, Run, Standing


class RunsQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which runs to list."""

    program: Annotated[ProgramName, msgspec.Meta(description="Only of this program.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=200, description="How many of the latest.", examples=[20])] = 20


class PreviewQuery(PageQuery, kw_only=True):
    """Which program's run to foretell, and which holders to list."""

    program: Annotated[ProgramName, msgspec.Meta(description="Whose run.")]


class RunPayoutsQuery(PageQuery, kw_only=True):
    """Which of a run's payouts to list."""

    status: Annotated[list[PayoutState], msgspec.Meta(description="One state or several.", examples=[["failed"]])] = (
        msgspec.field(default_factory=list)
    )


class ConfirmQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whether you have seen what will come of it."""

    confirm: Annotated[bool, msgspec.Meta(description="Without it, you are only told what it is about.")] = False


class BeginBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The program whose run is to begin, and what this run does otherwise than its terms say."""

    program: ProgramName
    batch_size: (
        Annotated[int, msgspec.Meta(ge=1, le=1000, description="Payouts taken up together.")] | msgspec.UnsetType
    ) = msgspec.UNSET
    tries_max: (
        Annotated[int, msgspec.Meta(ge=1, le=20, description="How often each may be tried, the first time included.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class StopBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a run is stopped."""

    reason: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=200, examples=["Wrong month"], extra_json_schema={"pattern": TEXT}),
    ]


class FailureView(msgspec.Struct, rename="camel"):
    """A payout that failed or came back, and why."""

    payout_id: UUID
    holder_id: UUID
    reference: str
    amount: str
    currency: str
    reason: str
    at: str

    @classmethod
    def of(cls, failure: Failure) -> "FailureView":
        """Show one."""
        return cls(
            failure.payout_id, failure.holder_id, failure.reference, failure.amount.text, failure.amount.currency,
            failure.reason, timestamp(failure.at),
        )  # fmt: skip


class ResultsView(msgspec.Struct, rename="camel"):
    """What has become of a run's payouts. `waiting` are those that have not ended."""

    total: int
    succeeded: int
    failed: int
    waiting: int
    called_off: int
    amounts: dict[str, str]
    paid: dict[str, str]
    states: dict[str, int]
    errors: list[FailureView]

    @classmethod
    def of(cls, results: Results) -> "ResultsView":
        """Show the figures."""
        return cls(
            total=results.total,
            succeeded=results.succeeded,
            failed=results.failed,
            waiting=results.waiting,
            called_off=results.called_off,
            amounts=amounts(results.amounts),
            paid=amounts(results.paid),
            states={state.value: count for state, count in results.states.items()},
            errors=[FailureView.of(failure) for failure in results.errors],
        )


class RunView(msgspec.Struct, rename="camel"):
    """One run: what it was for, how far it has come, and what has become of its payouts.

    `askedFor` payouts were asked for by the run itself; `leftOut` counts the holders who got none, by reason. It takes
    at most `payoutsMax`, the oldest first; `keptWaiting` others were left for the next run.
    """

    id: UUID
    program: str
    occurrence: str | None
    time_zone: str | None
    due_at: str
    begun_by: str
    begun_at: str
    standing: Standing
    pays: str
    asked_for: int
    left_out: dict[str, int]
    handed_over: int
    payouts_max: int | None
    kept_waiting: int
    stopped_at: str | None
    stopped_by: str | None
    stopped_why: str | None
    finished_at: str | None
    ended_at: str | None
    duration_ms: int | None
    correlation_id: str | None
    results: ResultsView

    @classmethod
    def of(cls, run: Run, results: Results) -> "RunView":
        """Show one."""
        return cls(
            id=run.id,
            program=run.program,
            occurrence=run.occurrence if run.time_zone else None,
            time_zone=run.time_zone,
            due_at=timestamp(run.due_at),
            begun_by=run.begun_by,
            begun_at=timestamp(run.begun_at),
            standing=run.standing,
            pays=run.pays.value,
            asked_for=run.asked,
            left_out=dict(run.left_out),
            handed_over=run.count,
            payouts_max=run.payouts_max,
            kept_waiting=run.kept_waiting,
            stopped_at=timestamp(run.stopped_at) if run.stopped_at else None,
            stopped_by=run.stopped_by,
            stopped_why=run.stopped_why,
            finished_at=timestamp(run.finished_at) if run.finished_at else None,
            ended_at=timestamp(run.ended_at) if run.ended_at else None,
            duration_ms=round((run.ended_at - run.begun_at).total_seconds() * 1000) if run.ended_at else None,
            correlation_id=run.correlation_id,
            results=ResultsView.of(results),
        )


class LeavingView(msgspec.Struct):
    """How many payouts a run still keeps, and what they add up to in each currency."""

    payouts: int
    amounts: dict[str, str]


class PlanLineView(msgspec.Struct, rename="camel"):
    """What a run would make of one holder: `paid`, `review` (people decide first), or why they are left out."""

    holder_id: UUID
    reference: str
    name: str
    available: str
    amount: str | None
    outcome: str

    @classmethod
    def of(cls, line: Line) -> "PlanLineView":
        """Show one."""
        amount = line.amount.text if line.reason is None else None
        outcome = line.reason or ("review" if line.in_review else "paid")
        return cls(line.holder_id, line.reference, line.name, line.available.text, amount, outcome)


class LeftOutView(msgspec.Struct):
    """How many holders a run would leave out for one reason, and what they have."""

    holders: int
    amount: str


class PlanView(msgspec.Struct, rename="camel"):
    """What a run would come to if it began now; nothing is stored.

    `waiting` were asked for already and would leave too. `leaving` are all of them: at most `payoutsMax`, the oldest
    first, and `keptWaiting` others would wait for the next run. `blocker` would keep all of it from leaving, and
    `stops` would stop the run before anything leaves. `holders` are some of those it would look at, by id.
    """

    program: str
    at: str
    pays: str
    currency: str
    payouts: int
    amount: str
    in_review: int
    left_out: dict[str, LeftOutView]
    waiting: LeavingView
    leaving: LeavingView
    payouts_max: int | None
    kept_waiting: int
    blocker: str | None
    stops: str | None
    holders: list[PlanLineView]
    next_cursor: str | None

    @classmethod
    def of(cls, plan: Plan, lines: Sequence[Line], next_cursor: str | None) -> "PlanView":
        """Show one."""
        left_out = {reason: LeftOutView(count, amount.text) for reason, (count, amount) in plan.left_out.items()}
        return cls(
            program=plan.program,
            at=timestamp(plan.at),
            pays=plan.pays.value,
            currency=plan.amount.currency,
            payouts=plan.count,
            amount=plan.amount.text,
            in_review=plan.in_review,
            left_out=left_out,
            waiting=LeavingView(plan.waiting[0], amounts(plan.waiting[1])),
            leaving=LeavingView(plan.leaving[0], amounts(plan.leaving[1])),
            payouts_max=plan.payouts_max,
            kept_waiting=plan.kept_waiting,
            blocker=plan.blocker,
            stops=plan.stops,
            holders=[PlanLineView.of(line) for line in lines],
            next_cursor=next_cursor,
        )


def amounts(sums: Sequence[Money]) -> dict[str, str]:
    """Amounts by their currency, as the staff's answers show them."""
    found: Mapping[str, str] = {one.currency: one.text for one in sums}
    return dict(found)
