"""Spans of one correlation id make one trace, whichever process tells of them; without a collector there is no cost."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bursar.foundation import log, tracing

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PAYOUT = UUID("01a1f850-5d42-7c08-a4d6-d16c0fa92a68")


@pytest.fixture
def told() -> Iterator[InMemorySpanExporter]:
    """What is told to whoever collects spans."""
    exporter = InMemorySpanExporter()
    tracing.configure_with(exporter, service="test")
    yield exporter
    tracing.shut_down()


def by_name(told: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """Each span under its name."""
    return {span.name: span for span in told.get_finished_spans()}


def trace_of(span: ReadableSpan) -> str:
    """The id of the trace that a span belongs to."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_what_bears_one_correlation_id_is_one_trace(told: InMemorySpanExporter) -> None:
    with tracing.span("request", correlation="corr_1"), tracing.span("inside"):
        pass
    with tracing.span("call, a week later", correlation="corr_1", payout_id=PAYOUT):
        pass
    with tracing.told("report", correlation="corr_1", payout_id=PAYOUT, since=AT, until=AT + timedelta(seconds=2)):
        pass
    with tracing.span("somebody else's", correlation="corr_2"):
        pass
    spans = by_name(told)
    assert trace_of(spans.pop("somebody else's")) == tracing.trace_id("corr_2")
    assert {trace_of(span) for span in spans.values()} == {tracing.trace_id("corr_1")}


def test_what_happens_to_a_payout_stands_below_its_own_span(told: InMemorySpanExporter) -> None:
    with tracing.span("call", correlation="corr_1", payout_id=PAYOUT):
        pass
    with tracing.told("payout", correlation="corr_1", payout_id=PAYOUT, since=AT, until=AT, is_payout=True):
        pass
    spans = by_name(told)
    assert spans["call"].parent is not None
    assert spans["payout"].context is not None
    assert spans["call"].parent.span_id == spans["payout"].context.span_id
    assert spans["payout"].parent is None


def test_a_span_inside_another_stands_below_it(told: InMemorySpanExporter) -> None:
    with tracing.span("outer", correlation="corr_1"), tracing.span("inner"):
        pass
    spans = by_name(told)
    assert spans["outer"].parent is None
    assert spans["inner"].parent is not None
    assert spans["outer"].context is not None
    assert spans["inner"].parent.span_id == spans["outer"].context.span_id


def test_without_anything_under_way_the_present_correlation_id_counts(told: InMemorySpanExporter) -> None:
    with log.correlated("corr_now"), tracing.span("alone"):
        pass
    assert trace_of(by_name(told)["alone"]) == tracing.trace_id("corr_now")


def test_a_callers_own_trace_is_continued(told: InMemorySpanExporter) -> None:
    parent = tracing.read_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    assert parent is not None
    with tracing.span("request", correlation=parent[0], parent=parent):
        pass
    request = by_name(told)["request"]
    assert trace_of(request) == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "corr_1",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    ],
)
def test_what_is_no_trace_parent_is_none(header: str) -> None:
    assert tracing.read_parent(header) is None


def test_links_lead_to_the_payouts_that_a_call_served(told: InMemorySpanExporter) -> None:
    with tracing.span("bulk", correlation="corr_pass", links=[("corr_1", PAYOUT), ("corr_2", PAYOUT)]):
        pass
    links = [f"{link.context.trace_id:032x}" for link in by_name(told)["bulk"].links]
    assert links == [tracing.trace_id("corr_1"), tracing.trace_id("corr_2")]


def test_an_exception_fails_a_span_and_goes_on_untold(told: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="1234500001"), tracing.span("call", correlation="corr_1"):
        raise ValueError("account 1234500001")
    call = by_name(told)["call"]
    assert (call.status.status_code, call.status.description) == (StatusCode.ERROR, "ValueError")
    assert "1234500001" not in call.to_json()


def test_a_span_shows_what_a_log_line_shows(told: InMemorySpanExporter) -> None:
    with tracing.span("call", correlation="corr_1", gateway="mockbank", account="1234500001", reason_code="1234500001"):
        pass
    attributes = dict(by_name(told)["call"].attributes or {})
    assert attributes["bursar.gateway"] == "mockbank"
    assert "1234500001" not in map(str, attributes.values())


def test_a_span_names_its_correlation_id(told: InMemorySpanExporter) -> None:
    with tracing.span("request", correlation="corr_1"):
        pass
    assert dict(by_name(told)["request"].attributes or {})["bursar.correlation_id"] == "corr_1"


def test_what_is_over_keeps_its_own_times(told: InMemorySpanExporter) -> None:
    with tracing.told("report", correlation="corr_1", payout_id=PAYOUT, since=AT, until=AT + timedelta(seconds=2)):
        pass
    report = by_name(told)["report"]
    assert report.start_time is not None
    assert report.end_time is not None
    assert (report.start_time, report.end_time - report.start_time) == (int(AT.timestamp()) * 10**9, 2 * 10**9)


def test_without_a_collector_nothing_is_imported() -> None:
    code = """
import sys
from bursar.foundation import tracing
tracing.configure(None, service="test")
with tracing.span("call", correlation="corr_1") as span:
    span.note(gateway="mockbank")
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_without_the_extra_a_process_says_so_and_works() -> None:
    code = """
import sys
sys.modules["opentelemetry"] = None
from bursar.foundation import log, tracing
log.configure(level="info", json=True)
tracing.configure("http://127.0.0.1:4318", service="test")
with tracing.span("call", correlation="corr_1"):
    print(tracing.is_on())
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
    assert "tracing.not_installed" in ran.stderr


def test_a_collector_gets_every_span_by_the_time_a_process_has_ended() -> None:
    posted: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    code = """
import sys
from bursar.foundation import tracing
tracing.configure(sys.argv[1], service="bursar")
for name in ("request", "gateway send"):
    with tracing.span(name, correlation="corr_1"):
        pass
"""
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever).start()
        endpoint = f"http://127.0.0.1:{server.server_port}/"
        subprocess.run([sys.executable, "-c", code, endpoint], check=True)
        server.shutdown()
    assert {path for path, _ in posted} == {"/v1/traces"}
    told = ExportTraceServiceRequest.FromString(b"".join(body for _, body in posted))
    spans = [span for resource in told.resource_spans for scope in resource.scope_spans for span in scope.spans]
    assert {span.name for span in spans} == {"request", "gateway send"}
    assert {span.trace_id.hex() for span in spans} == {tracing.trace_id("corr_1")}
