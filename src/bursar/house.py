"""The hall: one process's tools in one place, made by ``bootstrap`` and handed to the doors.

Types only. It stands between the doors and the rooms, so that a door can name what it is handed
without reaching up to the roof that made it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bursar import gateways, payouts, programs
from bursar.foundation import queue
from bursar.foundation.clock import Clock
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database
from bursar.foundation.doorbell import Ringer
from bursar.foundation.http import PoliteClient
from bursar.foundation.pulse import Pulse
from bursar.foundation.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """One process's tools.

    ``lanes`` is the small pool with pinned plans that the hot batches use. ``carrier`` is not connected before it is
    used, and to many processes of the web it never is.
    """

    settings: Settings
    clock: Clock
    database: Database
    lanes: Database
    keyring: Keyring
    book: programs.Book
    desk: payouts.Desk
    ringer: Ringer
    client: PoliteClient
    gateways: Mapping[str, gateways.Gateway]
    carrier: queue.Carrier
    pulse: Pulse = field(default_factory=Pulse)
