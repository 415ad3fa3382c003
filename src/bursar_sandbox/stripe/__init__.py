"""Stripe Connect: a platform, the accounts connected to it, and the banks behind them.

It speaks Stripe's wire format so far that Stripe's own Python SDK works against it. Two steps pay somebody: a transfer
moves the platform's money to a connected account, at once; a payout moves it on to the bank account behind that one, in
a while. So there are two books: what reached banks (`/stripe/book`), and what connected accounts were given
(`/stripe/transfers/book`).

The number of the bank account decides what becomes of a payout (`numbers`), as in Stripe's test mode. Accounts whose
names begin with `acct_sandbox` need not be created; there the last four characters decide.

For clients with `Authorization: Bearer <secret key>`, form-encoded, for the platform or, with `Stripe-Account`, for one
of its accounts; every POST may carry an `Idempotency-Key`:

    POST, GET /v1/transfers, GET, POST /v1/transfers/{id}
    POST, GET /v1/transfers/{id}/reversals, GET, POST /v1/transfers/{id}/reversals/{id}
    POST, GET /v1/payouts, GET, POST /v1/payouts/{id}, POST /v1/payouts/{id}/cancel, /v1/payouts/{id}/reverse
    GET  /v1/balance, /v1/balance_transactions, /v1/balance_transactions/{id}
    GET  /v1/account
    POST, GET /v1/accounts, GET, POST, DELETE /v1/accounts/{id}
    POST, GET /v1/accounts/{id}/external_accounts, GET, POST, DELETE /v1/accounts/{id}/external_accounts/{id}
    GET  /v1/events, /v1/events/{id}
    POST, GET /v1/webhook_endpoints, GET, POST, DELETE /v1/webhook_endpoints/{id}

For testers, without any key, under `/stripe`, and under `/stripe/transfers` with the other book:

    GET  /book[?format=csv], /book/totals                   what was really paid
    GET, POST, DELETE /control/faults                       the switches (`bursar_sandbox.faults`)
    GET, POST /control/behaviour                            tempo, allowed rate
    GET, POST /control/float                                what the platform, or one of its accounts, holds
    POST /control/accounts                                  what an account may do
    POST /control/transfers/{reference}                     move a payout anywhere, or reverse a transfer
    POST /control/endpoints/{id}                            sign with another secret, and the old one too
    GET  /control/webhooks                                  how the deliveries go
    POST /control/replay/{eventId}                          send a webhook once more
    GET  /statement[?account=acct_…]                        every movement of a balance, as CSV (under `/stripe` alone)
"""
