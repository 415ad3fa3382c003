"""Statements over HTTP: the same for holders, their own systems, their platform and staff, in three forms."""

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from bursar.identity import Role
from house import Client, Merchant
from market_house import Earner
from providers_house import Provider

MINE = "/api/payouts/my-statements"
OpenAsha = Callable[..., Awaitable[Earner]]
SignIn = Callable[..., Awaitable[Client]]
Issue = Callable[..., Awaitable[Client]]


@pytest.fixture
async def scout(open_asha: OpenAsha) -> Earner:
    """A scout who has earned 5,000.00 INR."""
    return await open_asha(money="5000.00")


async def this_month(client: Client, path: str = MINE) -> dict[str, Any]:
    """The month under way."""
    [month] = [each for each in (await client.get(path)).json["data"] if "-" in each["period"]]
    return dict(month)


async def test_a_scout_sees_periods_and_what_moved_in_them(scout: Earner) -> None:
    year, month = (await scout.get(MINE)).json["data"]
    assert year["from"].endswith("-04-01")  # India's year.
    assert (month["over"], month["closing"]) == (False, {"balance": "5000.00", "owed": "0.00"})
    told = (await scout.get(f"{MINE}/{month['period']}")).json
    assert told["holder"]["id"] == str(scout.holder)
    assert (told["currency"], told["totals"]) == ("INR", {"bounty": "5000.00"})
    assert [(line["entry"], line["balance"]) for line in told["lines"]] == [("bounty", "5000.00")]
    assert told["asOf"] is not None


@pytest.mark.parametrize("by", ["name", "header"])
async def test_the_form_is_asked_for_by_name_or_header(by: str, scout: Earner) -> None:
    period = (await this_month(scout))["period"]
    for form, media in (("json", "application/json"), ("csv", "text/csv"), ("pdf", "application/pdf")):
        asked = {"params": {"format": form}} if by == "name" else {"headers": {"Accept": media}}
        answer = await scout.get(f"{MINE}/{period}", **asked)
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, media)
        if form != "json":
            assert answer.headers["content-disposition"] == f'attachment; filename="statement-{period}.{form}"'


async def test_all_forms_say_the_same(scout: Earner) -> None:
    path = f"{MINE}/{(await this_month(scout))['period']}"
    told = (await scout.get(path)).json
    rows = list(csv.DictReader(io.StringIO((await scout.get(path, params={"format": "csv"})).body.decode())))
    pdf = PdfReader(io.BytesIO((await scout.get(path, params={"format": "pdf"})).body)).pages[0].extract_text()
    assert sum(Decimal(row["change"]) for row in rows if row["change"]) == Decimal(told["closing"]["balance"])
    assert rows[-1]["balance"] == told["closing"]["balance"] == "5000.00"
    assert "+₹5,000.00" in pdf
    assert told["holder"]["name"] in pdf


async def test_everybody_gets_the_same_statement(scout: Earner, platform: Issue, sign_in: SignIn) -> None:
    period = (await this_month(scout))["period"]
    mine = (await scout.get(f"{MINE}/{period}")).json
    path = f"/api/admin/holders/{scout.holder}/statements"
    for client in (await platform(program="marketplace"), await sign_in(Role.SUPPORT)):
        assert (await this_month(client, path))["period"] == period
        assert (await client.get(f"{path}/{period}")).json == mine


async def test_a_key_of_another_program_finds_nobody(scout: Earner, platform: Issue) -> None:
    other = await platform(program="providers")
    path = f"/api/admin/holders/{scout.holder}/statements"
    assert (await other.get(path)).status == (await other.get(f"{path}/2026")).status == 404


async def test_merchants_and_providers_have_statements_too(acme: Merchant, ada: Provider) -> None:
    period = (await this_month(acme, "/api/v1/statements"))["period"]
    told = (await acme.get(f"/api/v1/statements/{period}")).json
    assert (told["currency"], told["totals"]) == ("PKR", {"credit": "1000000.00"})
    told = (await ada.get(f"{MINE}/{(await this_month(ada))['period']}")).json
    assert (told["currency"], told["closing"]["balance"]) == ("NGN", "100000.00")


@pytest.mark.parametrize("period", ["soon", "2026-13", "2190"])
async def test_what_is_no_period_is_not_found(period: str, scout: Earner) -> None:
    answer = await scout.get(f"{MINE}/{period}")
    assert (answer.status, answer.error["code"], answer.error["field"]) == (404, "statement_period_not_found", "period")


async def test_a_form_that_there_is_not_is_refused(scout: Earner) -> None:
    answer = await scout.get(f"{MINE}/{datetime.now(UTC):%Y}", params={"format": "docx"})
    assert (answer.status, answer.error["field"]) == (400, "format")
