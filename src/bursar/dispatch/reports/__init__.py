"""The inbox for what gateways tell us: verified, stored once, applied by rank.

Taking a report in and acting on it are two things. The gateway gets its 200 as soon as the report is stored; a worker
applies it, after parking one that arrives before the attempt it is about has been recorded.
"""

from bursar.dispatch.reports.actions import BELL, Reader, apply_due, take_in

__all__ = ["BELL", "Reader", "apply_due", "take_in"]
