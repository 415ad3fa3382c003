"""Recipients and senders of the general flow, in a simple form: what was said about them is kept as it was said."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.flutterwave.dialect import Refused
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.v4 import wire

PREFIX: Final = {"recipients": "rcb", "senders": "sdr"}


class Parties:
    """Those whom a merchant has named."""

    def __init__(self, processor: Processor) -> None:
        """Nobody is named yet."""
        self._processor = processor
        self._known: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in PREFIX}

    def act(self, method: str, *, kind: str, code: str | None, body: bytes) -> Callable[[], Answer]:
        """What a call about them does."""
        match method, code:
            case "POST", None:
                return lambda: self._create(kind, body)
            case "GET", None:
                return lambda: wire.success(200, f"{kind.title()} fetched", [*self._known[kind].values()])
            case "GET", str():
                return lambda: wire.success(200, f"{kind.title()[:-1]} fetched", self._find(kind, code))
            case "DELETE", str():
                return lambda: self._delete(kind, code)
        raise Refused(wire.error(404, "RESOURCE_NOT_FOUND", "Route not found"))

    def recipient_of(self, instruction: wire.Instruction) -> wire.Recipient:
        """Whom an instruction means: the one in it, or one who was named before."""
        if instruction.sender_id is not None:
            self._find("senders", instruction.sender_id)
        if instruction.recipient_id is not None:
            return msgspec.convert(self._find("recipients", instruction.recipient_id), wire.Recipient)
        if instruction.recipient is None:
            raise wire.invalid("payment_instruction.recipient", "must not be null")
        return instruction.recipient

    def _create(self, kind: str, body: bytes) -> Answer:
        said = wire.read(body, dict[str, Any])
        if kind == "recipients":
            _ = wire.read(body, wire.Recipient).place  # Refused where it is none.
        code = f"{PREFIX[kind]}_{self._processor.new_code()}"
        party = self._known[kind][code] = {**said, "id": code}
        return wire.success(201, f"{kind.title()[:-1]} created", party)

    def _find(self, kind: str, code: str) -> dict[str, Any]:
        party = self._known[kind].get(code)
        if party is None:
            raise Refused(wire.error(404, "RESOURCE_NOT_FOUND", f"{kind.title()[:-1]} not found"))
        return party

    def _delete(self, kind: str, code: str) -> Answer:
        del self._known[kind][self._find(kind, code)["id"]]
        return wire.success(200, f"{kind.title()[:-1]} deleted", None)
