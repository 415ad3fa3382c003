"""PhonePe: the place where its gateway would be.

Its published interfaces take money in and give it back to whoever paid; none of them pays somebody out. So there is
nothing to call, and nothing is made up here. People who use PhonePe have a UPI address (…@ybl, …@ibl, …@axl) and are
paid there through any gateway that pays to UPI addresses.
"""

from typing import Final

NAME: Final = "phonepe"
WHY: Final = "PhonePe has no public interface for payouts; pay PhonePe users by UPI through razorpayx"
"""What is said wherever somebody names it."""
