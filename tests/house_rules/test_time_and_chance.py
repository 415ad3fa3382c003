"""The time comes from the clock that was handed in or from the database, and chance from a few named places."""

from collections.abc import Iterator

import pytest

from house_rules.source import Module, assert_kept, breaches, bursar, names, sandbox, snippet

CLOCKS = {
    "datetime.date.today", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
    "time.gmtime", "time.localtime", "time.time", "time.time_ns",
}  # fmt: skip
DICE = {"os.urandom", "uuid.uuid1", "uuid.uuid4"}
DICE_BOXES = ("random.", "secrets.")
SEEDED = "random.Random"  # A stream that somebody seeded is the argument that this rule asks for.

ALLOWED = {
    ("bursar.bootstrap", "secrets.token_hex"): "an encryption key of the installation's own",
    ("bursar.dispatch.record", "random.random"): "spreads retries; a default that tests replace",
    ("bursar.foundation.clock", "datetime.datetime.now"): "the one clock",
    ("bursar.foundation.ids", "os.urandom"): "the random part of an id",
    ("bursar.foundation.crypto", "os.urandom"): "nonces and keys must be unpredictable",
    ("bursar.foundation.db", "random.uniform"): "spreads retries, decides nothing",
    ("bursar.foundation.log", "secrets.token_hex"): "a correlation id names a request, and decides nothing",
    ("bursar.foundation.log", "time.time_ns"): "it begins with the time for the sake of indexes alone",
    ("bursar.foundation.embedded.cluster", "secrets.token_urlsafe"): "passwords of the server that it makes",
    ("bursar.identity.tokens", "secrets.choice"): "passwords made for people",
    ("bursar.identity.tokens", "secrets.token_urlsafe"): "keys and session tokens must be unpredictable",
    ("bursar.outbound.webhooks.signatures", "secrets.token_bytes"): "signing secrets must be unpredictable",
    ("bursar_sandbox.clock", "time.time_ns"): "the sandbox's one clock",
}
"""Where time and chance may come from, and why; an entry that is no longer used has to go."""


def uses(module: Module) -> Iterator[tuple[str, int]]:
    """Each place where a module asks for the time or throws dice, and which it uses."""
    for name, line in names(module):
        if name in CLOCKS | DICE or (name.startswith(DICE_BOXES) and name != SEEDED):
            yield name, line


def own_clocks_and_dice(module: Module) -> Iterator[str]:
    """Uses that nobody has given a reason for."""
    for name, line in uses(module):
        if (module.name, name) not in ALLOWED:
            yield module.at(line, f"uses {name}; take the time, the id or the random source as an argument")


def test_time_and_chance_come_in_as_arguments() -> None:
    assert_kept(own_clocks_and_dice, [*bursar(), *sandbox()])


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nX = datetime.now(UTC)",
        "import datetime\nX = datetime.datetime.utcnow()",
        "import time\nX = time.time()",
        "from time import time\nX = time()",
        "from uuid import uuid4\nX = uuid4()",
        "import random\nX = random.choice([1, 2])",
        "import secrets\nX = secrets.token_hex()",
        "from secrets import token_bytes\nX = token_bytes(8)",
        "import datetime as dt\nX = field(default_factory=dt.datetime.now)",
    ],
)
def test_a_clock_of_ones_own_is_seen(text: str) -> None:
    assert breaches(own_clocks_and_dice, [snippet("src/bursar/payouts/actions.py", text)])


@pytest.mark.parametrize(
    "text", ["import time\nX = time.monotonic()", "X = clock.now()", "import random\nX = random.Random(7)"]
)
def test_intervals_given_clocks_and_seeded_streams_are_fine(text: str) -> None:
    assert breaches(own_clocks_and_dice, [snippet("src/bursar/payouts/actions.py", text)]) == []


def test_every_exception_is_still_needed() -> None:
    used = {(module.name, name) for module in [*bursar(), *sandbox()] for name, _ in uses(module)}
    assert ALLOWED.keys() - used == set(), "delete the exceptions that nobody uses any more"
