"""Flutterwave v3: a secret key, bulk transfers, and webhooks whose hash covers nothing of what they say."""

from bursar.gateways.flutterwave.v3.api import Api
from bursar.gateways.flutterwave.v3.gateway import Flutterwave

__all__ = ["Api", "Flutterwave"]
