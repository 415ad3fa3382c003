"""Comparing with what gateways list."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, cast

from bursar import programs
from bursar.foundation import log
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Gateway, PaymentLister
from bursar.monitoring.reconciliation.comparing.actions import Source, compare, compare_books
from bursar.monitoring.reconciliation.errors import AlreadyComparing, CannotCompare
from bursar.monitoring.reconciliation.model import Comparison, Span, Way

BEFORE: Final = timedelta(hours=1)
"""How much earlier than asked a list is read: the gateway's clock is another one."""
LOOK_BACK: Final = timedelta(days=3)
"""What is compared when nobody says since when; with a comparison each day, each payment is seen three times."""

_log = log.get(__name__)


async def compare_all(
    database: Database, gateways: Mapping[str, Gateway], *, actor: str, since: datetime | None = None
) -> list[Comparison]:
    """Compare the list of each gateway through which some program pays, as far as it has one, and then our books.

    Since three days ago, where nothing else is said. What somebody else is comparing just now is passed over.
    """
    async with database.transaction(readonly=True) as tx:
        now = await tx.now()
        used = await gateways_in_use(tx)
    span = Span(since or now - LOOK_BACK, now)
    made = []
    for name in sorted(used & gateways.keys()):
        if gateways[name].capabilities.lists:
            made += await _unless_busy(database, gateways[name], span=span, actor=actor)
    return [*made, await compare_books(database, actor=actor)]


async def compare_list(database: Database, gateway: Gateway, *, span: Span, actor: str) -> Comparison:
    """Compare one gateway's list of a span with what we know; a gateway that does not give it fails the comparison.

    Raises:
        CannotCompare: this gateway has no list.
        AlreadyComparing: somebody does so just now.
    """
    if not gateway.capabilities.lists:
        raise CannotCompare(gateway=gateway.name)
    wider = Span(span.since - BEFORE, span.until)
    payments = cast("PaymentLister", gateway).payments(since=wider.since, until=wider.until)
    return await compare(database, Source(Way.LIST, gateway.name, wider, payments, certain=span), actor=actor)


async def gateways_in_use(tx: Transaction) -> set[str]:
    """The gateways through which programs pay, by their present terms."""
    return {terms.route.gateway for terms in await programs.all(tx)}


async def _unless_busy(database: Database, gateway: Gateway, *, span: Span, actor: str) -> list[Comparison]:
    try:
        return [await compare_list(database, gateway, span=span, actor=actor)]
    except AlreadyComparing:
        _log.info("comparison.passed_over", gateway=gateway.name)
        return []
