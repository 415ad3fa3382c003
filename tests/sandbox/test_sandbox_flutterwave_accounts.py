"""The third version's other calls: fees, rates, balances, accounts, banks and beneficiaries."""

import pytest
from flutterwave_house import FlutterwaveHouse

UNRESOLVED = "Sorry, recipient account could not be validated. Please try again"


async def resolve(flutterwave: FlutterwaveHouse, number: str, bank: str = "044") -> str | None:
    """The name of an account's owner, or None where it is refused."""
    body = {"account_number": number, "account_bank": bank}
    reply = await flutterwave.call("POST", "/v3/accounts/resolve", body=body)
    if reply.status == 400:
        assert reply.json == {"status": "error", "message": UNRESOLVED, "data": None}
        return None
    assert reply.json["message"] == "Account details fetched"
    assert reply.json["data"]["account_number"] == number
    return str(reply.json["data"]["account_name"])


@pytest.mark.parametrize(
    ("amount", "fee"), [(100, 10.75), (5000, 10.75), (5001, 26.875), (50000, 26.875), (1e6, 53.75)]
)
async def test_a_fee_is_a_list_of_one(flutterwave: FlutterwaveHouse, amount: float, fee: float) -> None:
    reply = (await flutterwave.call("GET", f"/v3/transfers/fee?currency=NGN&amount={amount}")).json
    assert reply["message"] == "Transfer fee fetched"
    assert reply["data"] == [{"currency": "NGN", "fee_type": "value", "fee": fee}]


@pytest.mark.parametrize("query", ["currency=NGN", "currency=NGN&amount=x", "currency=NGN&amount=0", "amount=NaN"])
async def test_a_fee_needs_an_amount(flutterwave: FlutterwaveHouse, query: str) -> None:
    assert (await flutterwave.call("GET", f"/v3/transfers/fee?{query}")).status == 400


async def test_a_rate_says_what_the_source_pays(flutterwave: FlutterwaveHouse) -> None:
    query = "amount=100&destination_currency=USD&source_currency=NGN"
    data = (await flutterwave.call("GET", f"/v3/transfers/rates?{query}")).json["data"]
    assert data == {
        "rate": 1500,
        "source": {"currency": "NGN", "amount": 150000},
        "destination": {"currency": "USD", "amount": 100},
    }
    unknown = await flutterwave.call("GET", "/v3/transfers/rates?amount=1&destination_currency=USD")
    assert unknown.status == 400


async def test_balances_come_as_a_list_and_one_alone_as_an_object(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.control("float", currency="NGN", available="1234.50")
    everything = (await flutterwave.call("GET", "//v3/balances?")).json
    one = (await flutterwave.call("GET", "/v3/balances/NGN")).json
    assert (everything["message"], one["message"]) == ("Wallet balances fetched", "Wallet balance fetched")
    assert one["data"] == {"currency": "NGN", "available_balance": 1234.5, "ledger_balance": 1234.5}
    assert one["data"] in everything["data"]
    assert (await flutterwave.call("GET", "/v3/balances/ABC")).status == 400


async def test_the_test_accounts_belong_to_those_in_the_documentation(flutterwave: FlutterwaveHouse) -> None:
    assert await resolve(flutterwave, "0690000032") == "Pastor Bright"
    assert await resolve(flutterwave, "0690000040") == "Alexis Sanchez"


async def test_any_other_account_belongs_to_somebody_and_always_the_same(flutterwave: FlutterwaveHouse) -> None:
    name = await resolve(flutterwave, "1234500001")
    assert name
    assert await resolve(flutterwave, "1234500001") == name
    assert len({await resolve(flutterwave, f"12345{number:05}") for number in range(30)}) > 10


async def test_some_accounts_do_not_exist(flutterwave: FlutterwaveHouse) -> None:
    assert await resolve(flutterwave, "1234500009") is None
    assert await resolve(flutterwave, "1234500001", bank="999") is None


async def test_an_account_belongs_to_whom_a_transfer_said_until_a_tester_knows_better(
    flutterwave: FlutterwaveHouse,
) -> None:
    account = {"bankCode": "058", "accountNumber": "1234500001"}
    await flutterwave.pay(account_bank="058", beneficiary_name="Ada Obi")
    assert await resolve(flutterwave, "1234500001", bank="058") == "Ada Obi"
    await flutterwave.control("accounts", **account, name="Somebody Else")
    await flutterwave.pay(account_bank="058", beneficiary_name="Ada Obi")
    assert await resolve(flutterwave, "1234500001", bank="058") == "Somebody Else"
    await flutterwave.control("accounts", **account, name=None)
    assert await resolve(flutterwave, "1234500001", bank="058") is None
    assert (await flutterwave.pay(account_bank="058")).json["message"] == UNRESOLVED


async def test_banks_are_listed_by_country(flutterwave: FlutterwaveHouse) -> None:
    reply = (await flutterwave.call("GET", "/v3/banks/NG")).json
    assert reply["message"] == "Banks fetched successfully"
    assert {"id": 149, "code": "044", "name": "ACCESS BANK NIGERIA"} in reply["data"]
    assert (await flutterwave.call("GET", "/v3/banks/XX")).status == 400


async def test_branches_are_listed_by_bank(flutterwave: FlutterwaveHouse) -> None:
    first = (await flutterwave.call("GET", "/v3/banks/280/branches")).json["data"][0]
    assert first.keys() == {"id", "branch_code", "branch_name", "swift_code", "bic", "bank_id"}
    assert (await flutterwave.call("GET", "/v3/banks/1/branches")).status == 400


async def test_a_beneficiary_is_saved_listed_paid_and_forgotten(flutterwave: FlutterwaveHouse) -> None:
    body = {"account_number": "0690000034", "account_bank": "044", "beneficiary_name": "Ade Bond"}
    saved = (await flutterwave.call("POST", "/v3/beneficiaries", body=body)).json["data"]
    assert saved.keys() == {"id", "account_number", "bank_code", "full_name", "created_at", "bank_name", "meta"}
    assert saved["full_name"] == "Ade Bond"
    place = f"/v3/beneficiaries/{saved['id']}"
    assert (await flutterwave.call("GET", place)).json["data"] == saved
    listed = (await flutterwave.call("GET", "//v3/beneficiaries?")).json
    assert (listed["data"], listed["meta"]["page_info"]["total"]) == ([saved], 1)
    paid = await flutterwave.pay(account_bank=None, account_number=None, beneficiary=saved["id"])
    assert paid.json["data"]["account_number"] == "0690000034"
    gone = (await flutterwave.call("DELETE", place)).json
    assert (gone["message"], gone["data"]) == ("Beneficiary deleted", "Deleted")
    assert (await flutterwave.call("GET", place)).status == 400


async def test_nobody_can_be_saved_whose_account_does_not_exist(flutterwave: FlutterwaveHouse) -> None:
    body = {"account_number": "1234500009", "account_bank": "044"}
    assert (await flutterwave.call("POST", "/v3/beneficiaries", body=body)).status == 400


async def test_another_merchants_wallet_can_be_paid(flutterwave: FlutterwaveHouse) -> None:
    data = (await flutterwave.pay(account_bank="flutterwave", account_number="99992069")).json["data"]
    assert (data["bank_code"], data["bank_name"]) == ("flutterwave", "wallet")
