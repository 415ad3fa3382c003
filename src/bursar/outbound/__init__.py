"""Outbound: what we tell the world.

Each way of telling is a room of its own behind this door: ``from bursar.outbound import webhooks``.
"""

from bursar.outbound import webhooks

__all__ = ["webhooks"]
