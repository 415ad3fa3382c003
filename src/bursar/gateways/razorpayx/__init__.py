"""RazorpayX: rupees to bank accounts and UPI addresses in India.

Contact, fund account and payout are made in one call. ``docs/gateways/razorpayx.md`` tells how to set it up, and what
of it was never seen live; decision 0034 says why its webhooks are hints and what a bank's downtime stops.
"""

from bursar.gateways.razorpayx.gateway import RazorpayX
from bursar.gateways.razorpayx.modes import BankMode

__all__ = ["BankMode", "RazorpayX"]
