"""The simulated payment of the marketplace document, as a gateway that one calls: it pays nobody.

Each payment takes a second and succeeds nineteen times in twenty, by chance that can be had again. This is an
interface of our own, and the simplest that a gateway can have:

    POST /simulated/payments                           pay, under the client's own key; the same key pays once
    GET  /simulated/payments/KEY                       what became of it
    GET  /simulated/payments?since=…&cursor=…&limit=…  all of them, oldest first
"""
