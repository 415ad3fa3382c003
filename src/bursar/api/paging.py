"""Pages: newest first, and a mark to go on from that stays right whatever is added meanwhile (a keyset)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from bursar.api.exports import Identified
from bursar.foundation.errors import Invalid

LIMIT_MAX: Final = 200
LIMIT_DEFAULT: Final = 50
_MARK_LENGTH: Final = 22  # 16 bytes in base64url without padding.
_NUMBER_MAX: Final = 2**63 - 1  # PostgreSQL's bigint.
_RULE: Final = "the nextCursor of an earlier answer"

V = TypeVar("V")
T = TypeVar("T", bound=Identified)

Limit = Annotated[
    int, msgspec.Meta(ge=1, le=LIMIT_MAX, description=f"How many at once, 1 to {LIMIT_MAX}.", examples=[LIMIT_DEFAULT])
]
Mark = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^[A-Za-z0-9_-]{{{_MARK_LENGTH}}}$",
        description="Where to go on: `nextCursor` of the page before.",
        examples=["AaH4BeNNdQh_iDRwhzVx1Q"],
    ),
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
        return position(self.cursor) if self.cursor else None

    @property
    def before_number(self) -> int | None:
        """The number below which this page begins, in lists whose items are numbered.

        Raises:
            Invalid: the mark is not one of such a list.
        """
        if self.before is None:
            return None
        if self.before.int > _NUMBER_MAX:
            raise Invalid(field="cursor", rule=_RULE)
        return self.before.int


def page(found: Sequence[T], *, limit: int, show: Callable[[T], V]) -> Page[V]:
    """A page of at most ``limit``, out of one more than that, by which it is known whether there are more."""
    shown, has_more = found[:limit], len(found) > limit
    return Page([show(item) for item in shown], mark(shown[-1].id) if has_more else None, has_more)


def mark(place: UUID | int) -> str:
    """A place in a list, as a text that nobody need understand."""
    place = UUID(int=place) if isinstance(place, int) else place
    return base64.urlsafe_b64encode(place.bytes).rstrip(b"=").decode()


def position(text: str) -> UUID:
    """The place that a mark stands for.

    Raises:
        Invalid: it is none of our marks.
    """
    try:
        return UUID(bytes=base64.b64decode(text + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as foreign:
        raise Invalid(field="cursor", rule=_RULE) from foreign
