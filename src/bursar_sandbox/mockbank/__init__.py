"""The mock bank: the payout service provider (PSP) of the merchants' programme.

The last four digits of the account number decide what becomes of a transfer (`rules`), so a
merchant can try every outcome without asking anybody. Amounts travel as decimal strings.

For clients, with `Authorization: Bearer <api key>`:

    POST /v1/transfers                       one transfer; the same reference again changes nothing
    POST /v1/transfers/bulk                  up to 1,000, each on its own
    GET  /v1/transfers?since=&limit=&cursor= all of them, oldest first
    GET  /v1/transfers/{reference}           one of them
    POST /v1/transfers/{reference}/cancel    while it is ON_HOLD or PENDING
    GET  /v1/balance[?currency=]             the float

For testers, without any key; so this simulator belongs on loopback only:

    GET  /book[?format=csv], /book/totals    what was really paid
    GET, POST, DELETE /control/faults        the switches (`bursar_sandbox.faults`)
    POST /control/transfers/{reference}      move a transfer anywhere, and tell of it
    POST /control/float                      limit what is available
    GET  /control/webhooks                   how the deliveries go
    POST /control/replay/{eventId}           send a webhook once more
"""
