"""The step that both gateways share: money moves into a connected account, is found there again, and comes back."""

from datetime import datetime, timedelta
from typing import Final

from bursar.gateways.deadline import Deadline
from bursar.gateways.model import Instruction, Outcome, Word
from bursar.gateways.stripe import causes, wire
from bursar.gateways.stripe.api import Api, Trouble
from bursar.gateways.stripe.wire import Payout, Transfer

KEPT: Final = timedelta(hours=25)  # No key makes a payout later than this after its transfer: Stripe keeps them a day.
PAGES_MAX: Final = 20  # Of what an account paid out in that time: nobody is paid two thousand times a day.


async def make(api: Api, instruction: Instruction, *, gateway: str, within: Deadline) -> Transfer | Outcome:
    """Move the money, once for its key; the transfer, or what became of the attempt without one.

    An error 500 is kept for its key and answered again and again, whatever came of the first request. So a repeated
    one is not asked a third time: whether there is a transfer, the list of them tells.
    """
    form = wire.transfer_form(instruction, gateway=gateway)
    answer = await api.create_transfer(
        form, key=f"{instruction.key}-transfer", within=within, is_ours=lambda it: wire.is_ours(it, instruction)
    )
    if isinstance(answer, Trouble) and is_kept(answer):
        answer = await find(api, instruction, within=within) or answer
    if isinstance(answer, Trouble):
        return causes.refused(answer, step=causes.Step.TRANSFER)
    return answer if wire.is_ours(answer, instruction) else another(answer)


async def find(api: Api, instruction: Instruction, *, within: Deadline) -> Transfer | Trouble | None:
    """The transfer of this key, by its group; None is proof that there is none.

    There cannot be two; if there are, nobody could say which is ours.
    """
    page = await api.transfers({"transfer_group": instruction.key}, within=within)
    if isinstance(page, Trouble):
        return page
    found = [one for one in page.data if one.transfer_group == instruction.key]
    if len(found) > 1 or page.has_more or len(found) != len(page.data):
        return Trouble("answer_to_another")
    return found[0] if found else None


async def take_back(
    api: Api, transfer: Transfer, instruction: Instruction, *, reason: str, now: datetime, within: Deadline
) -> bool:
    """Move what is left of a transfer back to us; whether all of it is back now.

    It cannot come back twice, since Stripe reverses no more than a transfer's amount. That it was refused once, for a
    lack of funds there, is answered again under the same key for a day: then it is tried under a key of each minute.
    """
    if transfer.reversed:
        return True
    form = wire.reversal_form(transfer, instruction, reason=reason)
    first = f"{instruction.key}-reversal"
    answer = await api.reverse(transfer.id, form, key=first, within=within)
    if isinstance(answer, Trouble) and (answer.replayed or answer.type == "idempotency_error"):
        answer = await api.reverse(transfer.id, form, key=f"{first}-{now:%Y%m%d%H%M}", within=within)
    return not isinstance(answer, Trouble) and answer.amount == transfer.left


async def payout_of(api: Api, transfer: Transfer, *, within: Deadline) -> Payout | Trouble | None:
    """The payout that was made of a transfer, by the key that both bear; None is proof that none was.

    There cannot be two; if the account's owner wrote our key on one of theirs, nobody could say which is ours.
    """
    found = await payouts_of(api, transfer, within=within)
    if isinstance(found, Trouble):
        return found
    return Trouble("answer_to_another") if len(found) > 1 else next(iter(found), None)


async def payouts_of(api: Api, transfer: Transfer, *, within: Deadline) -> list[Payout] | Trouble:
    """Every payout of a transfer's account that bears its key, newest first.

    They are looked for among what the account paid out while Stripe still knew the key.
    """
    account, until = transfer.destination or "", wire.at(transfer.created) + KEPT
    asked = {"created[gte]": str(transfer.created), "created[lte]": str(wire.seconds(until))}
    found: list[Payout] = []
    for _ in range(PAGES_MAX):
        page = await api.payouts(asked, account=account, within=within)
        if isinstance(page, Trouble):
            return page
        found += [one for one in page.data if one.metadata.get(wire.KEY) == transfer.transfer_group]
        if not page.has_more or not page.data:
            return found
        asked["starting_after"] = page.data[-1].id
    return Trouble("list_too_long")


def is_kept(trouble: Trouble) -> bool:
    """Whether Stripe has kept an answer for the key that proves nothing, so that it will never give a better one."""
    return trouble.replayed and trouble.status is not None and (trouble.status == 200 or trouble.status >= 500)


def another(transfer: Transfer) -> Outcome:
    """What a transfer that is not as it was asked for tells about the attempt: nothing, and a person looks."""
    return Outcome(Word.UNKNOWN, reason="answer_to_another", shown={"transfer": transfer.id})
