"""How much is measured: thoroughly, quickly (below 50 seconds for one set of figures), or just to see it run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effort:
    """The sizes of everything. Times are in seconds."""

    rounds: int
    warm_up_seconds: float
    load_seconds: int  # One side's turn at creating payouts.
    bulk: Sequence[int]  # The rows of each file.
    lifecycle: int  # Payouts sent through the bank's bulk endpoint in one turn.
    lifecycle_single: int  # The same by single calls.
    naive_seconds: float
    waiting: Sequence[int]  # Payouts that wait while others are claimed.
    claimed: int  # Payouts claimed in one turn.
    latency_seconds: int
    memory_waiting: int
    memory_seconds: float
    history: int  # Old payouts that the rules have to look at, of all holders together.
    jobs: int  # Rung and answered in one turn.
    reported: int  # Payouts of which a gateway tells the outcome in one turn.
    drained: int  # Payouts that wait for one run.
    writers: int  # Holders with a balance, of whom every tenth has enough to be paid.


THOROUGH: Final = Effort(
    rounds=5,
    warm_up_seconds=1.0,
    load_seconds=5,
    bulk=(10_000, 10_000, 10_000),
    lifecycle=10_000,
    lifecycle_single=5_000,
    naive_seconds=10.0,
    waiting=(0, 100_000, 1_000_000),
    claimed=20_000,
    latency_seconds=10,
    memory_waiting=1_000_000,
    memory_seconds=20.0,
    history=5_000,
    jobs=5_000,
    reported=20_000,
    drained=100_000,
    writers=1_000_000,
)

QUICK: Final = Effort(
    rounds=3,
    warm_up_seconds=1.0,
    load_seconds=1,
    bulk=(3_000,),
    lifecycle=3_000,
    lifecycle_single=1_500,
    naive_seconds=2.5,
    waiting=(0, 20_000, 100_000),
    claimed=2_000,
    latency_seconds=5,
    memory_waiting=100_000,
    memory_seconds=5.0,
    history=3_000,
    jobs=1_000,
    reported=5_000,
    drained=5_000,
    writers=50_000,
)

TINY: Final = Effort(
    rounds=1,
    warm_up_seconds=0.2,
    load_seconds=1,
    bulk=(100,),
    lifecycle=50,
    lifecycle_single=20,
    naive_seconds=0.5,
    waiting=(0, 500),
    claimed=160,
    latency_seconds=1,
    memory_waiting=500,
    memory_seconds=0.5,
    history=100,
    jobs=40,
    reported=50,
    drained=60,
    writers=500,
)
