"""Asking for many payouts at once: every row for itself, a file once, and nothing twice."""

import asyncio
import json
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from bursar.foundation.db import Database
from house import Merchant, OpenShop, Reply, payout_body

PATH = "/api/v1/payouts/bulk"
HEADER = "merchantReference,amount,currency,destType,bankCode,accountNumber,accountTitle"


async def upload(
    shop: Merchant, content: Any, *, key: str = "file-1", media: str = "application/json", **params: str
) -> Reply:
    """Send a file; whatever is not bytes or text is sent as JSON."""
    data = content if isinstance(content, bytes | str) else json.dumps(content)
    return await shop.post(PATH, headers={"X-IDEMPOTENCY-KEY": key, "Content-Type": media}, data=data, params=params)


def line(reference: str = "r", amount: str = "10", account: str = "1234500001", **changes: str) -> str:
    """One line of CSV, in the order of ``HEADER``."""
    cells = [
        reference,
        amount,
        changes.get("currency", "PKR"),
        "BANK",
        changes.get("bank", "HBL"),
        account,
        "Test User",
    ]
    return ",".join(cells)


async def count(database: Database, shop: Merchant) -> int:
    """How many payouts a merchant has."""
    async with database.transaction() as tx:
        return int(await tx.value("SELECT count(*) FROM payouts WHERE holder_id = $1", shop.holder_id))


async def test_each_row_is_answered_in_its_place(acme: Merchant) -> None:
    rows = [
        payout_body(merchantReference="good"),
        payout_body(amount="10.001"),
        "not an object",
        payout_body(bankCode="NOPE"),
        payout_body(merchantReference="good too"),
    ]
    answer = await upload(acme, rows)
    assert answer.status == 200
    assert {name: answer.json[name] for name in ("rows", "accepted", "refused", "dryRun")} == {
        "rows": 5, "accepted": 2, "refused": 3, "dryRun": False,
    }  # fmt: skip
    told = answer.json["results"]
    assert [(row["row"], row.get("status"), row.get("error", {}).get("field")) for row in told] == [
        (1, "PENDING", None),
        (2, None, "amount"),
        (3, None, "body"),
        (4, None, "bankCode"),
        (5, "PENDING", None),
    ]
    assert {"code", "message", "field", "rule"} <= told[1]["error"].keys()
    assert (await acme.get(f"/api/v1/payouts/{told[4]['id']}")).json["merchantReference"] == "good too"


async def test_the_rows_may_stand_under_a_name(acme: Merchant) -> None:
    assert (await upload(acme, {"payouts": [payout_body()]})).json["accepted"] == 1


async def test_csv_is_read_with_its_columns_in_any_order(acme: Merchant) -> None:
    text = (
        "\ufeffamount,merchantReference,accountTitle,currency,destType,bankCode,accountNumber\r\n"
        '1000.50,"a, b","Anna ""A"" Khan",PKR,BANK,HBL,1234500001\r\n'
        "\r\n"
        "x,c,Anna,PKR,BANK,HBL,1234500001\r\n"
        "1,too,few\r\n"
    )
    answer = await upload(acme, text.encode(), media="text/csv")
    assert [(row["row"], row.get("error", {}).get("field")) for row in answer.json["results"]] == [
        (1, None), (2, "amount"), (3, "row"),
    ]  # fmt: skip
    shown = (await acme.get(f"/api/v1/payouts/{answer.json['results'][0]['id']}")).json
    assert (shown["merchantReference"], shown["amount"], shown["accountTitle"]) == ("a, b", "1000.50", 'Anna "A" Khan')


@pytest.mark.parametrize("name", ["payouts.csv", "payouts.json"])
async def test_a_file_may_come_in_a_form(name: str, acme: Merchant) -> None:
    content = f"{HEADER}\n{line()}\n" if name.endswith("csv") else json.dumps([payout_body()])
    form = aiohttp.FormData()
    form.add_field("file", content.encode(), filename=name, content_type="application/octet-stream")
    answer = await acme.post(PATH, headers={"X-IDEMPOTENCY-KEY": "file-1"}, data=form)
    assert (answer.status, answer.json["accepted"]) == (200, 1)


async def test_a_form_must_hold_one_file(acme: Merchant) -> None:
    form = aiohttp.FormData({"note": "hello"}, default_to_multipart=True)
    answer = await acme.post(PATH, headers={"X-IDEMPOTENCY-KEY": "file-1"}, data=form)
    assert (answer.status, answer.error["field"]) == (400, "file")


@pytest.mark.parametrize(
    ("content", "media", "field"),
    [
        ("{}", "application/json", "body"),
        ("[1, 2", "application/json", "body"),
        ("[]", "application/json", "body"),
        ("", "text/csv", "merchantReference"),
        (HEADER, "text/csv", "body"),
        (f"{HEADER},note\n{line()},hello", "text/csv", "note"),
        (f"{HEADER},amount\n{line()},1", "text/csv", "amount"),
        ("merchantReference,amount\na,1", "text/csv", "currency"),
        (f'{HEADER}\n"open', "text/csv", "body"),
        (f"{HEADER}\n{line()}".encode("utf-16"), "text/csv", "body"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_whole(
    content: Any, media: str, field: str, acme: Merchant
) -> None:
    answer = await upload(acme, content, media=media)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (400, "invalid_file", field)


async def test_other_types_are_not_taken(acme: Merchant) -> None:
    answer = await upload(acme, "<payouts/>", media="application/xml")
    assert (answer.status, answer.error["code"]) == (415, "unsupported_media_type")


async def test_a_row_that_cannot_be_covered_stops_no_other(open_shop: OpenShop) -> None:
    shop = await open_shop(money="100.00")
    answer = await upload(shop, [payout_body(amount=amount) for amount in (60, 50, 40)])
    assert [row.get("status") for row in answer.json["results"]] == ["PENDING", None, "PENDING"]
    assert answer.json["results"][1]["error"].items() >= {"code": "insufficient_funds", "available": "40.00"}.items()


async def test_a_repeated_upload_gets_the_same_bytes(acme: Merchant, database: Database) -> None:
    rows = [payout_body(), payout_body(amount=0)]
    first, second = await upload(acme, rows), await upload(acme, rows)
    assert first.body == second.body
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await count(database, acme) == 1


async def test_the_same_key_with_another_file_is_refused(acme: Merchant) -> None:
    await upload(acme, [payout_body()])
    assert (await upload(acme, [payout_body(amount=2)])).error["code"] == "idempotency_key_reused"
    assert (await acme.ask("file-1")).error["code"] == "idempotency_key_reused"


async def test_an_upload_needs_a_key(acme: Merchant) -> None:
    answer = await acme.post(PATH, json=[payout_body()])
    assert (answer.status, answer.error["code"]) == (400, "missing_idempotency_key")


async def test_the_same_file_twice_is_refused_unless_asked_for(acme: Merchant, database: Database) -> None:
    rows = [payout_body()]
    first = (await upload(acme, rows, key="one")).json
    answer = await upload(acme, rows, key="two")
    assert (answer.status, answer.error["code"], answer.error["uploadId"]) == (
        409,
        "uploaded_before",
        first["uploadId"],
    )
    assert answer.error["uploadedAt"].endswith("Z")
    again = await upload(acme, rows, key="three", again="true")
    assert again.json["uploadId"] != first["uploadId"]
    assert (await upload(acme, rows, key="three", again="true")).body == again.body
    assert await count(database, acme) == 2


async def test_another_merchant_may_upload_the_same_file(acme: Merchant, open_shop: OpenShop) -> None:
    other = await open_shop()
    assert (await upload(acme, [payout_body()])).status == (await upload(other, [payout_body()])).status == 200


async def test_a_dry_run_checks_everything_and_stores_nothing(open_shop: OpenShop, database: Database) -> None:
    shop = await open_shop(money="100.00")
    rows = [payout_body(amount=60), payout_body(amount=50), payout_body(amount=0)]
    answer = await upload(shop, rows, dryRun="true")
    assert answer.json["uploadId"] is None
    assert [(row.get("id"), row.get("status"), row.get("error", {}).get("code")) for row in answer.json["results"]] == [
        (None, "PENDING", None),
        (None, None, "insufficient_funds"),
        (None, None, "invalid_amount"),
    ]
    assert await count(database, shop) == 0
    assert (await shop.balance())["available"] == "100.00"
    assert (await upload(shop, rows)).json["accepted"] == 1


async def test_an_upload_that_was_cut_short_is_taken_up_where_it_stopped(acme: Merchant, database: Database) -> None:
    """Of three parts the middle one is lost, as if its transaction had never begun; sent again, it makes up for it."""
    rows = [payout_body(merchantReference=f"r-{number}", amount=1) for number in range(1_200)]
    first = await upload(acme, rows)
    async with database.transaction() as tx:
        await tx.run(
            "DELETE FROM idempotency_keys WHERE caller = $1 AND key = 'rows from 501'", UUID(first.json["uploadId"])
        )
        await tx.run("UPDATE uploads SET accepted = NULL WHERE id = $1", UUID(first.json["uploadId"]))
    second = await upload(acme, rows, key="a new key after the crash")
    assert second.json["uploadId"] == first.json["uploadId"]
    changed = [
        before["row"]
        for before, after in zip(first.json["results"], second.json["results"], strict=True)
        if before != after
    ]
    assert changed == list(range(501, 1_001))


async def test_twins_of_an_upload_make_one(acme: Merchant, database: Database) -> None:
    rows = [payout_body(merchantReference=f"r-{number}", amount=1) for number in range(600)]
    answers = await asyncio.gather(*(upload(acme, rows) for _ in range(5)))
    assert len({answer.body for answer in answers}) == 1
    assert await count(database, acme) == 600


async def test_ten_thousand_rows_are_taken_and_no_more(acme: Merchant, database: Database) -> None:
    text = "\n".join([HEADER, *(line(f"r-{number}", "1") for number in range(10_000))])
    answer = await upload(acme, text, media="text/csv")
    assert answer.json["accepted"] == await count(database, acme) == 10_000
    more = await upload(acme, f"{text}\n{line()}", key="file-2", media="text/csv")
    assert (more.status, more.error["field"], more.error["given"]) == (400, "body", 10_001)


async def test_nobody_waits_for_a_long_upload(acme: Merchant) -> None:
    """A merchant's own single requests go through between the parts of a long file."""
    rows = [payout_body(merchantReference=f"r-{number}", amount=1) for number in range(5_000)]
    long = asyncio.create_task(upload(acme, rows))
    statuses = []
    while not long.done():
        answer = await acme.ask(f"single-{len(statuses)}", amount=1)
        statuses += [answer.status] if not long.done() else []
    assert set(statuses) == {201}
    assert (await long).json["accepted"] == 5_000
