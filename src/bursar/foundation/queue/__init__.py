"""Jobs: what a worker is told to do, by a queue that somebody else has written and looks after.

Money does not travel here; it is claimed from its own tables. A job is a doorbell: it carries ids at most, decides
nothing, and is safe to answer twice; whoever owns the truth rings again for what was lost.

There are two ways. *Side jobs* (``enqueue``, ``run``) ride PgQueuer and join the caller's transaction. Jobs that a
fleet of workers shares are *rung* through a ``Carrier``: PgQueuer, Redis or RabbitMQ, as ``QUEUE_URL`` says. A carrier
promises that a job is answered at least once while it lives, that a wrong payload reaches nobody but the dead letters,
and that ringing neither waits for long nor fails its caller.
"""

from bursar.foundation.queue.address import Address, QueueNotSafe, address
from bursar.foundation.queue.crew import Answer, Bury, Crew, DeadLetter, Tally
from bursar.foundation.queue.dead_letters import bury, count_buried
from bursar.foundation.queue.model import Carrier, Figures
from bursar.foundation.queue.opening import open_carrier
from bursar.foundation.queue.side_jobs import Connect, Handler, Handlers, enqueue, run

__all__ = [
    "Address",
    "Answer",
    "Bury",
    "Carrier",
    "Connect",
    "Crew",
    "DeadLetter",
    "Figures",
    "Handler",
    "Handlers",
    "QueueNotSafe",
    "Tally",
    "address",
    "bury",
    "count_buried",
    "enqueue",
    "open_carrier",
    "run",
]
