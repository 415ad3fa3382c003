"""Stripe Connect: money for people who have an account of their own at Stripe, connected to ours.

``stripe`` moves the money into that account and has it paid out from there, to the bank; ``stripe-transfer`` stops at
the account. They are two gateways because they promise different things (decision 0026), and share everything else.
"""

from bursar.gateways.stripe.gateway import Stripe, StripeTransfer

__all__ = ["Stripe", "StripeTransfer"]
