"""Holders: whoever owns a balance in a program, and where they want to be paid.

The room promises that a holder is one row for each (program, reference), however often and from wherever it is
registered, and that its id, program, kind and reference never change. Destinations that holders store are sealed to
their row; which account one names never changes, and one that takes another's place waits for its cool-off.
"""

from bursar.holders.actions import PAGE_MAX, by_reference, by_references, find, list_page, register, verify
from bursar.holders.denials import Denial, NewDenial, allow, denied, denied_about, denied_since, deny, reseal_denied
from bursar.holders.destinations import (
    add_destinations,
    at_indexes,
    choose,
    destinations_of,
    make_default,
    not_payable,
    note_checks,
    open_destination,
    remove_destinations,
    reseal,
    sharers,
    take_unchecked,
)
from bursar.holders.errors import (
    AlreadyDenied,
    NoDefaultDestination,
    NoSuchDenial,
    NoSuchDestination,
    NoSuchHolder,
    TooManyDestinations,
    UnknownProgram,
)
from bursar.holders.model import (
    DESTINATIONS_MAX,
    AccountCheck,
    AccountVerdict,
    AddedDestination,
    Choice,
    Destination,
    Holder,
    NewDestination,
    NewHolder,
    StoredDestination,
)

__all__ = [
    "DESTINATIONS_MAX",
    "PAGE_MAX",
    "AccountCheck",
    "AccountVerdict",
    "AddedDestination",
    "AlreadyDenied",
    "Choice",
    "Denial",
    "Destination",
    "Holder",
    "NewDenial",
    "NewDestination",
    "NewHolder",
    "NoDefaultDestination",
    "NoSuchDenial",
    "NoSuchDestination",
    "NoSuchHolder",
    "StoredDestination",
    "TooManyDestinations",
    "UnknownProgram",
    "add_destinations",
    "allow",
    "at_indexes",
    "by_reference",
    "by_references",
    "choose",
    "denied",
    "denied_about",
    "denied_since",
    "deny",
    "destinations_of",
    "find",
    "list_page",
    "make_default",
    "not_payable",
    "note_checks",
    "open_destination",
    "register",
    "remove_destinations",
    "reseal",
    "reseal_denied",
    "sharers",
    "take_unchecked",
    "verify",
]
