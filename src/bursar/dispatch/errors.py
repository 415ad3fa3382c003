"""Why nothing is sent.

Refusal
└── NoSuchGateway  the terms name a gateway that is not installed
"""

from bursar.foundation.errors import Missing


class NoSuchGateway(Missing):
    """There is no such gateway in this installation."""

    code = "gateway_not_found"
