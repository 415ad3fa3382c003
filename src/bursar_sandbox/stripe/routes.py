"""Where calls lead."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from bursar_sandbox.faults import Call
from bursar_sandbox.stripe.asks import Ask
from bursar_sandbox.stripe.objects import List
from bursar_sandbox.stripe.shelf import Page


class Route(NamedTuple):
    """What a call may say, what it leads to, and what kind of call it is."""

    asks: type[Ask]
    act: Callable[..., Any]
    """Does it, and gives the object that is answered. It is handed the caller's account, what was asked, and the names
    that the path holds."""
    call: Call = Call.READ


Routes: TypeAlias = Mapping[tuple[str, str], Route]
"""By method and path, with a star for each name in it."""


def pattern_of(path: str) -> tuple[str, list[str]]:
    """A path with a star for each name, and the names: `transfers/tr_1/reversals` is `transfers/*/reversals`."""
    parts = path.split("/")
    names = parts[1::2]
    parts[1::2] = ["*"] * len(names)
    return "/".join(parts), names


def listed(url: str, page: Page[Any], *, shown: Callable[[Any], Any] = lambda thing: thing.shown) -> List:
    """A page as it is answered."""
    return List(url, [shown(thing) for thing in page.things], page.has_more)


def itself(thing: Any) -> Any:
    """What is on a shelf is what is shown."""
    return thing
