"""Pages: newest first, and a mark to go on from that stays right whatever is added meanwhile (a keyset)."""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from bursar.api.exports import Identified

LIMIT_MAX: Final = 200
LIMIT_DEFAULT: Final = 50
_NUMBER_MAX: Final = 2**63 - 1  # PostgreSQL's bigint.

V = TypeVar("V")
T = TypeVar("T", bound=Identified)

Limit = Annotated[
    int, msgspec.Meta(ge=1, le=LIMIT_MAX, description=f"How many at once, 1 to {LIMIT_MAX}.", examples=[LIMIT_DEFAULT])
]
_WHERE: Final = "Where to go on: `nextCursor` of the page before."
Mark = Annotated[  # 16 bytes in base64url without padding.
    str,
    msgspec.Meta(pattern="^[A-Za-z0-9_-]{22}$", description=_WHERE, examples=["AaH4BeNNdQh_iDRwhzVx1Q"]),
]
NumberMark = Annotated[  # 8 bytes.
    str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{11}$", description=_WHERE, examples=["AAAAAAAAAQQ"])
]


class Page(msgspec.Struct, Generic[V], rename="camel"):
    """Some of the things asked for; while `hasMore`, ask again with `cursor` set to `nextCursor`."""

    data: list[V]
    next_cursor: str | None
    has_more: bool


class PageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which page."""

    limit: Limit = LIMIT_DEFAULT
    cursor: Mark | msgspec.UnsetType = msgspec.UNSET

    @property
    def before(self) -> UUID | None:
        """The id below which this page begins."""
        return UUID(bytes=_bytes(self.cursor)) if self.cursor else None


class NumberPageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which page of a list whose items are numbered."""

    limit: Limit = LIMIT_DEFAULT
    cursor: NumberMark | msgspec.UnsetType = msgspec.UNSET

    @property
    def before(self) -> int | None:
        """The number below which this page begins."""
        return min(int.from_bytes(_bytes(self.cursor), "big"), _NUMBER_MAX) if self.cursor else None


def page(found: Sequence[T], *, limit: int, show: Callable[[T], V]) -> Page[V]:
    """A page of at most ``limit``, out of one more than that, by which it is known whether there are more."""
    shown, has_more = found[:limit], len(found) > limit
    return Page([show(item) for item in shown], mark(shown[-1].id) if has_more else None, has_more)


def mark(place: UUID | int) -> str:
    """A place in a list, as a text that nobody need understand."""
    raw = place.bytes if isinstance(place, UUID) else place.to_bytes(8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
