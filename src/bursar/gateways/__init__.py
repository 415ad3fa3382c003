"""Gateways: the providers that move money, behind one protocol.

One folder per provider; nothing outside its folder knows its name or its wire format. A gateway is asked with an
``Instruction`` and answers with an ``Outcome``, and what is not proof is ``UNKNOWN``.
"""

from bursar.gateways.model import (
    AccountResolver,
    CannotList,
    Capabilities,
    Confirmed,
    Denied,
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
    "AccountResolver",
    "CannotList",
    "Capabilities",
    "Confirmed",
    "Denied",
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
