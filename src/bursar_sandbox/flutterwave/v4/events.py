"""The fourth version's webhooks. A transfer is flatter in them than it is in answers: its amount is a number."""

from decimal import Decimal
from typing import Any

import msgspec

from bursar_sandbox.clock import iso
from bursar_sandbox.currencies import major_number
from bursar_sandbox.flutterwave.records import News, Occasion
from bursar_sandbox.flutterwave.v4 import wire


class EventData(msgspec.Struct, omit_defaults=True, gc=False):
    """What is told about a transfer."""

    id: str
    reference: str
    status: str
    source_currency: str
    destination_currency: str
    amount: Decimal
    fee: wire.Priced
    disburse_datetime: str
    bank: dict[str, Any] | None = None
    mobile_money: dict[str, Any] | None = None
    wallet: dict[str, Any] | None = None
    debit_information: wire.Debit | None = None
    payment_information: dict[str, str] | None = None
    provider_response: wire.ProviderResponse | None = None
    meta: Any = None
    reversal: wire.Reversal | None = None
    retry: wire.ParentData | None = None


class Event(msgspec.Struct, gc=False):
    """The body of a webhook."""

    webhook_id: str
    timestamp: int  # Milliseconds.
    type: str
    data: EventData

    @classmethod
    def of(cls, news: News) -> "Event":
        """Tell of this."""
        record = news.record
        ask, answer = record.ask, wire.shown(record)
        data = EventData(
            id=record.code,
            reference=record.reference,
            status=record.state.value,
            source_currency=ask.wallet,
            destination_currency=ask.currency,
            amount=major_number(record.entry.amount_minor, ask.currency),
            fee=answer.fee,
            disburse_datetime=iso(news.at_ms),
            debit_information=answer.debit_information,
            payment_information=answer.payment_information,
            provider_response=answer.provider_response,
            meta=ask.meta,
            reversal=answer.reversal,
            retry=answer.retry,
            **wire.destination(record),
        )
        kind = "transfer.disburse" if news.occasion is Occasion.OUTCOME else "transfer.reversal"
        return cls(f"wbk_{news.event_id}", news.at_ms, kind, data)
