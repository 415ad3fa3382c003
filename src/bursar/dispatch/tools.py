"""What sending needs, put together by ``bootstrap`` and handed down."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bursar import programs
from bursar.dispatch.circuits import Circuits
from bursar.dispatch.errors import NoSuchGateway
from bursar.dispatch.model import Told
from bursar.dispatch.record import Scribe, record
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database, Transaction
from bursar.foundation.doorbell import Listener
from bursar.foundation.faults import fault
from bursar.foundation.gather import Gather
from bursar.foundation.pace import Pace
from bursar.gateways import Gateway


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of one worker process."""

    database: Database
    gateways: Mapping[str, Gateway]
    book: programs.Book
    keyring: Keyring
    listener: Listener
    circuits: Circuits
    paces: "Paces" = field(init=False)
    recorder: "Recorder" = field(init=False)

    def __post_init__(self) -> None:
        """All of a process's outcomes are recorded through one recorder, so that they share transactions."""
        object.__setattr__(self, "paces", Paces())
        object.__setattr__(self, "recorder", Recorder(self.database, Scribe(self.book)))

    def gateway(self, name: str) -> Gateway:
        """A gateway by its name.

        Raises:
            NoSuchGateway: it is not installed here.
        """
        if name not in self.gateways:
            raise NoSuchGateway(gateway=name)
        return self.gateways[name]


class Paces:
    """Each program's pace in this process: sending and inquiring share it, since its gateway counts both."""

    def __init__(self) -> None:
        """Begin with no calls made."""
        self._paces: dict[str, tuple[float | None, Pace]] = {}

    def of(self, program: str, per_second: float | None) -> Pace:
        """The pace of a program whose terms allow so many calls per second; new terms may bring another number."""
        known = self._paces.get(program)
        if known is None or known[0] != per_second:
            self._paces[program] = known = (per_second, Pace(per_second, time.monotonic))
        return known[1]


class Recorder:
    """Records outcomes as they come in, many calls' answers in one transaction."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Record in this database."""
        self._database = database
        self._scribe = scribe
        self._gather: Gather[tuple[Told, ...], list[str]] = Gather(self._work, key=lambda told: told[0].attempt_id)

    async def record(self, told: Sequence[Told]) -> list[str]:
        """Record what one call taught us; one word for each, as ``record`` gives them."""
        if not told:
            return []
        words = await self._gather.ask(tuple(told))
        fault("dispatch.after_record")
        return words

    async def _work(self, asks: Sequence[tuple[Told, ...]]) -> list[list[str]]:
        async def work(tx: Transaction) -> list[str]:
            return await record(tx, [one for ask in asks for one in ask], scribe=self._scribe)

        words = iter(await self._database.retrying(work))
        return [[next(words) for _ in ask] for ask in asks]
