"""Sealing and verifying.

A block holds the hash of each of its events in order (leaves), the Merkle root over them (odd nodes are carried up
unpaired, so that no two lists of leaves share a root), and a hash over root, bounds and the block before.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from bursar import payouts
from bursar.foundation import log
from bursar.foundation.db import Record, Transaction
from bursar.monitoring.audit import store

BLOCK_MAX: Final = 1_000
GENESIS: Final = bytes(32)
_LEAF, _NODE = (
    b"\x00",
    b"\x01",
)  # Told apart, so that an inner node can never pass for an event (RFC 6962, section 2.1).
_DIGEST_BYTES: Final = 32

_encode = msgspec.json.Encoder(order="deterministic").encode
_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that does not fit: in which block, which event, and what is wrong with it."""

    block: int
    event: str
    what: str


async def seal(tx: Transaction) -> int:
    """Fold the next committed events into one block; how many there were."""
    events = await payouts.audit_feed(tx, limit=BLOCK_MAX)
    if not events:
        return 0
    last = await store.last_block(tx)
    leaves = [leaf(event) for event in events]
    number, previous = (last["number"] + 1, last["hash"]) if last else (1, GENESIS)
    bounds = (_place(events[0]), _place(events[-1]))
    root = merkle_root(leaves)
    block_hash = _block_hash(number, len(leaves), bounds, root, previous)
    await store.insert_block(
        tx, number=number, bounds=bounds, leaves=b"".join(leaves), root=root, previous=previous, block_hash=block_hash
    )
    _log.info("audit.sealed", count=len(leaves), head=block_hash.hex())
    return len(leaves)


async def verify(tx: Transaction) -> tuple[int, Fault | None]:
    """Derive the whole chain again: how many events it holds, and the first fault if there is one."""
    seen, previous, number, ended = 0, GENESIS, 0, store.START
    async for block in store.blocks(tx):
        number += 1
        fault = _block_fault(block, number, previous) or await _event_fault(tx, block, after=ended)
        if fault is not None:
            return seen, fault
        seen, previous = seen + block["events"], block["hash"]
        ended = (str(block["last_xid"]), block["last_id"])
    sealed_up_to = await payouts.audit_position(tx)
    if sealed_up_to != ended:
        return seen, Fault(number + 1, "the newest block", "missing: more was sealed than the chain holds")
    return seen, None


def leaf(event: Record) -> bytes:
    """The hash of one event: every column of its row, in a fixed order and form."""
    values = [event[name] for name in payouts.AUDITED_COLUMNS]
    return hashlib.sha256(
        _LEAF + _encode([str(v) if not isinstance(v, int | dict | None) else v for v in values])
    ).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaves; a node without a neighbour is carried up as it is."""
    level = list(leaves)
    while len(level) > 1:
        paired = [hashlib.sha256(_NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def _block_hash(
    number: int, count: int, bounds: tuple[store.Place, store.Place], root: bytes, previous: bytes
) -> bytes:
    return hashlib.sha256(_encode([number, count, bounds, root.hex(), previous.hex()])).digest()


def _block_fault(block: store.Block, number: int, previous: bytes) -> Fault | None:
    """Whether the block is the next one, and whether it still is what it was when it was sealed."""
    leaves = _leaves(block)
    bounds = ((str(block["first_xid"]), block["first_id"]), (str(block["last_xid"]), block["last_id"]))
    if block["number"] != number:
        return Fault(number, "the block itself", "missing")
    intact = (
        block["previous"] == previous
        and len(leaves) == block["events"]
        and merkle_root(leaves) == block["root"]
        and _block_hash(number, len(leaves), bounds, block["root"], previous) == block["hash"]
    )
    return None if intact else Fault(number, "the block itself", "altered")


async def _event_fault(tx: Transaction, block: store.Block, *, after: store.Place) -> Fault | None:
    """The first event between the block before and the end of this one that is not what was sealed."""
    sealed = _leaves(block)
    events = await payouts.audited_between(tx, after=after, to=(str(block["last_xid"]), block["last_id"]))
    found = [leaf(event) for event in events]
    if found == sealed:
        return None
    i = next((i for i, (a, b) in enumerate(zip(found, sealed, strict=False)) if a != b), min(len(found), len(sealed)))
    if found[i : i + 1] and found[i + 1 : i + 2] == sealed[i : i + 1]:
        return Fault(block["number"], _name(events[i]), "slipped in")
    if found[i : i + 1] == sealed[i + 1 : i + 2]:
        after_what = f"the event after {_name(events[i - 1])}" if i else "the first event"
        return Fault(block["number"], after_what, "missing")
    return Fault(block["number"], _name(events[i]), "altered or out of order")


def _leaves(block: store.Block) -> list[bytes]:
    joined = block["leaves"]
    return [joined[i : i + _DIGEST_BYTES] for i in range(0, len(joined), _DIGEST_BYTES)]


def _place(event: Record) -> store.Place:
    return str(event["xid"]), event["id"]


def _name(event: Record) -> str:
    return f"step {event['seq']} of payout {event['payout_id']}"
