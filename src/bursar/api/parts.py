"""Many things in one request, each of which succeeds or fails on its own.

They are done in parts, each a transaction of its own: one for all would hold what it locks for seconds. So whoever does
them must find done what was done before, and a request that was cut short is sent again as it is.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from bursar import programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid, Refusal
from bursar.house import House

PART: Final = 500  # Items in one transaction, for which what they move is held.

W = TypeVar("W")
R = TypeVar("R")


class Told(Protocol):
    """What a caller is told of one item: an error, or what was done, perhaps before."""

    @property
    def error(self) -> dict[str, Any] | msgspec.UnsetType:
        """Why it was refused."""
        ...

    @property
    def replayed(self) -> bool:
        """Whether it was done before."""
        ...


async def each(
    house: House,
    wanted: Sequence[W | Refusal],
    do: Callable[[Transaction, Sequence[W]], Awaitable[Sequence[R | Refusal]]],
) -> list[R | Refusal]:
    """Do what is wanted, part by part; what could not even be read stays refused in its place."""
    results: list[R | Refusal] = []
    for first in range(0, len(wanted), PART):
        results += await _part(house, wanted[first : first + PART], do)
    return results


async def insist_on_count(house: House, count: int, *, program: str, of: str) -> programs.Terms:
    """Insist on as many items as a program takes at once; the program's terms.

    Raises:
        Invalid: there are none, or too many.
        NoSuchProgram: there is no such program.
    """
    async with house.database.transaction(readonly=True) as tx:
        terms = (await house.book.judge(tx, {program}))[program]
    if not 0 < count <= terms.bulk.rows_max:
        raise Invalid(field="body", rule=f"1 to {terms.bulk.rows_max} {of}", given=count)
    return terms


def counted(told: Sequence[Told]) -> tuple[int, int, int]:
    """How many items were done now, how many had been done before, and how many were refused."""
    refused = sum(1 for one in told if one.error is not msgspec.UNSET)
    before = sum(1 for one in told if one.replayed)
    return len(told) - refused - before, before, refused


async def _part(
    house: House,
    part: Sequence[W | Refusal],
    do: Callable[[Transaction, Sequence[W]], Awaitable[Sequence[R | Refusal]]],
) -> list[R | Refusal]:
    welcome = [one for one in part if not isinstance(one, Refusal)]
    if not welcome:
        return [one for one in part if isinstance(one, Refusal)]
    done = iter(await house.database.retrying(lambda tx: do(tx, welcome)))
    return [one if isinstance(one, Refusal) else next(done) for one in part]
