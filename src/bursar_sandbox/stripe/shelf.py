"""Objects in the order in which they were made, and pages of them as Stripe gives them: newest first, by cursor."""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar

from bursar_sandbox.stripe.asks import ListAsk
from bursar_sandbox.stripe.refusals import BadParameter, Missing


class Thing(Protocol):
    """What can be put on a shelf."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def created(self) -> int:
        """When it was made, in unix seconds."""
        ...


class Kept:
    """A thing on a shelf that is known by what is ``shown`` of it."""

    __slots__ = ()

    shown: Thing

    @property
    def id(self) -> str:
        """Its name."""
        return self.shown.id

    @property
    def created(self) -> int:
        """When it was made, in unix seconds."""
        return self.shown.created


T = TypeVar("T", bound=Thing)


class Page(NamedTuple, Generic[T]):
    """Some things, and whether there are more of them."""

    things: list[T]
    has_more: bool


class Shelf(Generic[T]):
    """Every thing of one kind; those that share a mark are found together."""

    def __init__(
        self, what: str, *, marks: Callable[[T], Iterable[Hashable]] = lambda _: (), keep: int | None = None
    ) -> None:
        """An empty shelf; `what` its things are called when one is missing. It keeps the newest, if told how many."""
        self._what = what
        self._marks = marks
        self._keep = keep
        self._clear()

    def __len__(self) -> int:
        """How many things there are."""
        return len(self._all)

    @property
    def all(self) -> Sequence[T]:
        """All of them, oldest first."""
        return self._all

    def add(self, thing: T) -> None:
        """Put a new thing beside those that are there."""
        if self._keep is not None and len(self._all) >= 2 * self._keep:
            kept = self._all[-self._keep :]
            self._clear()
            for old in kept:
                self._put(old)
        self._put(thing)

    def find(self, name: str) -> T | None:
        """The thing of this name, if there is one."""
        found = self._by_name.get(name)
        return found and found[1]

    def marked(self, mark: Hashable) -> Sequence[T]:
        """Those with this mark, oldest first."""
        return self._by_mark.get(mark, ())

    def page(self, chosen: Sequence[T], ask: ListAsk, *, fits: Callable[[T], bool] = lambda _: True) -> Page[T]:
        """One page of some of them. It costs as much as the page is long, and what it leaves out by `fits`."""
        if ask.starting_after and ask.ending_before:
            raise BadParameter("You may only specify one of these parameters: ending_before, starting_after.")
        first = bisect_left(chosen, ask.span.first, key=lambda thing: thing.created)
        end = bisect_left(chosen, ask.span.end, key=lambda thing: thing.created)
        if ask.ending_before:
            first = max(first, self._place(chosen, ask.ending_before, param="ending_before") + 1)
            newer = (chosen[place] for place in range(first, end))
            things, has_more = _some(newer, fits=fits, limit=ask.limit)
            return Page(things[::-1], has_more)
        if ask.starting_after:
            end = min(end, self._place(chosen, ask.starting_after, param="starting_after"))
        older = (chosen[place] for place in range(end - 1, first - 1, -1))
        return Page(*_some(older, fits=fits, limit=ask.limit))

    def _clear(self) -> None:
        self._all: list[T] = []
        self._by_name: dict[str, tuple[int, T]] = {}
        self._by_mark: dict[Hashable, list[T]] = {}

    def _put(self, thing: T) -> None:
        self._by_name[thing.id] = (len(self._all), thing)
        self._all.append(thing)
        for mark in self._marks(thing):
            self._by_mark.setdefault(mark, []).append(thing)

    def _place(self, chosen: Sequence[T], name: str, *, param: str) -> int:
        """Where this one is, or would be, among the chosen."""
        found = self._by_name.get(name)
        if found is None:
            raise Missing(self._what, name, param=param)
        return bisect_left(chosen, found[0], key=lambda thing: self._by_name[thing.id][0])


def _some(things: Iterator[T], *, fits: Callable[[T], bool], limit: int) -> tuple[list[T], bool]:
    found = list(islice(filter(fits, things), limit + 1))
    return found[:limit], len(found) > limit
