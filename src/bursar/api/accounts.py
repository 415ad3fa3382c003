"""Accounts as requests bring them, field by field. What a program allows of them, its terms say."""

from typing import Annotated

import msgspec

from bursar.api.rules import LINE

BankCode = Annotated[
    str, msgspec.Meta(max_length=20, pattern=r"^[A-Za-z0-9_-]+$(?!\n)", description="Which bank, by its code.")
]
AccountNumber = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[A-Za-z0-9]([A-Za-z0-9 -]*[A-Za-z0-9])?$(?!\n)")]
GatewayAccount = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$(?!\n)")]
UpiAddress = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[A-Za-z0-9._-]{2,}@[A-Za-z][A-Za-z0-9]+$(?!\n)")]
AccountTitle = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        description="Whose account it is; one line.",
        extra_json_schema={"pattern": LINE},
    ),
]
