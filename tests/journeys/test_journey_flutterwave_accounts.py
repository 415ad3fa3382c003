"""Before the first payout to a stored account, Flutterwave says whose it is; one that comes sooner waits for that."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from bursar import holders
from bursar.foundation.crypto import Keyring
from bursar.holders import AccountVerdict, Destination, NewDestination, StoredDestination
from ground import AT
from ways import V3, V4, Way
from world import World, open_world

V = AccountVerdict


@pytest.fixture(params=[pytest.param(V3, id="v3"), pytest.param(V4, id="v4")])
async def careful(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation that pays to stored accounts only once their names are known, and are the holders'."""
    way: Way = request.param
    terms = {"destinations__validate": True, "risk__name_score_min": 0.75, "review__at_level": "medium"}
    async with open_world(database_url, tmp_path, through=way, **terms) as world:
        yield world


async def ask_with_stored_account(world: World, *, suffix: str, owner: str | None) -> tuple[UUID, UUID]:
    """A payout to an account that its holder has stored a moment ago; the payout and the holder."""
    acme = await world.merchant()
    wanted = world.body(suffix, accountTitle="Acme")  # As tests call their merchants.
    account = Destination(wanted["bankCode"], wanted["accountNumber"], wanted["accountTitle"])
    if owner is not None:
        await world.control("accounts", bankCode=account.bank_code, accountNumber=account.account_number, name=owner)
    key = world.settings.encryption_key
    assert key is not None
    async with world.database.transaction() as tx:
        new = NewDestination(holder_id=acme.holder, destination=account, cool_off_hours=0, added_by="person:anna")
        await holders.add_destinations(tx, [new], keyring=Keyring([key.get_secret_value().encode()]), at=AT)
    answer = await world.post(acme, wanted)
    assert answer.status == 201, answer.body
    return UUID(answer.json["id"]), acme.holder


async def stored(world: World, holder: UUID) -> StoredDestination:
    """What is known of a holder's account."""
    async with world.database.transaction(readonly=True) as tx:
        [found] = (await holders.destinations_of(tx, [holder]))[holder]
    return found


async def test_an_account_in_the_holders_name_is_paid(careful: World) -> None:
    _, holder = await ask_with_stored_account(careful, suffix="0001", owner="ACME LTD")
    async with careful.working():
        await careful.until_at_rest()
    found = await stored(careful, holder)
    assert (found.check, found.account_title_found) == (V.CONFIRMED, "ACME LTD")
    await careful.audit()


async def test_an_account_in_another_name_waits_for_people(careful: World) -> None:
    payout, _ = await ask_with_stored_account(careful, suffix="0001", owner="SOMEBODY ELSE")
    async with careful.working():
        await careful.until("state = 'in_review' AND reason = 'account_name_differs'")
    assert await careful.states() == {payout: "in_review"}
    assert await careful.count("true", table="attempts") == 0


async def test_an_account_that_does_not_exist_is_not_paid(careful: World) -> None:
    payout, holder = await ask_with_stored_account(careful, suffix="0009", owner=None)
    async with careful.working():
        await careful.until("reason = 'account_denied'")
    assert await careful.states() == {payout: "approved"}
    assert (await stored(careful, holder)).check is V.DENIED
    assert await careful.count("true", table="attempts") == 0
