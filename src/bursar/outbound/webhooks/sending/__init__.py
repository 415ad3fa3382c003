"""Sending: the deliverer, and what it decides and stores."""

from bursar.outbound.webhooks.sending.deliverer import BELL, Deliverer

__all__ = ["BELL", "Deliverer"]
