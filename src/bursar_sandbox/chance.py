"""Chance that can be replayed: every use draws from a stream of its own."""

import random


def stream(seed: int, name: str) -> random.Random:
    """The stream of this name; a draw from one never shifts what another gives."""
    return random.Random(f"{seed}:{name}")  # noqa: S311 - it decides faults, not secrets.
