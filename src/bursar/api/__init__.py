"""The door over HTTP: JSON in and out, one router per audience. Opens transactions; the rooms decide."""

from bursar.api import merchants
from bursar.api.app import create_app
from bursar.api.metrics import serve_metrics

__all__ = ["create_app", "merchants", "serve_metrics"]
