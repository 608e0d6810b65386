"""Traces, metrics and logs (issue 3, deliverable 9)."""

import gzip
import io
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import Counter, Gauge, Histogram

from concord.errors import Invalid
from concord.telemetry import logs, messaging, metrics, tracing
from concord.testkit.signin import LocalSignin
from concord.testkit.telemetry import recorded_spans
from unit.web_sample import application, client_of

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def context(span: ReadableSpan) -> str:
    return tracing.format_traceparent(span.get_span_context())


def test_a_traceparent_travels_without_anybody_recording() -> None:
    assert tracing.current_traceparent() is None
    with tracing.span("outer", parent=PARENT):
        outer = tracing.current_traceparent()
        with tracing.span("inner"):
            inner = tracing.current_traceparent()
    assert outer is not None
    assert inner is not None
    assert outer[3:35] == inner[3:35] == TRACE
    assert len({outer[36:52], inner[36:52], PARENT[36:52]}) == 3
    assert tracing.current_traceparent() is None
    with tracing.span("alone"):
        assert (tracing.current_traceparent() or "")[3:35] not in {TRACE, "0" * 32}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "x",
        PARENT[:-1],
        PARENT + "0",
        PARENT.upper(),
        "01" + PARENT[2:],
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        PARENT + "\n",
    ],
)
def test_a_malformed_traceparent_counts_as_absent(text: str | None) -> None:
    assert tracing.parse_traceparent(text) is None


async def test_a_request_continues_the_callers_trace() -> None:
    signin = LocalSignin()
    with recorded_spans() as spans:
        async with client_of(application(signin)) as client:
            await client.get("/v1/things/secret/versions/1", headers={**signin.headers("marta"), "traceparent": PARENT})
            await client.get("/v1/broken", headers=signin.headers("marta"))
            await client.get("/nowhere/+12025550117?number=+12025550117", headers={"traceparent": "nonsense"})
    known, broken, unknown = spans.get_finished_spans()
    assert (known.name, known.kind) == ("GET /v1/things/{thing}/versions/{version}", SpanKind.SERVER)
    assert context(known)[3:35] == TRACE
    assert known.parent is not None
    assert dict(known.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/things/{thing}/versions/{version}",
        "http.response.status_code": 200,
    }
    assert broken.status.status_code is StatusCode.ERROR
    assert (unknown.name, unknown.parent) == ("GET unmatched", None)
    assert "2025550117" not in unknown.to_json()


def test_one_trace_leads_from_the_click_to_the_view() -> None:
    with recorded_spans() as spans:
        with tracing.span("POST /v1/offers", kind="server"):
            kept = tracing.current_traceparent()
        with messaging.sending("concord.offers.v1", [kept, None, kept], 2):
            pass
        with (
            messaging.receiving("concord.offers.v1", [kept], 1),
            messaging.applying("concord.offers.v1", kept, partition=0, offset=5, revision=6),
        ):
            pass
    click, send, apply, receive = spans.get_finished_spans()
    assert context(click) == kept
    assert (send.kind, apply.kind, receive.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.CLIENT)
    assert (send.name, apply.name, receive.name) == (
        "send concord.offers.v1",
        "process concord.offers.v1",
        "poll concord.offers.v1",
    )
    for linked in (send, receive):
        assert [tracing.format_traceparent(link.context) for link in linked.links] == [kept]
        assert context(linked)[3:35] != context(click)[3:35]
    assert apply.parent is not None
    assert tracing.format_traceparent(apply.parent) == kept
    assert (apply.attributes or {})["messaging.operation.type"] == "process"


def test_a_large_batch_has_a_bounded_number_of_links() -> None:
    with recorded_spans() as spans, messaging.receiving("t", [f"00-{n:032x}-{n:016x}-01" for n in range(1, 500)], 499):
        pass
    (span,) = spans.get_finished_spans()
    assert len(span.links) == messaging.LINKS
    assert (span.attributes or {})["messaging.batch.message_count"] == 499


def test_a_failed_span_says_the_type_and_nothing_a_customer_typed() -> None:
    with recorded_spans() as spans, pytest.raises(ValueError, match="2025550117"), tracing.span("x"):
        raise ValueError("+12025550117")
    (span,) = spans.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert "2025550117" not in span.to_json()


class Collector(BaseHTTPRequestHandler):
    """Takes what an OpenTelemetry collector would."""

    received: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        self.received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        pass


def test_spans_go_to_the_collector_that_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_recorder", None)
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        tracing.setup("registry", f"http://127.0.0.1:{server.server_port}/")
        with tracing.span("POST /v1/offers"):
            assert tracing.recording()
        tracing.shutdown()
        server.shutdown()
        thread.join()
    ((path, body),) = Collector.received
    assert path == "/v1/traces"
    assert b"POST /v1/offers" in gunzipped(body)
    assert b"registry" in gunzipped(body)


def gunzipped(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def test_without_a_collector_nothing_is_recorded() -> None:
    tracing.setup("registry", None)
    assert not tracing.recording()


def test_every_metric_says_what_it_means_and_what_to_do() -> None:
    names = [row.name for row in metrics.table]
    assert len(set(names)) == len(names)
    assert all(name.startswith("concord_") for name in names)
    assert all(row.meaning.endswith((".", ")")) and len(row.act) > 20 for row in metrics.table)
    assert all(row.name.endswith("_total") == (row.kind == "counter") for row in metrics.table)
    required = """propagation_seconds view_staleness_seconds view_revision outbox_backlog_age_seconds
        outbox_backlog_rows http_request_seconds token_wait_seconds digest_mismatch_total relay_sends_total
        import_lines_total decisions_total"""
    assert {f"concord_{name}" for name in required.split()} <= set(names)
    assert (metrics.PROPAGATION_BUCKETS[0], metrics.PROPAGATION_BUCKETS[-1]) == (0.001, 60.0)


def test_every_metric_is_measured_somewhere() -> None:
    root = Path(__file__).parents[2]
    sources = "".join(path.read_text() for folder in ("shared", "services") for path in (root / folder).rglob("*.py"))
    declared = [name for name, value in vars(metrics).items() if isinstance(value, Counter | Gauge | Histogram)]
    assert len(declared) == len(metrics.table)
    assert [name for name in declared if f"metrics.{name}." not in sources] == []


def test_no_label_can_hold_a_person() -> None:
    labels = {label for row in metrics.table for label in row.labels}
    assert labels <= {
        "channel",
        "topic",
        "partition",
        "route",
        "method",
        "status",
        "outcome",
        "kind",
        "verdict",
        "reason",
    }


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter("sample"))
    logger = logging.getLogger("concord.test_logs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger, stream
    logger.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_a_static_message_fields_and_the_trace(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    with tracing.span("x", parent=PARENT):
        logger.warning(
            "import line refused", extra={"action": "import", "job": "job_1", "line": 17, "reason": "invalid"}
        )
    (line,) = lines(stream)
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "warning", "service": "sample", "logger": "concord.test_logs",
        "message": "import line refused", "trace_id": TRACE,
        "action": "import", "job": "job_1", "line": 17, "reason": "invalid",
    }  # fmt: skip


def fail(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


PERSONAL = [
    "+12025550117",
    "+1 202 555 0117",
    "+1 (202) 555-0117",
    "12025550117",
    "linda@example.com",
    "K7M2-9QX4-TB",
    "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
]


@pytest.mark.parametrize("personal", PERSONAL)
def test_personal_data_is_masked_wherever_it_turns_up(
    written: tuple[logging.Logger, io.StringIO], personal: str
) -> None:
    logger, stream = written
    logger.error("library said %s", personal)
    logger.error(
        "fields",
        extra={"reason": f"no {personal}!", "offer": personal, "error": ValueError(personal), "records": [personal]},
    )
    logger.error("unlisted", extra={"number": personal, "given_name": "Linda", personal: 1})
    for kind in (ValueError, KeyError, RuntimeError, OSError):
        try:
            fail(kind(f"went wrong with {personal}"), Invalid(f"because {personal}"))
        except kind:
            logger.exception("failed")
    assert personal not in stream.getvalue()
    assert "Linda" not in stream.getvalue()
    assert lines(stream)[2]["withheld"]


def test_ids_and_positions_are_not_masked(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    fields = {
        "household": "hh_01jz8p3k2m4n5q6r7s8t9v0w1x",
        "revision": 123_456_789_012,
        "topic": "concord.offers.v1",
        "version": "0.14.0",
    }
    hashed = {"content_hash": "0123456789" * 6 + "abcd", "url": "postgresql://127.0.0.1:8432/registry"}
    logger.info("kept", extra={**fields, **hashed})
    (line,) = lines(stream)
    assert {**line, **fields, **hashed} == line


def test_an_exception_is_told_by_type_and_place(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    try:
        fail(ExceptionGroup("several", [OSError("connection refused"), KeyError("linda")]))
    except ExceptionGroup:
        logger.exception("failed")
    told = lines(stream)[0]["exception"]
    assert told["where"][0].startswith("test_telemetry.py:test_an_exception")
    assert [inner["type"] for inner in told["errors"]] == ["OSError", "KeyError"]
    assert (told["errors"][0]["message"], "message" in told["errors"][1]) == ("connection refused", False)


@pytest.mark.parametrize(
    "value", ["\ud800", "\x00", "a\nb", 1 << 70, float("nan"), object(), {"a": 1}, b"x", "x" * 10_000]
)
def test_any_value_can_be_logged_on_one_line(written: tuple[logging.Logger, io.StringIO], value: object) -> None:
    logger, stream = written
    logger.info("said %s", value, extra={"reason": value})
    assert len(lines(stream)) == 1
    assert len(stream.getvalue()) < 2_000


def test_setup_replaces_what_the_libraries_installed() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        logs.setup("sample", "INFO", stream)
        logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
        logging.getLogger("httpx").info("HTTP Request: GET http://x/%s", "12025550117")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert [line["message"] for line in lines(stream)] == ["Started server process [7]"]
