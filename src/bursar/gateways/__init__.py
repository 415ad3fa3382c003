"""Gateways: the providers that move money, behind one protocol.

One folder per provider; nothing outside its folder knows its name or its wire format. A gateway is asked with an
``Instruction`` and answers with an ``Outcome``, and what is not proof is ``UNKNOWN``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bursar.gateways import phonepe
from bursar.gateways.model import (
    AccountResolver,
    CannotList,
    Capabilities,
    Confirmed,
    Denied,
    Downtime,
    Echo,
    FloatKeeper,
    ForgedReport,
    Gateway,
    Instruction,
    NeverArrived,
    NotKnown,
    Outcome,
    Payment,
    PaymentLister,
    Report,
    Resolution,
    Word,
    check_echo,
)

__all__ = [
    "SLOTS",
    "AccountResolver",
    "CannotList",
    "Capabilities",
    "Confirmed",
    "Denied",
    "Downtime",
    "Echo",
    "FloatKeeper",
    "ForgedReport",
    "Gateway",
    "Instruction",
    "NeverArrived",
    "NotKnown",
    "Outcome",
    "Payment",
    "PaymentLister",
    "Report",
    "Resolution",
    "Word",
    "check_echo",
]

SLOTS: Final[Mapping[str, str]] = MappingProxyType({phonepe.NAME: phonepe.WHY})
"""Providers whose names people use, and why there is no gateway to them."""
