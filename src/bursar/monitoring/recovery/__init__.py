"""Recovery mode: how sending, once it is off because these books may have lost something, comes to be on again.

``dispatch.recovery`` holds that it is off. Here is what ends it: each gateway in use has been compared over all the
time that may be missing, and each difference found is gone, corrected, or accepted by two people.
"""

from bursar.monitoring.recovery.passing import Outlook, outlook, pursue
from bursar.monitoring.recovery.watch import Watch

__all__ = ["Outlook", "Watch", "outlook", "pursue"]
