"""What staff do about differences over HTTP: compare, look, propose, agree; and end what nobody knows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import dispatch, payouts, programs
from bursar.dispatch import gateway_key
from bursar.foundation.db import Database
from bursar.gateways import Outcome, Word
from bursar.identity import Role
from house import Client, Merchant

PATH = "/api/admin/reconciliation"
HEADER = "reference,key,amount,currency,date,status"
SignIn = Callable[..., Awaitable[Client]]


@pytest.fixture
async def amina(sign_in: SignIn) -> Client:
    """A manager."""
    return await sign_in(Role.MANAGER)


@pytest.fixture
async def ben(sign_in: SignIn) -> Client:
    """Another one."""
    return await sign_in(Role.MANAGER)


async def told(database: Database, payout: UUID, *outcomes: Outcome) -> str:
    """Hand a payout to the bank an hour ago, as far as our books know, and tell what became of it; its key."""
    book = programs.Book()
    key = gateway_key(payout, 1)
    async with database.transaction() as tx:
        [sent] = await payouts.advance(tx, [payouts.Step(payout, "send", "test", gateway="mockbank")], book=book)
        assert isinstance(sent, payouts.Payout)
        attempt = uuid4()
        await tx.run(
            """
            INSERT INTO attempts (id, payout_id, holder_id, program, terms_version, amount, currency, generation,
                                  gateway, key, batch_id, outcome, sent_at, window_ends_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 'mockbank', $8, $1, 'open', now() - interval '19 hours', now())
            """,
            attempt, payout, sent.holder_id, sent.program, sent.terms_version, sent.amount.minor, sent.amount.currency,
            key,
        )  # fmt: skip
        for outcome in outcomes:
            await dispatch.record(tx, [dispatch.Told(attempt, outcome, "test")], scribe=dispatch.Scribe(book))
    return key


async def refused(acme: Merchant, database: Database) -> tuple[str, str]:
    """A payout that the bank has refused: its id and its key."""
    made = (await acme.ask(f"key-{uuid4()}")).json["id"]
    return made, await told(database, UUID(made), Outcome(Word.REFUSED, reason="account_closed"))


def statement(*keys: str) -> str:
    """A statement on which these were paid."""
    at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    return "\n".join([HEADER, *(f"P-{key},{key},1000.00,PKR,{at},paid" for key in keys)])


async def differing(amina: Client, key: str) -> dict[str, Any]:
    """Upload a statement that says so: the item."""
    answer = await amina.post(
        f"{PATH}/statements?gateway=mockbank", data=statement(key), headers={"Content-Type": "text/csv"}
    )
    assert (answer.status, answer.json["data"]["differing"]) == (200, 1), answer.body
    items = (await amina.get(f"{PATH}/items?kind=paid_after_refused&limit=200")).json["data"]
    return next(item for item in items if item["key"] == key)


async def test_a_statement_shows_what_differs_and_two_people_correct_it(
    amina: Client, ben: Client, acme: Merchant, database: Database
) -> None:
    payout, key = await refused(acme, database)
    item = await differing(amina, key)
    assert (item["payoutId"], item["amount"], item["owner"], item["suggested"]) == (
        payout, "1000.00", "treasury", "settle",
    )  # fmt: skip
    asked = await amina.post(f"{PATH}/items/{item['id']}/corrections", json={"action": "settle", "reason": "seen"})
    assert (asked.status, asked.json["data"]["state"]) == (201, "waiting")
    approve = f"{PATH}/corrections/{asked.json['data']['id']}/approve"
    own = await amina.post(approve, json={})
    assert (own.status, own.json["error"]["code"]) == (403, "requester_may_not_approve")
    done = await ben.post(approve, json={"reason": "I see it too"})
    assert (done.status, done.json["data"]["resolution"]) == (200, "settle")
    assert (await acme.get(f"/api/v1/payouts/{payout}")).json["status"] == "SUCCESS"
    whole = (await amina.get(f"{PATH}/items/{item['id']}")).json["data"]
    assert [one["state"] for one in whole["corrections"]] == ["done"]
    again = await ben.post(approve, json={})
    assert (again.status, again.json["error"]["code"]) == (409, "nothing_to_approve")


async def test_a_correction_is_turned_down_with_a_reason(
    amina: Client, ben: Client, acme: Merchant, database: Database
) -> None:
    _, key = await refused(acme, database)
    item = await differing(amina, key)
    asked = await amina.post(f"{PATH}/items/{item['id']}/corrections", json={"action": "settle", "reason": "seen"})
    reject = f"{PATH}/corrections/{asked.json['data']['id']}/reject"
    assert (await ben.post(reject, json={})).status == 400
    after = await ben.post(reject, json={"reason": "That is another payment"})
    assert (after.status, after.json["data"]["closedAt"]) == (200, None)


async def test_the_same_statement_counts_once_and_comparisons_are_listed(amina: Client) -> None:
    content = statement(f"nobodys-{uuid4()}")
    path, headers = f"{PATH}/statements?gateway=mockbank", {"Content-Type": "text/csv"}
    first = await amina.post(path, data=content, headers=headers)
    again = await amina.post(path, data=content, headers=headers)
    assert (first.status, again.status, again.json["error"]["code"]) == (200, 409, "statement_read_before")
    made = first.json["data"]
    listed = (await amina.get(f"{PATH}/comparisons?limit=1")).json
    assert (listed["data"], listed["hasMore"]) == ([made], listed["hasMore"])
    assert (await amina.get(f"{PATH}/comparisons/{made['id']}")).json["data"] == made


@pytest.mark.parametrize(
    ("query", "content", "status", "code"),
    [
        ("gateway=nobody", "x", 404, "gateway_not_found"),
        ("gateway=mockbank", "no table", 400, "unreadable_statement"),
        ("gateway=mockbank&format=camt053", "<no/>", 400, "unreadable_statement"),
        ("gateway=mockbank&format=pdf", "x", 400, "invalid_request"),
        ("", "x", 400, "invalid_request"),
    ],
)
async def test_what_is_no_statement_is_refused(amina: Client, query: str, content: str, status: int, code: str) -> None:
    answer = await amina.post(f"{PATH}/statements?{query}", data=content, headers={"Content-Type": "text/csv"})
    assert (answer.status, answer.json["error"]["code"]) == (status, code), answer.body


async def test_a_comparison_is_asked_of_a_worker(amina: Client, database: Database) -> None:
    asked = await amina.post(f"{PATH}/comparisons", json={"gateway": "mockbank"})
    assert (asked.status, asked.json["data"]) == (202, {"comparisons": f"{PATH}/comparisons"})
    async with database.transaction(readonly=True) as tx:
        jobs = await tx.many("SELECT entrypoint FROM pgqueuer WHERE entrypoint = 'reconciliation.compare'")
    assert len(jobs) == 1
    assert (await amina.post(f"{PATH}/comparisons", json={"gateway": "nobody"})).status == 404


@pytest.mark.parametrize("path", ["comparisons/x", "items/x", f"items/{UUID(int=7)}", f"comparisons/{UUID(int=7)}"])
async def test_what_is_not_there_is_not_found(amina: Client, path: str) -> None:
    assert (await amina.get(f"{PATH}/{path}")).status == 404


@pytest.mark.parametrize(("paid", "status"), [(True, "SUCCESS"), (False, "FAILED")])
async def test_two_people_end_an_unknown_outcome(
    amina: Client, ben: Client, acme: Merchant, database: Database, status: str, *, paid: bool
) -> None:
    payout = (await acme.ask(f"key-{uuid4()}")).json["id"]
    await told(database, UUID(payout), Outcome(Word.UNKNOWN))
    path = f"/api/payouts/{payout}/resolve"
    first = await amina.post(path, json={"paid": paid, "reason": "the bank's statement"})
    assert (first.status, first.json["data"]["state"]) == (200, "sending"), first.body
    assert (await amina.post(path, json={"paid": paid, "reason": "again"})).json["error"]["code"] == "already_voted"
    second = await ben.post(path, json={"paid": paid, "reason": "I called them"})
    assert (second.status, second.json["message"]) == (200, "Payout resolved")
    assert (await acme.get(f"/api/v1/payouts/{payout}")).json["status"] == status
    over = await ben.post(path, json={"paid": paid, "reason": "again"})
    assert (over.status, over.json["error"]["code"]) == (409, "nothing_in_doubt")


async def test_whether_sending_is_off_for_a_recovery_is_shown(amina: Client) -> None:
    assert (await amina.get(f"{PATH}/recovery")).json["data"]["sending"] == "on"
