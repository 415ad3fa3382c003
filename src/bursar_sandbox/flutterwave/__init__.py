"""Flutterwave, in both versions of its interface: one merchant's account at a payout gateway in Africa.

It speaks the wire format as far as it is documented or was seen in Flutterwave's own SDK, which works against it; where
neither says anything, `docs/sandbox.md` says what was chosen. Amounts travel as JSON numbers in major units.

In live mode the last four digits of the account number decide what becomes of a transfer (`rules`), in test mode the
reference does, as in Flutterwave's own test mode.

The third version, for clients with `Authorization: Bearer <secret key>`:

    POST /v3/transfers, /v3/bulk-transfers                  one transfer, or many under one id
    GET  /v3/transfers[?page=&status=&reference=&batch_id=] newest first
    GET  /v3/transfers/{id}
    POST, GET /v3/transfers/{id}/retries                    once more, as a new transfer
    GET  /v3/transfers/fee, /v3/transfers/rates
    GET  /v3/balances[/{currency}]
    POST /v3/accounts/resolve                               whose account is this?
    GET  /v3/banks/{country}, /v3/banks/{id}/branches
    POST, GET /v3/beneficiaries, GET, DELETE /v3/beneficiaries/{id}

The fourth, under `/flutterwave/v4` and with an account and a book of its own, for clients with a token:

    POST /oauth/token                                       client credentials
    POST /direct-transfers, /transfers                      one transfer; `X-Idempotency-Key` is honoured
    GET  /transfers[?reference=&status=&page=&size=], /transfers/{id}
    POST /transfers/{id}/retries                            retry or duplicate
    POST, GET, DELETE /transfers/recipients, /transfers/senders
    POST /banks/account-resolve
    GET  /banks?country=

For testers, without any key, in each of the two:

    GET  /book[?format=csv], /book/totals                   what was really paid
    GET, POST, DELETE /control/faults                       the switches (`bursar_sandbox.faults`)
    GET, POST /control/behaviour                            mode, tempo, page size
    GET, POST /control/float                                what the wallets hold
    POST /control/accounts                                  whose account a number is
    POST /control/transfers/{reference}                     move a transfer anywhere, and tell of it
    GET  /control/webhooks                                  how the deliveries go
    POST /control/replay/{eventId}                          send a webhook once more
"""
