"""Logs: events in the past tense with facts, as JSON lines, and nothing that should not be there.

Redaction is an allow-list: a field whose name is not listed is written as ``[redacted]``. A new field therefore starts
invisible, and somebody has to decide that it is harmless.
"""

import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex
from typing import Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

ALLOWED: Final = frozenset(
    """
    event level timestamp logger correlation_id actor
    actor address attempt attempt_id batch bytes carrier cause channel code connections count delivery_id done dropped
    duration_ms endpoint_id event_id exception facts_code failed from_state gateway generation head holder_id host
    http_status inquiries job jobs key_id kind lane lease_no limit lost message_id messages method migration name
    oldest_seconds outcome path payout_id pid pool port process program reason_code remaining report_id route rule run
    running scope seconds signal state status subject text to_state tries verb version waited_ms waiting worker
    """.split()  # noqa: SIM905 - one word per field reads better than sixty quoted lines
)
"""Every field that a log line may show."""

_ID: Final = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_LONG_NUMBER: Final = re.compile(rf"({_ID})|\d{{8,}}")
"""Account numbers and the like never hide inside an allowed text; parts of a payout's id are none."""

_ROW_VALUES: Final = re.compile(r"\n?DETAIL: .*")
_REDACTED: Final = "[redacted]"

get = structlog.get_logger


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Show allowed fields only, and mask long numbers inside their texts. The last processor before rendering."""
    return {name: _masked(name, value) if name in ALLOWED else _REDACTED for name, value in event.items()}


def without_row_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop the lines in which PostgreSQL's errors quote the values of a row."""
    if isinstance(event.get("exception"), str):
        event["exception"] = _ROW_VALUES.sub("", event["exception"])
    return event


def _masked(name: str, value: Any) -> Any:
    """Mask long numbers however deep they lie; a value that JSON does not know is shown as Python would, masked too."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return value if name.endswith(("_id", "timestamp")) else _LONG_NUMBER.sub(_shown, value)
        case Mapping():
            return {_masked(name, str(key)): _masked(name, inner) for key, inner in value.items()}
        case list() | tuple():
            return [_masked(name, inner) for inner in value]
        case _:
            return _masked(name, repr(value))


def _shown(found: re.Match[str]) -> str:
    return found[1] or _REDACTED


class _StandardError:
    """Writes to standard error as it is at that moment: whoever replaces it gets the lines from then on."""

    def __init__(self, *_: object) -> None:
        pass

    def msg(self, line: str) -> None:
        """Write one line, whole."""
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is where logs end

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def configure(*, level: str, json: bool) -> None:
    """Set up logging for the whole process; called once, by ``bootstrap``."""
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_row_values,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_StandardError,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def new_correlation_id() -> str:
    """A name for one request or one pass of a worker, found again on every line and event it causes.

    It begins with the time, in milliseconds, so that an index of such names grows at one end.
    """
    return f"corr_{time.time_ns() // 1_000_000:012x}{token_hex(6)}"


def correlation_id() -> str | None:
    """The correlation id of whatever is being done now."""
    return structlog.contextvars.get_contextvars().get("correlation_id")


@contextmanager
def correlated(correlation: str | None = None) -> Iterator[str]:
    """Everything logged inside carries this correlation id (a new one unless given)."""
    chosen = correlation or new_correlation_id()
    with structlog.contextvars.bound_contextvars(correlation_id=chosen):
        yield chosen
