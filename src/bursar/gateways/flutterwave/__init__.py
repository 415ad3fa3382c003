"""Flutterwave, in its two dialects: v3 (``Flutterwave``) and v4 (``FlutterwaveV4``).

They are two gateways with accounts, keys and names of their own, so that a program's terms say which one is meant
(decision 0021). What both share lies here: the meaning of their messages, our references with them, and how an
answer is read. ``docs/gateways/flutterwave.md`` tells how to set them up, and what of them was never seen live.
"""

from bursar.gateways.flutterwave.v3 import Flutterwave
from bursar.gateways.flutterwave.v4 import FlutterwaveV4

__all__ = ["Flutterwave", "FlutterwaveV4"]
