"""Flutterwave v4: tokens, one transfer for each call, and webhooks whose signature covers their bytes."""

from bursar.gateways.flutterwave.v4.api import Api
from bursar.gateways.flutterwave.v4.gateway import FlutterwaveV4

__all__ = ["Api", "FlutterwaveV4"]
