"""Flutterwave v3, asked about accounts and floats; and the calls that sending does not need."""

from decimal import Decimal
from typing import Any

import pytest
from switchboard import (
    CallFailed,
    Switchboard,
    error,
    listed,
    reply,
    success,
    transfer,
    v3,
)

from bursar.foundation.http import Reply
from bursar.foundation.money import Money
from bursar.gateways import Confirmed, Denied, NotKnown, Resolution
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave.answers import Trouble
from bursar.gateways.flutterwave.v3 import Api
from bursar.holders.model import Destination

LOST = CallFailed("timed_out", reached=True)


DESTINATION = Destination("044", "0690000031", "Ada Okafor")


@pytest.mark.parametrize(
    ("answer", "resolution"),
    [
        (success({"account_number": "0690000031", "account_name": " ADA  OKAFOR "}), Confirmed("ADA OKAFOR")),
        (success({"account_number": "0690000032", "account_name": "ADA OKAFOR"}), NotKnown("answer_to_another")),
        (success({"account_number": "0690000031", "account_name": " "}), NotKnown("answer_to_another")),
        (error("Sorry, recipient account could not be validated. Please try again"), Denied("account_not_found")),
        (error("Payout was made to a blacklisted account number"), Denied("account_blacklisted")),
        (
            error("DISBURSE FAILED: wallet currently restricted. please contact administrator"),
            NotKnown("gateway_account_restricted"),
        ),
        (error("Something else"), NotKnown("http_400")),
        (reply(500), NotKnown("http_500")),
        (LOST, NotKnown("timed_out")),
    ],
)
async def test_whose_account_it_is(answer: Reply | CallFailed, resolution: Resolution) -> None:
    line = Switchboard(answer)
    assert await v3(line).resolve(DESTINATION) == resolution
    assert (line.calls[0].method, line.calls[0].path) == ("POST", "/v3/accounts/resolve")
    assert line.calls[0].body == {"account_number": "0690000031", "account_bank": "044"}


def balance(available: Any, currency: str = "NGN") -> dict[str, Any]:
    return {"currency": currency, "available_balance": available, "ledger_balance": available}


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        (success(balance(12000.5)), Money(1_200_050, "NGN")),
        (success(balance(12000.509)), Money(1_200_050, "NGN")),
        (success(balance(0)), Money(0, "NGN")),
        (success(balance(0.001)), Money(0, "NGN")),
        (success(balance(-5)), Money(0, "NGN")),
        (success(balance(5, "KES")), None),
        (success([balance(5)]), None),
        (success(balance(None)), None),
        (success(balance("much")), None),
        (success(balance("NaN")), None),
        (success(balance("1e999999")), None),
        (success(balance(1e300)), None),
        (error("No such currency"), None),
        (LOST, None),
    ],
)
async def test_what_our_account_there_holds(answer: Reply | CallFailed, holds: Money | None) -> None:
    line = Switchboard(answer)
    assert await v3(line).float_of("NGN") == holds
    assert line.calls[0].path == "/v3/balances/NGN"


# ---- Calls that sending does not need


def api(line: Switchboard) -> Api:
    return Api(line, url="http://flw.test/", secret_key="key")  # type: ignore[arg-type]  # It answers as it would.


async def test_a_fee_is_asked_for_with_an_exact_amount() -> None:
    line = Switchboard(success([{"currency": "NGN", "fee_type": "value", "fee": 26.875}]))
    fees = await api(line).fee(Money.parse("1000.10", "NGN"), within=Deadline(1))
    assert not isinstance(fees, Trouble)
    assert [(fee.currency, fee.fee) for fee in fees] == [("NGN", Decimal("26.875"))]
    assert (line.calls[0].path, line.calls[0].query) == ("/v3/transfers/fee", {"amount": "1000.10", "currency": "NGN"})


async def test_a_failed_transfer_can_be_retried_and_its_retries_listed() -> None:
    retried = transfer("NEW", id=200, reference="key-1_RETRY_1")
    line = Switchboard(success(retried), listed(retried))
    new, retries = await api(line).retry(101, within=Deadline(1)), await api(line).retries(101, within=Deadline(1))
    assert not isinstance(new, Trouble)
    assert not isinstance(retries, Trouble)
    assert [new.reference] == [retry.reference for retry in retries] == ["key-1_RETRY_1"]
    assert [(call.method, call.path) for call in line.calls] == [
        ("POST", "/v3/transfers/101/retries"),
        ("GET", "/v3/transfers/101/retries"),
    ]


async def test_all_balances_are_listed() -> None:
    balances = await api(Switchboard(success([balance(1), balance(2.5, "KES")]))).balances(within=Deadline(1))
    assert not isinstance(balances, Trouble)
    assert [one.available for one in balances] == [Money(100, "NGN"), Money(250, "KES")]
