"""Our own accounts at the gateways: when one holds too little, payouts wait for it instead of failing.

The first payout that is refused for want of funds marks the account as low, and nothing more is claimed for it. Then
the account is looked at now and again: what it holds may leave, and once it covers all that waits the mark is lifted.
"""

from bursar.dispatch.floats.model import LOW_FLOAT, Float
from bursar.dispatch.floats.store import known, left_over, mark_low, spend

__all__ = ["LOW_FLOAT", "Float", "known", "left_over", "mark_low", "spend"]
