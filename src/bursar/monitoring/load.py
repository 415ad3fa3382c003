"""System load: what this process and every worker need, and what waits for the workers."""

import os
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bursar import payouts
from bursar.foundation.db import Database, Transaction
from bursar.foundation.pulse import Pulse
from bursar.monitoring import tallies, workers
from bursar.monitoring.workers import Load, Worker

QUEUED: Final = frozenset({payouts.PayoutState.APPROVED, payouts.PayoutState.RETRYING})
"""States in which a payout waits for a worker, a run or a time."""


@dataclass(frozen=True, slots=True)
class SystemLoad:
    """What the installation needs at this moment.

    ``here`` is the process that looks, ``workers`` are those of the last day, those that are alive first, each with
    what it said in its last sign of life. ``queued`` counts payouts that are free to leave and have not left, and
    ``under_way`` those that a gateway has or may have.
    """

    host: str
    pid: int
    here: Load
    workers: Sequence[Worker]
    queued: int
    under_way: int
    standing: Mapping[payouts.PayoutState, int]

    @property
    def alive(self) -> int:
        """How many workers are there."""
        return sum(worker.is_alive for worker in self.workers)


async def load(tx: Transaction, *, pulse: Pulse, pools: Sequence[Database], program: str | None = None) -> SystemLoad:
    """What this process needs (``house.pulse`` and its pools, ``house.database`` and ``house.lanes``), and the others.

    Two statements, whatever waits. What waits is of one program where one is given.
    """
    standing: Counter[payouts.PayoutState] = Counter()
    for one in await tallies.states(tx, program):
        standing[one.state] += one.count
    return SystemLoad(
        host=socket.gethostname(),
        pid=os.getpid(),
        here=Load.of(pulse.vitals(), *(pool.figures() for pool in pools)),
        workers=await workers.known(tx),
        queued=sum(count for state, count in standing.items() if state in QUEUED),
        under_way=sum(count for state, count in standing.items() if state in _UNDER_WAY),
        standing=standing,
    )


_UNDER_WAY: Final = frozenset({payouts.PayoutState.SENDING, payouts.PayoutState.SENT, payouts.PayoutState.ON_HOLD})
