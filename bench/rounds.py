"""Measuring in turns: each figure beside its reference, round after round, so that both meet the same machine.

The figure is the median over the rounds, and the ratio is the median of each round's own ratio: what slows a machine
for a minute slows both sides of a round, and the ratio survives.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

Measure = Callable[[], Awaitable[float]]
"""One measurement. The same one may be the reference of several contests; it is then taken once in each round."""


@dataclass(frozen=True, slots=True)
class Contest:
    """A figure that is to be measured, and beside what."""

    name: str
    unit: str
    ours: Measure
    reference: Measure


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, round by round, with what was measured beside it."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    references: list[float] = field(default_factory=list)

    @property
    def value(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def reference(self) -> float:
        """The median."""
        return median(self.references)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return median(ours / theirs for ours, theirs in zip(self.values, self.references, strict=True))


async def in_turns(contests: Sequence[Contest], *, rounds: int) -> list[Figure]:
    """Measure all of these, and their references between them, so many times."""
    figures = {contest.name: Figure(contest.name, contest.unit) for contest in contests}
    for turn in range(rounds):
        taken: dict[Measure, float] = {}
        for measure in _order(contests, reference_first=turn % 2 == 1):
            taken[measure] = await measure()
        for contest in contests:
            figures[contest.name].values.append(taken[contest.ours])
            figures[contest.name].references.append(taken[contest.reference])
    return list(figures.values())


def _order(contests: Sequence[Contest], *, reference_first: bool) -> Iterator[Measure]:
    """Each measurement once, a reference next to its first figure; who goes first changes with the rounds."""
    pairs = ((contest.ours, contest.reference) for contest in contests)
    measures = (measure for pair in pairs for measure in (reversed(pair) if reference_first else pair))
    return iter(dict.fromkeys(measures))
