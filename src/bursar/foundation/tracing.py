"""Traces (OpenTelemetry), where somebody wants them: one for each correlation id, from the request to the settlement.

Optional in two ways. Without ``OTEL_EXPORTER_OTLP_ENDPOINT`` nothing is imported and a span costs a comparison; with it
the extra ``bursar[tracing]`` must be installed. The SDK reads its other variables itself (``OTEL_SERVICE_NAME``,
``OTEL_TRACES_SAMPLER``, ``OTEL_EXPORTER_OTLP_HEADERS``).

What belongs together is never handed from process to process. A trace's id follows from the correlation id, which is
stored with the payout, its attempts and messages, so that a report that comes in next week still joins the trace that
the request began. A payout has a span from its request to its rest; its id follows from the payout's, and what happens
to the payout in between is told as that span's children before the span itself is told.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime
from enum import Enum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from bursar.foundation import log

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Link, Tracer

LINKS_MAX: Final = 128  # OpenTelemetry's own limit for one span.

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")

_log = log.get(__name__)


class Side(Enum):
    """On which side of a call a span stands; the names are OpenTelemetry's."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"  # We were called.
    CLIENT = "CLIENT"  # We call.


class Span(Protocol):
    """Something that takes a while. Only facts that a log line may show are kept, masked as there."""

    def note(self, **facts: Any) -> None:
        """Add what has become known."""
        ...

    def rename(self, name: str) -> None:
        """Give it the name that it turned out to have."""
        ...

    def fail(self, why: str) -> None:
        """Call it failed, for a reason in one word."""
        ...


def trace_id(correlation: str) -> str:
    """The id of the trace that a correlation id names: 32 hexadecimal digits, as W3C Trace Context has them.

    A correlation id that is such an id already, because a caller's own trace began the story, stays as it is.
    """
    if _TRACE_ID.fullmatch(correlation):
        return correlation
    return hashlib.sha256(correlation.encode()).hexdigest()[:32]


def read_parent(traceparent: str) -> tuple[str, str] | None:
    """The trace and the span in a ``traceparent`` header (W3C Trace Context, section 3.2); None if it is none."""
    found = _TRACEPARENT.fullmatch(traceparent.strip())
    return (found[1], found[2]) if found else None


def configure(endpoint: str | None, *, service: str) -> None:
    """Send this process's spans to ``endpoint`` from now on; without one, and without the extra, do nothing.

    ``OTEL_SERVICE_NAME`` wins over ``service``. Once is enough: another call changes nothing.
    """
    if endpoint is None or _wire.tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        _log.warning("tracing.not_installed", cause="install bursar[tracing]")
        return
    _wire.lay(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"), service=service)


def configure_with(exporter: "SpanExporter", *, service: str) -> None:
    """Send spans through an exporter of one's own from now on, each as soon as it ends; ends what was there before."""
    shut_down()
    _wire.lay(exporter, service=service, at_once=True)


def shut_down() -> None:
    """Send what is left, and nothing more."""
    provider, _wire.provider, _wire.tracer = _wire.provider, None, None
    if provider is not None:
        provider.shutdown()


def is_on() -> bool:
    """Whether spans go anywhere."""
    return _wire.tracer is not None


def span(
    name: str,
    *,
    side: Side = Side.INTERNAL,
    correlation: str | None = None,
    payout_id: UUID | None = None,
    parent: tuple[str, str] | None = None,
    links: Collection[tuple[str, UUID]] = (),
    **facts: Any,
) -> AbstractContextManager[Span]:
    """Tell how long something takes; what is told inside becomes part of it.

    It belongs to the trace of ``correlation`` (unless given, to whatever is under way, or to the present correlation
    id), below the ``payout_id``'s own span if one is named, or below the ``parent`` that a caller's ``traceparent``
    gave. ``links`` are payouts, each with its correlation id, that it serves as well. An exception fails it and goes
    on.
    """
    if _wire.tracer is None:
        return _NOTHING
    named = {"correlation_id": correlation or log.correlation_id(), "payout_id": payout_id, **facts}
    return _wire.begin(name, side, _place(correlation, payout_id, parent), links, named).entered()


def told(
    name: str,
    *,
    correlation: str | None,
    payout_id: UUID,
    since: datetime,
    until: datetime,
    is_payout: bool = False,
    **facts: Any,
) -> AbstractContextManager[Span]:
    """Tell of something that is over: below a payout's own span, or as that very span."""
    if _wire.tracer is None or correlation is None:
        return _NOTHING
    whole = _payout_span(payout_id)
    place = _Place(trace_id(correlation), None if is_payout else whole)
    named = {"correlation_id": correlation, "payout_id": payout_id, **facts}
    own = int(whole, 16) if is_payout else None
    return _wire.begin(name, Side.INTERNAL, place, (), named, since=since, own=own).ending(until)


class _Nothing:
    """A span that goes nowhere."""

    def note(self, **_: Any) -> None:
        pass

    def rename(self, _name: str) -> None:
        pass

    def fail(self, _why: str) -> None:
        pass


_NOTHING: Final = nullcontext(_Nothing())


class _Place:
    """Where in which trace a span stands; without ``parent`` it is one of the trace's own beginnings."""

    def __init__(self, trace: str, parent: str | None) -> None:
        self.trace = int(trace, 16)
        self.parent = int(parent, 16) if parent else None


_next_trace: ContextVar[int | None] = ContextVar("next_trace", default=None)
_next_span: ContextVar[int | None] = ContextVar("next_span", default=None)


def _payout_span(payout_id: UUID) -> str:
    return hashlib.sha256(b"payout" + payout_id.bytes).hexdigest()[:16]


def _place(correlation: str | None, payout_id: UUID | None, parent: tuple[str, str] | None) -> _Place | None:
    """None is below whatever is under way."""
    if correlation is None:
        return None
    trace = trace_id(correlation)
    if payout_id is not None:
        return _Place(trace, _payout_span(payout_id))
    return _Place(trace, parent[1] if parent is not None and parent[0] == trace else None)


class _Wire:
    """This process's way to whoever collects spans, once it is laid."""

    def __init__(self) -> None:
        self.provider: TracerProvider | None = None
        self.tracer: Tracer | None = None

    def lay(self, exporter: "SpanExporter", *, service: str, at_once: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        named = Resource({"service.name": service, "service.version": version("bursar")})
        self.provider = TracerProvider(resource=named.merge(Resource.create()), id_generator=_chosen_ids())
        self.provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer("bursar", version("bursar"))

    def begin(
        self,
        name: str,
        side: Side,
        place: _Place | None,
        links: Collection[tuple[str, UUID]],
        facts: Mapping[str, Any],
        *,
        since: datetime | None = None,
        own: int | None = None,
    ) -> "_Told":
        from opentelemetry import context, trace

        assert self.tracer is not None, "somebody is listening"
        if place is None and not trace.get_current_span().get_span_context().is_valid:
            place = _place(log.correlation_id(), None, None)
        chosen = _next_trace.set(place.trace if place and place.parent is None else None), _next_span.set(own)
        try:
            return _Told(
                self.tracer.start_span(
                    name,
                    context=context.get_current() if place is None else self._below(place),
                    kind=trace.SpanKind[side.value],
                    attributes=_shown(facts),
                    links=[self._link(*one) for one in list(links)[:LINKS_MAX]],
                    start_time=_nanoseconds(since) if since else None,
                )
            )
        finally:
            _next_trace.reset(chosen[0])
            _next_span.reset(chosen[1])

    def _below(self, place: _Place) -> "Context":
        """A context whose spans belong to a trace, below a span that some other process tells of."""
        from opentelemetry import context, trace

        if place.parent is None:
            return context.Context()
        above = trace.NonRecordingSpan(self._other(place.trace, place.parent))
        return trace.set_span_in_context(above, context.Context())

    def _link(self, correlation: str, payout_id: UUID) -> "Link":
        from opentelemetry import trace

        return trace.Link(self._other(int(trace_id(correlation), 16), int(_payout_span(payout_id), 16)))

    def _other(self, trace_id_: int, span_id: int) -> Any:
        """A span that is told elsewhere. It was sampled if its trace is, which follows from the trace's id."""
        from opentelemetry import trace
        from opentelemetry.sdk.trace.sampling import Decision

        assert self.provider is not None, "somebody is listening"
        is_told = self.provider.sampler.should_sample(None, trace_id_, "").decision is Decision.RECORD_AND_SAMPLE
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if is_told else trace.TraceFlags.DEFAULT)
        return trace.SpanContext(trace_id_, span_id, is_remote=True, trace_flags=flags)


class _Told:
    """A span that is sent when it ends."""

    def __init__(self, span_: Any) -> None:
        self._span = span_

    def note(self, **facts: Any) -> None:
        self._span.set_attributes(_shown(facts))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, why: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._span.set_status(Status(StatusCode.ERROR, why))

    @contextmanager
    def ending(self, at: datetime) -> Iterator[Span]:
        yield self
        self._span.end(_nanoseconds(at))

    @contextmanager
    def entered(self) -> Iterator[Span]:
        from opentelemetry import trace

        # An exception's text may quote what it was about, so only its name is told.
        with trace.use_span(self._span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield self
            except Exception as failure:
                self.fail(type(failure).__name__)
                raise


def _chosen_ids() -> Any:
    """The SDK's own ids, except where one follows from what is told of."""
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Chosen(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return _next_trace.get() or super().generate_trace_id()

        def generate_span_id(self) -> int:
            return _next_span.get() or super().generate_span_id()

    return Chosen()


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as attributes, none that a log line would not show."""
    plain = {
        name: value if isinstance(value, str | bool | int | float) else str(value)
        for name, value in facts.items()
        if value is not None
    }
    return {_CONVENTIONS.get(name, f"bursar.{name}"): value for name, value in log.redact(None, "", plain).items()}


_CONVENTIONS: Final = {
    "method": "http.request.method",
    "route": "http.route",
    "http_status": "http.response.status_code",
}
"""OpenTelemetry's own names, which its tools look for."""


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1_000


_wire: Final = _Wire()
