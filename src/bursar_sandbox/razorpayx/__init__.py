"""RazorpayX as far as payouts need it: one business with its account, those whom it knows, and what it pays them.

Its wire format is that of the published documentation; where that is silent, `docs/sandbox.md` says what we chose.
"""
