"""Accounts that tests pay to, and asks for payouts that no door takes: merchants' to anything but banks."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from auditor import Asked
from bursar import payouts, programs
from bursar.foundation.crypto import Keyring, read_key
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from bursar.foundation.settings import Settings
from bursar.holders import Destination


async def ask_inside(
    database: Database,
    settings: Settings,
    holder: UUID,
    *,
    destinations: Sequence[Destination],
    amount: Money,
) -> dict[UUID, Asked]:
    """Ask for a payout to each of these; what was asked, by payout."""
    assert settings.encryption_key is not None, "every world has one"
    desk = payouts.Desk(programs.Book(), Keyring([read_key(settings.encryption_key.get_secret_value())]))
    asks = [
        payouts.Ask(
            holder_id=holder,
            program="merchants",
            reference=f"order-{secrets.token_hex(8)}",
            amount=amount,
            destination=destination,
            requester="key:test",
        )
        for destination in destinations
    ]
    async with database.transaction() as tx:
        made = await payouts.request(tx, asks, desk=desk, at=datetime.now(UTC))
    asked: dict[UUID, Asked] = {}
    for destination, payout in zip(destinations, made, strict=True):
        assert isinstance(payout, payouts.Payout), payout
        asked[payout.id] = Asked(amount.minor, amount.currency, destination.bank_code, destination.account_number)
    return asked


def account(suffix: str = "0001", *, begins: str = "9000000000") -> str:
    """An account number that occurs nowhere else, beginning and ending as wanted; no gateway takes a longer one."""
    return f"{begins}{secrets.randbelow(10**6):06d}{suffix}"
