"""The merchants' API: what a merchant's own systems call, as the merchants document shows it."""

from bursar.api.merchants.wire import WORDS

__all__ = ["WORDS"]
