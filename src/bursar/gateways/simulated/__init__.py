"""The marketplace's simulated payments: a gateway that pays nobody and exists only as a simulator (``bursar_sandbox``).

Each payment takes a second and succeeds nineteen times in twenty, unless the simulator's settings say otherwise.
"""

from bursar.gateways.simulated.client import Simulated

__all__ = ["Simulated"]
