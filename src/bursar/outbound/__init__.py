"""Outbound: what we tell the world.

Each way of telling is a room of its own behind this door: webhooks to systems, notices and statements to people.
"""

from bursar.outbound import notices, statements, webhooks

__all__ = ["notices", "statements", "webhooks"]
