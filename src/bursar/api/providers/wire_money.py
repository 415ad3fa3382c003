"""What providers see of their money, and of where it goes."""

from typing import Any
from uuid import UUID

import msgspec

from bursar.api.destinations import masked
from bursar.api.providers.wire import ProviderStatus
from bursar.foundation.clock import timestamp
from bursar.foundation.money import Money
from bursar.holders import AccountVerdict, Holder, StoredDestination
from bursar.identity import Person


class PendingView(msgspec.Struct):
    """Payouts on their way: how many stand here, and what they add up to."""

    status: ProviderStatus
    payouts: int
    amount: str


class ProviderBalanceView(msgspec.Struct, rename="camel"):
    """What a holder has in one currency, in major units.

    `availableBalance` can be asked for. `reservedBalance` belongs to payouts on their way, which `pending` lists.
    """

    currency: str
    available_balance: str
    reserved_balance: str
    total_balance: str
    pending: list[PendingView]

    @classmethod
    def of(cls, available: Money, reserved: Money, *, pending: list[PendingView]) -> "ProviderBalanceView":
        """The figures."""
        return cls(available.currency, available.text, reserved.text, (available + reserved).text, pending)


class DestinationView(msgspec.Struct, rename="camel"):
    """A stored destination. Payouts to it leave from `usableAt` on.

    `check` says what the payment provider made of the account, `nameScore` how alike the name on it and the holder's
    are, from 0 to 1. The name itself is for staff: else anybody could ask whose any account is.
    """

    id: UUID
    method: dict[str, Any]
    default: bool
    added_at: str
    usable_at: str
    check: AccountVerdict
    name_score: float | None
    checked_at: str | None

    @classmethod
    def of(cls, stored: StoredDestination) -> "DestinationView":
        """Show one."""
        return cls(
            id=stored.id,
            method=masked(stored.shown),
            default=stored.is_default,
            added_at=timestamp(stored.added_at),
            usable_at=timestamp(stored.usable_at),
            check=stored.check,
            name_score=stored.name_score,
            checked_at=timestamp(stored.checked_at) if stored.checked_at else None,
        )


class Destinations(msgspec.Struct):
    """What a holder has stored, newest first."""

    data: list[DestinationView]


class ActsForView(msgspec.Struct):
    """A holder for whom somebody acts."""

    id: UUID
    program: str
    reference: str
    name: str
    kind: str
    verified: bool

    @classmethod
    def of(cls, holder: Holder) -> "ActsForView":
        """Show one."""
        return cls(
            holder.id, holder.program, holder.reference, holder.name, holder.kind, holder.verified_at is not None
        )


class MeView(msgspec.Struct, rename="camel"):
    """Who is signed in, and for which holders they act."""

    id: UUID
    email: str
    name: str
    acts_for: list[ActsForView]

    @classmethod
    def of(cls, person: Person, holders: list[Holder]) -> "MeView":
        """Show somebody."""
        return cls(person.id, person.email, person.name, [ActsForView.of(holder) for holder in holders])
