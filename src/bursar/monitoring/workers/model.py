"""What a worker says of itself, and what waits for one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from bursar.foundation.pulse import Vitals

MISSED_MAX: Final = 3  # Signs of life that may fail to come before a worker counts as gone.


@dataclass(frozen=True, slots=True)
class Load:
    """What one process needs: how late its event loop is (seconds), its pool's connections, time and memory."""

    loop_lag: float
    loop_lag_max: float  # Within the last minute.
    pool_used: int
    pool_max: int
    cpu_percent: float  # Of one core, since the last look.
    memory_bytes: int

    @classmethod
    def of(cls, vitals: Vitals, *pools: Mapping[str, int]) -> Self:
        """A process's load by its vitals and what its pools say of themselves."""
        return cls(
            loop_lag=round(vitals.loop_lag, 4),
            loop_lag_max=round(vitals.loop_lag_max, 4),
            pool_used=sum(pool["size"] - pool["idle"] for pool in pools),
            pool_max=sum(pool["max"] for pool in pools),
            cpu_percent=vitals.cpu_percent,
            memory_bytes=vitals.memory_bytes,
        )


@dataclass(frozen=True, slots=True)
class Sign:
    """A worker's sign of life: what its crew has done so far, by the job's name, and what it needs for that."""

    jobs: Mapping[str, Mapping[str, int]]
    dropped: int
    connections: int
    load: Load | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as it was last seen."""

    id: UUID
    host: str
    pid: int
    carrier: str
    connections: int
    jobs: Mapping[str, Mapping[str, int]]
    dropped: int
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    load: Load | None  # None before its first sign of life.
    is_alive: bool

    def total(self, what: str) -> int:
        """How many jobs are ``done``, ``failed`` or ``running``, of all kinds."""
        return sum(tally.get(what, 0) for tally in self.jobs.values())


@dataclass(frozen=True, slots=True)
class Waiting:
    """Payouts that are free to leave and have not left: why, how many, and for how many seconds the oldest has waited.

    ``what`` is ``run`` (they leave with their program's next run), ``due`` (they should be leaving) or ``later`` (they
    wait for a time: a retry, a blocker).
    """

    what: str
    count: int
    oldest_seconds: float


def is_stuck(workers: Collection[Worker], waiting: Collection[Waiting]) -> bool:
    """Whether something waits and nobody is there to do it."""
    return any(one.count for one in waiting) and not any(worker.is_alive for worker in workers)
