"""Why something about endpoints or deliveries is not done.

Refusal
├── NoSuchEndpoint    not there, removed, or another holder's
├── NoSuchDelivery    not there, or not of this endpoint
├── TooManyEndpoints  the holder has as many as there may be
├── EndpointDisabled  nothing is sent to it until it is enabled again
├── StillWaiting      a delivery that is not over is not sent again
└── TooMuchToReplay   more messages than one replay takes
"""

from bursar.foundation.errors import Conflict, Invalid, Missing


class NoSuchEndpoint(Missing):
    """There is no such endpoint."""

    code = "endpoint_not_found"


class NoSuchDelivery(Missing):
    """There is no such delivery."""

    code = "delivery_not_found"


class TooManyEndpoints(Conflict):
    """There are as many endpoints as there may be; remove one first."""

    code = "too_many_endpoints"


class EndpointDisabled(Conflict):
    """The endpoint is disabled; enable it first."""

    code = "endpoint_disabled"


class StillWaiting(Conflict):
    """This delivery is still under way; its next try comes by itself."""

    code = "delivery_still_waiting"


class TooMuchToReplay(Invalid):
    """That is more than one replay takes."""

    code = "too_much_to_replay"
