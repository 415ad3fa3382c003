"""Whole objects in the place of their names, where a client asks for that."""

from typing import Any, Final

import msgspec

from bursar_sandbox.stripe.accounts import Accounts, Holder
from bursar_sandbox.stripe.balances import Balances
from bursar_sandbox.stripe.payouts import Payouts
from bursar_sandbox.stripe.refusals import BadParameter
from bursar_sandbox.stripe.transfers import Transfers

DEPTH_MAX: Final = 4


class Expander:
    """Finds what names stand for."""

    def __init__(self, accounts: Accounts, balances: Balances, transfers: Transfers, payouts: Payouts) -> None:
        """Look here."""
        self._accounts = accounts
        self._balances = balances
        self._transfers = transfers
        self._payouts = payouts

    def expanded(self, thing: msgspec.Struct, paths: list[str], *, holder: Holder) -> Any:
        """An object with what these paths lead to in full, such as `data.balance_transaction`.

        Raises:
            BadParameter: a path leads to nothing that could be a whole object.
        """
        plain = msgspec.to_builtins(thing)
        for path in paths:
            steps = path.split(".")
            if len(steps) > DEPTH_MAX or not self._expand(plain, steps, holder):
                raise BadParameter(f"This property cannot be expanded ({path}).", param="expand")
        return plain

    def _expand(self, inside: Any, steps: list[str], holder: Holder) -> bool:
        """Follow a path; whether it led anywhere."""
        if not steps:
            return isinstance(inside, dict | list)
        if isinstance(inside, list):
            return all(self._expand(item, steps, holder) for item in inside)
        if not isinstance(inside, dict) or steps[0] not in inside:
            return False
        first, *rest = steps
        if isinstance(inside[first], str):
            found = self._find(inside[first], holder)
            if found is None:
                return False
            inside[first] = msgspec.to_builtins(found)
        return inside[first] is None or self._expand(inside[first], rest, holder)

    def _find(self, name: str, holder: Holder) -> Any:
        match name.partition("_")[0]:
            case "txn":
                return self._balances.movements(holder.id).find(name)
            case "acct":
                found = self._accounts.find(name)
                return found and found.shown
            case "tr":
                sent = self._transfers.shelf.find(name)
                return sent and sent.shown
            case "po":
                payout = self._payouts.shelf.find(name)
                return payout and payout.shown
            case "ba":
                return next((bank for bank in holder.banks if bank.id == name), None)
        return None
