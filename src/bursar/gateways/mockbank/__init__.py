"""The mock bank of the merchants document: a gateway that exists only as a simulator (``bursar_sandbox``).

Account numbers ending in 0001 to 0005 choose what happens; amounts travel in major units.
"""

from bursar.gateways.mockbank.client import MockBank

__all__ = ["MockBank"]
