"""The audit chain: committed events folded into blocks whose hashes hang on each other.

It costs nothing on the hot path: a sealer follows behind and seals what is committed. ``verify`` derives everything
again and names the first event that was altered, removed or slipped in.
"""

from bursar.monitoring.audit.chain import BLOCK_MAX, Fault, seal, verify

__all__ = ["BLOCK_MAX", "Fault", "seal", "verify"]
