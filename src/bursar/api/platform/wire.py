"""What platforms send and get about holders."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

import msgspec

from bursar.api.filters import Search, insist_searchable
from bursar.api.paging import PageQuery
from bursar.api.providers.wire_money import DestinationView
from bursar.api.rules import LINE
from bursar.foundation import texts
from bursar.foundation.clock import timestamp
from bursar.holders import Holder, StoredDestination

HOLDERS_MAX: Final = 1_000
_NAME_LENGTH_MAX: Final = 200

Program = Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=["providers"])]


class HolderBody(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody who is to be known from now on, or whose name and e-mail have changed."""

    reference: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=_NAME_LENGTH_MAX,
            description="What you call them; it never changes.",
            examples=["ada"],
            extra_json_schema={"pattern": LINE},
        ),
    ]
    name: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=_NAME_LENGTH_MAX,
            description="Their name, as their bank has it.",
            examples=["Ada Obi"],
            extra_json_schema={"pattern": LINE},
        ),
    ]
    email: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=3,
                max_length=254,
                description="Where to write to them; left out, a known one stays.",
                examples=["ada@example.com"],
                extra_json_schema={"format": "email"},
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    kind: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^[a-z][a-z_]{0,39}$(?!\n)",
                description="What your program calls its holders; left out, its first kind. It never changes.",
                examples=["provider"],
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    verified: (
        Annotated[bool, msgspec.Meta(description="Whether you vouch for who they are; left out, as it was.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET

    def __post_init__(self) -> None:
        texts.insist_line(self.reference, field="reference", most=_NAME_LENGTH_MAX)
        texts.insist_line(self.name, field="name", most=_NAME_LENGTH_MAX)
        if self.email:
            texts.insist_email(self.email)


class HoldersBody(msgspec.Struct, forbid_unknown_fields=True):
    """Holders to make known or to bring up to date: all of them, or none when one breaks a rule."""

    holders: Annotated[list[HolderBody], msgspec.Meta(min_length=1, max_length=HOLDERS_MAX)]
    program: (
        Annotated[Program, msgspec.Meta(description="Needed from staff; a key knows its own.")] | msgspec.UnsetType
    ) = msgspec.UNSET


class VerifyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether you vouch for who they are."""

    verified: bool = True


class HolderQuery(PageQuery, kw_only=True):
    """Which holders to list."""

    search: (
        Annotated[Search, msgspec.Meta(description="What a reference, a name or an e-mail contains.", examples=["ada"])]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    program: Annotated[Program, msgspec.Meta(description="Only of this program.")] | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        insist_searchable(self.search)


class PlatformHolderView(msgspec.Struct, rename="camel"):
    """One holder. `verifiedAt` says since when the platform vouches for them."""

    id: UUID
    program: str
    kind: str
    reference: str
    name: str
    email: str | None
    verified_at: str | None

    @classmethod
    def of(cls, holder: Holder) -> "PlatformHolderView":
        """Show one."""
        verified_at = timestamp(holder.verified_at) if holder.verified_at else None
        return cls(
            holder.id, holder.program, holder.kind, holder.reference, holder.name, holder.email, verified_at
        )  # fmt: skip


class Registered(msgspec.Struct):
    """The holders as they stand, in the order in which they were sent."""

    data: list[PlatformHolderView]


class CheckedDestinationView(DestinationView, rename="camel"):
    """A stored destination with the name that the payment provider has for it."""

    account_title_found: str | None

    @classmethod
    def whole(cls, stored: StoredDestination) -> "CheckedDestinationView":
        """Show one, with what was found."""
        shown = msgspec.structs.asdict(DestinationView.of(stored))
        return cls(**shown, account_title_found=stored.account_title_found)


class PlatformHolderDetail(PlatformHolderView, rename="camel"):
    """One holder, and where they want to be paid."""

    destinations: list[CheckedDestinationView]

    @classmethod
    def whole(cls, holder: Holder, stored: Sequence[StoredDestination]) -> "PlatformHolderDetail":
        """Show one with what they stored."""
        shown = msgspec.structs.asdict(PlatformHolderView.of(holder))
        return cls(**shown, destinations=[CheckedDestinationView.whole(each) for each in stored])
