"""Calls about money: transfers, reversals, payouts, balances."""

from typing import TypeVar

from bursar_sandbox.faults import Call
from bursar_sandbox.stripe import asks
from bursar_sandbox.stripe.accounts import Accounts, Holder
from bursar_sandbox.stripe.balances import Balances
from bursar_sandbox.stripe.life import Underway
from bursar_sandbox.stripe.merging import changed
from bursar_sandbox.stripe.objects import Balance, BalanceTransaction, List, Payout, Reversal, Transfer
from bursar_sandbox.stripe.payouts import Payouts
from bursar_sandbox.stripe.refusals import Forbidden, Missing
from bursar_sandbox.stripe.routes import Route, Routes, itself, listed
from bursar_sandbox.stripe.transfers import Sent, Transfers

Asked = TypeVar("Asked")


class MoneyDesk:
    """Answers for one account: the platform's, or a connected one's."""

    def __init__(self, accounts: Accounts, balances: Balances, transfers: Transfers, payouts: Payouts) -> None:
        """Move this money."""
        self._accounts = accounts
        self._balances = balances
        self._transfers = transfers
        self._payouts = payouts

    @property
    def routes(self) -> Routes:
        """What it answers."""
        return {
            ("POST", "transfers"): Route(asks.TransferAsk, self._transfer, Call.TRANSFER),
            ("GET", "transfers"): Route(asks.TransferList, self._list_transfers),
            ("GET", "transfers/*"): Route(asks.Ask, self._show_transfer),
            ("POST", "transfers/*"): Route(asks.TransferChange, self._change_transfer),
            ("POST", "transfers/*/reversals"): Route(asks.ReversalAsk, self._reverse_transfer, Call.REVERSAL),
            ("GET", "transfers/*/reversals"): Route(asks.ListAsk, self._list_reversals),
            ("GET", "transfers/*/reversals/*"): Route(asks.Ask, self._show_reversal),
            ("POST", "transfers/*/reversals/*"): Route(asks.MetadataChange, self._change_reversal),
            ("POST", "payouts"): Route(asks.PayoutAsk, self._pay_out, Call.PAYOUT),
            ("GET", "payouts"): Route(asks.PayoutList, self._list_payouts),
            ("GET", "payouts/*"): Route(asks.Ask, self._show_payout),
            ("POST", "payouts/*"): Route(asks.MetadataChange, self._change_payout),
            ("POST", "payouts/*/cancel"): Route(asks.Ask, self._cancel, Call.REVERSAL),
            ("POST", "payouts/*/reverse"): Route(asks.MetadataChange, self._reverse_payout, Call.REVERSAL),
            ("GET", "balance"): Route(asks.Ask, self._balance),
            ("GET", "balance_transactions"): Route(asks.BalanceTransactionList, self._movements),
            ("GET", "balance_transactions/*"): Route(asks.Ask, self._movement),
        }

    def _transfer(self, holder: Holder, ask: asks.TransferAsk) -> Transfer:
        if holder is not self._accounts.platform:
            raise Forbidden("Only a platform can make transfers; leave out the Stripe-Account header.")
        return self._transfers.create(ask).shown

    def _list_transfers(self, holder: Holder, ask: asks.TransferList) -> List:
        shelf = self._transfers.shelf
        chosen = shelf.all if holder is self._accounts.platform else ()
        if chosen and ask.transfer_group is not None:
            chosen = shelf.marked(("group", ask.transfer_group))
        elif chosen and ask.destination is not None:
            chosen = shelf.marked(("to", ask.destination))
        page = shelf.page(chosen, ask, fits=lambda sent: ask.destination in {None, sent.shown.destination})
        return listed("/v1/transfers", page)

    def _show_transfer(self, holder: Holder, _ask: asks.Ask, name: str) -> Transfer:
        return self._sent(holder, name).shown

    def _change_transfer(self, holder: Holder, ask: asks.TransferChange, name: str) -> Transfer:
        sent = self._sent(holder, name)
        self._transfers.change(sent, ask)
        return sent.shown

    def _reverse_transfer(self, holder: Holder, ask: asks.ReversalAsk, name: str) -> Reversal:
        return self._transfers.reverse(self._sent(holder, name), ask)

    def _list_reversals(self, holder: Holder, ask: asks.ListAsk, name: str) -> List:
        reversals = self._sent(holder, name).reversals
        return listed(f"/v1/transfers/{name}/reversals", reversals.page(reversals.all, ask), shown=itself)

    def _show_reversal(self, holder: Holder, _ask: asks.Ask, name: str, reversal: str) -> Reversal:
        return _found(self._sent(holder, name).reversals.find(reversal), "transfer reversal", reversal)

    def _change_reversal(self, holder: Holder, ask: asks.MetadataChange, name: str, reversal: str) -> Reversal:
        found = self._show_reversal(holder, ask, name, reversal)
        found.metadata = changed(found.metadata, ask.metadata)
        return found

    def _sent(self, holder: Holder, name: str) -> Sent:
        found = self._transfers.shelf.find(name) if holder is self._accounts.platform else None
        return _found(found, "transfer", name)

    def _pay_out(self, holder: Holder, ask: asks.PayoutAsk) -> Payout:
        return self._payouts.create(holder, ask).shown

    def _list_payouts(self, holder: Holder, ask: asks.PayoutList) -> List:
        def fits(payout: Underway) -> bool:
            shown = payout.shown
            is_wanted = ask.status in {None, shown.status} and ask.destination in {None, shown.destination}
            return is_wanted and ask.arrives(shown.arrival_date)

        shelf = self._payouts.shelf
        return listed("/v1/payouts", shelf.page(shelf.marked(holder.id), ask, fits=fits))

    def _show_payout(self, holder: Holder, _ask: asks.Ask, name: str) -> Payout:
        return self._payout(holder, name).shown

    def _change_payout(self, holder: Holder, ask: asks.MetadataChange, name: str) -> Payout:
        payout = self._payout(holder, name)
        self._payouts.change(payout, ask)
        return payout.shown

    def _cancel(self, holder: Holder, _ask: asks.Ask, name: str) -> Payout:
        payout = self._payout(holder, name)
        self._payouts.cancel(payout)
        return payout.shown

    def _reverse_payout(self, holder: Holder, ask: asks.MetadataChange, name: str) -> Payout:
        return self._payouts.reverse(self._payout(holder, name), metadata=changed({}, ask.metadata)).shown

    def _payout(self, holder: Holder, name: str) -> Underway:
        found = self._payouts.shelf.find(name)
        return _found(found if found and found.account == holder.id else None, "payout", name, param="payout")

    def _balance(self, holder: Holder, _ask: asks.Ask) -> Balance:
        return self._balances.shown(holder.id, currency=holder.shown.default_currency)

    def _movements(self, holder: Holder, ask: asks.BalanceTransactionList) -> List:
        def fits(movement: BalanceTransaction) -> bool:
            return ask.type in {None, movement.type} and ask.currency in {None, movement.currency}

        shelf = self._balances.movements(holder.id)
        source = ask.payout or ask.source
        chosen = shelf.all if source is None else shelf.marked(source)
        return listed("/v1/balance_transactions", shelf.page(chosen, ask, fits=fits), shown=itself)

    def _movement(self, holder: Holder, _ask: asks.Ask, name: str) -> BalanceTransaction:
        return _found(self._balances.movements(holder.id).find(name), "balance transaction", name)


def _found(thing: Asked | None, what: str, name: str, *, param: str = "id") -> Asked:
    if thing is None:
        raise Missing(what, name, param=param)
    return thing
