"""How a job travels, whoever carries it."""

import msgspec


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job on its way: its name and what it carries, as JSON."""

    job: str
    payload: msgspec.Raw

    @classmethod
    def seal(cls, job: str, payload: msgspec.Struct) -> bytes:
        """The bytes that travel."""
        return msgspec.json.encode(cls(job, msgspec.Raw(msgspec.json.encode(payload))))
