"""What a scheduler sends and is told: the run that it asked for, with totals as JSON numbers, as its document shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from bursar import schedules
from bursar.api import amounts
from bursar.api.amounts import Figure
from bursar.api.rules import ProgramName
from bursar.api.writers.configs import BatchSize, MaxRetries
from bursar.foundation.clock import timestamp
from bursar.foundation.money import Money
from bursar.holders import Holder

Program = Annotated[
    ProgramName,
    msgspec.Meta(
        description="Which program is meant; left out, the one that this installation names (`CRON_PROGRAM`)."
    ),
]


class OfProgramQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which program."""

    program: Program | UnsetType = UNSET


class TriggerBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What kind of run is asked for."""

    force_run: Annotated[bool, msgspec.Meta(description="Whether or not the schedule has come round.")] = False
    dry_run: Annotated[bool, msgspec.Meta(description="Say who would be paid, at any time, and do nothing.")] = False
    batch_size: BatchSize | UnsetType = UNSET
    max_retries: MaxRetries | UnsetType = UNSET


RunStatus = Literal["success", "running", "stopped", "cancelled", "skipped", "dry_run"]
"""What became of what was asked for."""


class RunFailureView(msgspec.Struct, rename="camel"):
    """A payout of the run that has failed."""

    payout_id: UUID
    holder: str
    reference: str
    amount: Figure
    reason: Annotated[str, msgspec.Meta(description="Why, by its code; `bursar trace` tells the whole story.")]
    at: str

    @classmethod
    def of(cls, failure: schedules.Failure, holder: Holder) -> "RunFailureView":
        """Show one."""
        return cls(
            payout_id=failure.payout_id,
            holder=holder.reference,
            reference=failure.reference,
            amount=amounts.figure(failure.amount),
            reason=failure.reason,
            at=timestamp(failure.at),
        )


class RunTotals(msgspec.Struct, rename="camel", kw_only=True):
    """What a run has come to so far. `duration` is in milliseconds.

    `waitingPayouts` have neither succeeded nor failed. `leftOut` counts the holders that are not paid, by reason.
    `errors` are the latest failures.
    """

    run_id: UUID | None = None
    program: str
    currency: str
    total_payouts: int = 0
    successful_payouts: int = 0
    failed_payouts: int = 0
    waiting_payouts: int = 0
    total_amount: Figure
    left_out: dict[str, int] = {}
    duration: int = 0
    errors: list[RunFailureView] = []

    @classmethod
    def of(
        cls,
        run: schedules.Run,
        found: schedules.Results,
        *,
        currency: str,
        owners: Mapping[UUID, Holder],
        until: datetime,
    ) -> "RunTotals":
        """Show what a run of a program in this currency has come to ``until`` then; ``owners`` are its failures'."""
        return cls(
            run_id=run.id,
            program=run.program,
            currency=currency,
            total_payouts=found.total,
            successful_payouts=found.succeeded,
            failed_payouts=found.failed,
            waiting_payouts=found.waiting,
            total_amount=amounts.figure(found.amount or Money.zero(currency)),
            left_out=dict(run.left_out),
            duration=round((until - run.begun_at).total_seconds() * 1000),
            errors=[RunFailureView.of(failure, owners[failure.holder_id]) for failure in found.errors],
        )


class RunFigures(RunTotals, rename="camel", kw_only=True):
    """What a run has come to so far, and when the next one is scheduled."""

    next_scheduled_time: str | None


class RunAnswer(msgspec.Struct, rename="camel", kw_only=True):
    """What became of it. `correlationId` is found again on whatever the run has caused."""

    success: bool
    status: RunStatus
    message: str
    data: RunFigures
    correlation_id: str
