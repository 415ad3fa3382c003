"""The switches that make a simulated gateway misbehave, by chance or for the next few calls.

Chance is seeded, and every fault has a stream of its own: turning one on does not change when
another strikes, and the same calls in the same order meet the same faults again.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw

from bursar_sandbox.chance import stream

T = TypeVar("T")

LONGEST_HANG_S: Final = 3600


class Call(StrEnum):
    """What kind of call a fault may strike."""

    TRANSFER = "transfer"  # Books one transfer.
    BULK = "bulk"  # Books many at once.
    PAYOUT = "payout"  # Books a second step, where a gateway has two: from the payee's account there to a bank.
    REVERSAL = "reversal"  # Takes a first step back.
    READ = "read"  # Everything else a client may ask.


class Fault(StrEnum):
    """Everything that can go wrong, in the order in which it is tried on a call."""

    DOWN = "down"  # Any call is refused with 503.
    RATE_LIMIT = "rate_limit"  # 429 with Retry-After; nothing is booked.
    TIMEOUT_BEFORE_ACCEPT = "timeout_before_accept"  # Nothing is booked, and no answer comes.
    ERROR_BEFORE_ACCEPT = "error_before_accept"  # Nothing is booked, and the answer is 500.
    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"  # Booked, but no answer comes.
    ERROR_AFTER_ACCEPT = "error_after_accept"  # Booked, but the answer is 500.
    DROP_AFTER_ACCEPT = "drop_after_accept"  # Booked, then the connection is cut.
    PARTIAL_BATCH = "partial_batch"  # Some items of a batch are booked, then the connection is cut.
    MALFORMED_ANSWER = "malformed_answer"  # Booked, but the answer is broken JSON.
    EMPTY_ANSWER = "empty_answer"  # Booked, but the answer has no body.
    WRONG_AMOUNT_ANSWER = "wrong_amount_answer"  # Booked right, but the answer says otherwise.
    TRICKLE = "trickle"  # Booked; the answer arrives one byte at a time.
    WEBHOOK_BEFORE_ANSWER = "webhook_before_answer"  # The webhook overtakes the answer.
    DUPLICATE_WEBHOOKS = "duplicate_webhooks"  # The webhook is sent twice.
    REORDER_WEBHOOKS = "reorder_webhooks"  # The webhook is delayed, so that later ones overtake.
    DROP_WEBHOOKS = "drop_webhooks"  # The webhook is never sent.


WEBHOOK_FAULTS: Final = frozenset(
    {
        Fault.WEBHOOK_BEFORE_ANSWER,
        Fault.DUPLICATE_WEBHOOKS,
        Fault.REORDER_WEBHOOKS,
        Fault.DROP_WEBHOOKS,
    }
)
CALL_FAULTS: Final = tuple(fault for fault in Fault if fault not in WEBHOOK_FAULTS)
"""Those that decide what becomes of a call; at most one of them strikes it."""


STRUCK_BY: Final = {
    "all": frozenset(Call),
    "reads": frozenset({Call.READ}),
    "transfers": frozenset(Call) - {Call.READ},
    "payouts": frozenset({Call.PAYOUT}),
    "reversals": frozenset({Call.REVERSAL}),
}
"""Which calls a switch may strike, by its word for them."""


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    """How often a fault strikes: the next few times for certain, then by chance."""

    rate: Annotated[float, Meta(ge=0, le=1)] = 0.0
    next: Annotated[int, Meta(ge=0)] = 0
    on: Literal["transfers", "payouts", "reversals", "reads", "all"] = "transfers"  # Which calls; webhooks ignore it.

    @property
    def is_set(self) -> bool:
        """It may strike."""
        return self.next > 0 or self.rate > 0

    def concerns(self, call: Call) -> bool:
        """It may strike this kind of call."""
        return call in STRUCK_BY[self.on]


class Tempo(msgspec.Struct, forbid_unknown_fields=True):
    """How slow things are."""

    latency_ms: Annotated[int, Meta(ge=0)] = 0  # Of every call; half before booking, half after.
    latency_jitter_ms: Annotated[int, Meta(ge=0)] = 0  # At most this much more, by chance.
    hang_seconds: Annotated[float, Meta(ge=0, le=LONGEST_HANG_S)] = 60.0
    trickle_ms: Annotated[int, Meta(ge=0)] = 100  # Between two bytes.
    reorder_ms: Annotated[int, Meta(ge=0)] = 500  # The longest delay of a reordered webhook.


TEMPO_NAMES: Final = frozenset(Tempo.__struct_fields__)


class Faults:
    """The switches of one simulator, its tempo, and how often each fault struck."""

    def __init__(self, *, seed: int, latency_ms: int = 0) -> None:
        """Start with nothing but the given latency."""
        self._seed = seed
        self._latency_ms = latency_ms
        self.reset()

    def reset(self) -> None:
        """Return to the very beginning: switches, tempo, chance and counts."""
        self.tempo = Tempo(latency_ms=self._latency_ms)
        self.struck: Counter[Fault] = Counter()
        self._switches = {fault: Switch() for fault in Fault}
        self._switches[Fault.DOWN].on = "all"
        self._chance = {fault: stream(self._seed, fault) for fault in Fault}
        self._jitter = stream(self._seed, "latency")
        self._armed = False

    def set(self, body: bytes) -> None:
        """Apply a JSON object of switches and tempo; what it does not name stays as it is.

        Raises msgspec.ValidationError, with nothing applied, if any part of it is wrong.
        """
        given = msgspec.json.decode(body, type=dict[str, Raw])
        named = {name: raw for name, raw in given.items() if name in TEMPO_NAMES}
        tempo = msgspec.json.decode(msgspec.json.encode(named), type=Tempo)
        switches = {
            _fault_named(name): _switch_from(raw, default_on="all" if name == Fault.DOWN else None)
            for name, raw in given.items()
            if name not in TEMPO_NAMES
        }
        for name in named:
            setattr(self.tempo, name, getattr(tempo, name))
        self._switches.update(switches)
        self._armed = any(switch.is_set for switch in self._switches.values())

    def shown(self) -> dict[str, object]:
        """Tempo, switches, and `struck`: how often each fault has struck so far."""
        return {
            **msgspec.structs.asdict(self.tempo),
            **{fault.value: self._switches[fault] for fault in Fault},
            "struck": {fault.value: count for fault, count in self.struck.items()},
        }

    def strike(self, call: Call) -> Fault | None:
        """The fault that strikes this call, if any."""
        if not self._armed:
            return None
        for fault in CALL_FAULTS:
            if fault is Fault.PARTIAL_BATCH and call is not Call.BULK:
                continue
            if self._switches[fault].concerns(call) and self.fires(fault):
                return fault
        return None

    def fires(self, fault: Fault) -> bool:
        """Draw once for this fault."""
        if not self._armed:
            return False
        switch = self._switches[fault]
        if switch.next > 0:
            switch.next -= 1
        elif switch.rate == 0 or self._chance[fault].random() >= switch.rate:
            return False
        self.struck[fault] += 1
        return True

    def some_of(self, items: Sequence[T]) -> list[T]:
        """A random part of a batch, in order: not all of it, and of two or more at least one."""
        chance = self._chance[Fault.PARTIAL_BATCH]
        count = chance.randint(min(1, len(items) - 1), max(0, len(items) - 1))
        return [items[index] for index in sorted(chance.sample(range(len(items)), count))]

    def reorder_delay_s(self) -> float:
        """How long a reordered webhook waits, in seconds."""
        return self._chance[Fault.REORDER_WEBHOOKS].uniform(0, self.tempo.reorder_ms / 1000)

    def latency_s(self) -> float:
        """How long the next call takes, in seconds."""
        if self.tempo.latency_jitter_ms == 0:
            return self.tempo.latency_ms / 1000
        return (self.tempo.latency_ms + self._jitter.uniform(0, self.tempo.latency_jitter_ms)) / 1000


def _fault_named(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        raise msgspec.ValidationError(f"There is no switch `{name}`") from None


def _switch_from(raw: Raw, *, default_on: Literal["all"] | None) -> Switch:
    """Read a switch; `true` means always and `false` means never."""
    given = msgspec.json.decode(raw, type=Switch | bool)
    if isinstance(given, bool):
        given = Switch(rate=1.0 if given else 0.0)
    if default_on is not None:
        given.on = default_on
    return given
