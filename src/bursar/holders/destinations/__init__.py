"""Where holders want to be paid: stored sealed, found by blind index, checked with the gateway, paid after a while."""

from bursar.holders.destinations.actions import (
    add_destinations,
    at_indexes,
    choose,
    destinations_of,
    make_default,
    not_payable,
    note_checks,
    open_destination,
    open_destinations,
    remove_destinations,
    reseal,
    sharers,
    take_unchecked,
)

__all__ = [
    "add_destinations",
    "at_indexes",
    "choose",
    "destinations_of",
    "make_default",
    "not_payable",
    "note_checks",
    "open_destination",
    "open_destinations",
    "remove_destinations",
    "reseal",
    "sharers",
    "take_unchecked",
]
