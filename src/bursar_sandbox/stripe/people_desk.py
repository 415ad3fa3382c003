"""Calls about accounts and their bank accounts, about events, and about those who are told of them."""

import msgspec

from bursar_sandbox.stripe import asks
from bursar_sandbox.stripe.accounts import Accounts, Holder
from bursar_sandbox.stripe.events import Endpoint, Events, account_of
from bursar_sandbox.stripe.merging import changed
from bursar_sandbox.stripe.objects import Account, BankAccount, Deleted, Event, List, WebhookEndpoint
from bursar_sandbox.stripe.refusals import Forbidden, Missing
from bursar_sandbox.stripe.routes import Route, Routes, itself, listed
from bursar_sandbox.stripe.shelf import Page


class PeopleDesk:
    """Answers for one account: the platform's, or a connected one's."""

    def __init__(self, accounts: Accounts, events: Events) -> None:
        """Know these accounts."""
        self._accounts = accounts
        self._events = events

    @property
    def routes(self) -> Routes:
        """What it answers."""
        banks = "accounts/*/external_accounts"
        return {
            ("GET", "account"): Route(asks.Ask, self._show_own),
            ("POST", "accounts"): Route(asks.AccountAsk, self._open),
            ("GET", "accounts"): Route(asks.ListAsk, self._list_accounts),
            ("GET", "accounts/*"): Route(asks.Ask, self._show),
            ("POST", "accounts/*"): Route(asks.AccountChange, self._change),
            ("DELETE", "accounts/*"): Route(asks.Ask, self._delete),
            ("POST", banks): Route(asks.ExternalAccountAsk, self._attach),
            ("GET", banks): Route(asks.ExternalAccountList, self._list_banks),
            ("GET", f"{banks}/*"): Route(asks.Ask, self._show_bank),
            ("POST", f"{banks}/*"): Route(asks.ExternalAccountChange, self._change_bank),
            ("DELETE", f"{banks}/*"): Route(asks.Ask, self._detach),
            ("GET", "events"): Route(asks.EventList, self._list_events),
            ("GET", "events/*"): Route(asks.Ask, self._show_event),
            ("POST", "webhook_endpoints"): Route(asks.EndpointAsk, self._open_endpoint),
            ("GET", "webhook_endpoints"): Route(asks.ListAsk, self._list_endpoints),
            ("GET", "webhook_endpoints/*"): Route(asks.Ask, self._show_endpoint),
            ("POST", "webhook_endpoints/*"): Route(asks.EndpointChange, self._change_endpoint),
            ("DELETE", "webhook_endpoints/*"): Route(asks.Ask, self._close_endpoint),
        }

    def _show_own(self, holder: Holder, _ask: asks.Ask) -> Account:
        return holder.shown

    def _open(self, _holder: Holder, ask: asks.AccountAsk) -> Account:
        return self._accounts.create(ask).shown

    def _list_accounts(self, _holder: Holder, ask: asks.ListAsk) -> List:
        shelf = self._accounts.shelf
        return listed("/v1/accounts", shelf.page(shelf.all, ask, fits=lambda holder: not holder.is_deleted))

    def _show(self, holder: Holder, _ask: asks.Ask, name: str) -> Account:
        return self._reachable(name, holder).shown

    def _delete(self, holder: Holder, _ask: asks.Ask, name: str) -> Deleted:
        return self._accounts.delete(self._reachable(name, holder))

    def _change(self, holder: Holder, ask: asks.AccountChange, name: str) -> Account:
        found = self._reachable(name, holder)
        self._accounts.change(found, ask)
        return found.shown

    def _attach(self, holder: Holder, ask: asks.ExternalAccountAsk, of: str) -> BankAccount:
        bank = ask.external_account
        return self._accounts.attach(
            self._reachable(of, holder),
            bank,
            metadata=changed({}, ask.metadata),
            is_default=ask.default_for_currency or bool(bank.default_for_currency),
        )

    def _list_banks(self, holder: Holder, ask: asks.ExternalAccountList, of: str) -> List:
        """An account has a handful of them, so they come all at once."""
        banks = self._reachable(of, holder).banks if ask.object != "card" else []
        return listed(f"/v1/accounts/{of}/external_accounts", Page(banks[: ask.limit], has_more=False), shown=itself)

    def _show_bank(self, holder: Holder, _ask: asks.Ask, of: str, name: str) -> BankAccount:
        return self._reachable(of, holder).bank(name)

    def _change_bank(self, holder: Holder, ask: asks.ExternalAccountChange, of: str, name: str) -> BankAccount:
        found = self._reachable(of, holder)
        bank = found.bank(name)
        self._accounts.change_bank(found, bank, ask)
        return bank

    def _detach(self, holder: Holder, _ask: asks.Ask, of: str, name: str) -> Deleted:
        found = self._reachable(of, holder)
        return self._accounts.detach(found, found.bank(name))

    def _list_events(self, holder: Holder, ask: asks.EventList) -> List:
        wanted = {ask.type, *ask.types} - {None}
        shelf = self._events.shelf
        page = shelf.page(shelf.marked(holder.id), ask, fits=lambda event: not wanted or _is_of(event, wanted))
        return listed("/v1/events", page, shown=itself)

    def _show_event(self, holder: Holder, _ask: asks.Ask, name: str) -> Event:
        event = self._events.shelf.find(name)
        if event is None or account_of(event) != holder.id:
            raise Missing("event", name)
        return event

    def _open_endpoint(self, _holder: Holder, ask: asks.EndpointAsk) -> WebhookEndpoint:
        """Its secret is in this answer alone."""
        endpoint = self._events.open(ask)
        return msgspec.structs.replace(endpoint.shown, secret=endpoint.secrets[0])

    def _list_endpoints(self, _holder: Holder, ask: asks.ListAsk) -> List:
        shelf = self._events.endpoints
        page = shelf.page(shelf.all, ask, fits=lambda endpoint: not endpoint.is_deleted)
        return listed("/v1/webhook_endpoints", page)

    def _show_endpoint(self, _holder: Holder, _ask: asks.Ask, name: str) -> WebhookEndpoint:
        return self._endpoint(name).shown

    def _change_endpoint(self, _holder: Holder, ask: asks.EndpointChange, name: str) -> WebhookEndpoint:
        endpoint = self._endpoint(name)
        self._events.change(endpoint, ask)
        return endpoint.shown

    def _close_endpoint(self, _holder: Holder, _ask: asks.Ask, name: str) -> Deleted:
        self._endpoint(name).is_deleted = True
        return Deleted(name, "webhook_endpoint")

    def _endpoint(self, name: str) -> Endpoint:
        endpoint = self._events.endpoints.find(name)
        if endpoint is None or endpoint.is_deleted:
            raise Missing("webhook endpoint", name)
        return endpoint

    def _reachable(self, name: str, holder: Holder) -> Holder:
        """The account of this name, if the caller may see it; Stripe does not say whether it is somebody else's."""
        found = self._accounts.find(name)
        if found is None or (holder is not self._accounts.platform and found is not holder):
            raise Forbidden(
                f"The provided key does not have access to account '{name}' (or that account does not exist). "
                "Application access may have been revoked.",
                code="account_invalid",
            )
        return found


def _is_of(event: Event, wanted: set[str | None]) -> bool:
    """It is of a wanted type; `payout.*` wants all that begin so."""
    return event.type in wanted or f"{event.type.rpartition('.')[0]}.*" in wanted
