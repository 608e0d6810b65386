"""Every metric of Concord, declared in one table: name, kind, labels, what it measures and what to do about it.

Labels hold routes, topics, channels and outcomes, never an id of a person, household or promise: their number stays
bounded. `python -m concord.telemetry.metrics` prints the reference page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
Kind = Literal["counter", "gauge", "histogram"]

# Seconds. 1 ms to 60 s: a propagation of 5 ms and a rebuild of a minute are told apart on one scale.
PROPAGATION_BUCKETS: Final = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05,
    0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
WAIT_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """A row of the table."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    act: str


disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of which nobody asks
registry: Final = CollectorRegistry()
table: Final[list[Metric]] = []


def _declare(name: str, kind: Kind, labels: Sequence[str], meaning: str, act: str) -> Metric:
    metric = Metric(name, kind, tuple(labels), meaning, act)
    table.append(metric)
    return metric


def _counter(name: str, labels: Sequence[str], meaning: str, act: str) -> Counter:
    row = _declare(name, "counter", labels, meaning, act)
    return Counter(row.name, row.meaning, row.labels, registry=registry)


def _gauge(name: str, labels: Sequence[str], meaning: str, act: str) -> Gauge:
    row = _declare(name, "gauge", labels, meaning, act)
    return Gauge(row.name, row.meaning, row.labels, registry=registry)


def _histogram(name: str, labels: Sequence[str], buckets: Sequence[float], meaning: str, act: str) -> Histogram:
    row = _declare(name, "histogram", labels, meaning, act)
    return Histogram(row.name, row.meaning, row.labels, buckets=buckets, registry=registry)


propagation = _histogram(
    "concord_propagation_seconds",
    ("channel",),
    PROPAGATION_BUCKETS,
    "Seconds from a commit at the authority until the change is in the snapshot this channel answers from.",
    "Above 250 ms: compare concord_outbox_backlog_age_seconds (relay), then Kafka, then the channel's own CPU.",
)
view_staleness = _gauge(
    "concord_view_staleness_seconds",
    ("channel",),
    "Age of the newest heartbeat this channel has applied; everything committed before it is in the view.",
    "Rising in one channel: look at that process. Rising in all four: look at the relay and at Kafka.",
)
view_revision = _gauge(
    "concord_view_revision",
    ("channel", "topic", "partition"),
    "Highest revision of the partition in the view.",
    "Compare channels with each other; one that stands still while others move is stuck on a record (see its log).",
)
view_stopped = _gauge(
    "concord_view_stopped",
    ("channel",),
    "1 while the view stands still at a record that it cannot apply, 0 otherwise.",
    "1: page somebody. The channel answers from before that record and says STALE; its log names the place.",
)
view_gaps = _counter(
    "concord_view_gaps_total",
    ("channel", "topic"),
    "Revisions that were skipped after the view was built.",
    "Lawful when compaction overtook a channel that was down; with concord_digest_mismatch_total rising, a loss.",
)
pending_codes = _gauge(
    "concord_pending_codes",
    ("channel",),
    "Promise codes presented in this channel that nobody knew yet; they are looked up until found or 24 h old.",
    "Rising: promises reach customers before they reach the log, or somebody guesses codes.",
)
outbox_backlog_age = _gauge(
    "concord_outbox_backlog_age_seconds",
    ("topic",),
    "Age of the oldest committed change that is not on Kafka yet; 0 when there is none.",
    "Above 1 s: Kafka is away or slow, or the relay lost its lock. Writes go on; channels grow stale.",
)
outbox_backlog_rows = _gauge(
    "concord_outbox_backlog_rows",
    ("topic",),
    "Committed changes that are not on Kafka yet.",
    "Grows during an import and falls after it. Growing without an import: as for the age.",
)
relay_sends = _counter(
    "concord_relay_sends_total",
    ("topic",),
    "Records the relay has had acknowledged by Kafka, repeats after a crash included.",
    "Flat while concord_outbox_backlog_rows is above 0: the relay is not sending; its log says why.",
)
http_request = _histogram(
    "concord_http_request_seconds",
    ("route", "method", "status"),
    REQUEST_BUCKETS,
    "Seconds from the first byte of a request to the last byte of its answer, by route template.",
    "A status of 500 is a defect: find the trace id in the log. 503 says which engine is away in its reason.",
)
token_wait = _histogram(
    "concord_token_wait_seconds",
    ("outcome",),
    WAIT_BUCKETS,
    "Seconds a read waited for the view its Concord-At-Least names "
    "(served, waited, read_through, not_up_to_bound, lost_write).",
    "not_up_to_bound above 1 % of reads: propagation is slower than the 300 ms the wait allows.",
)
digest_mismatches = _counter(
    "concord_digest_mismatch_total",
    ("channel", "topic"),
    "Heartbeats whose count or digest did not equal the view's at the same revision.",
    "Any: the channel is not the authority's equal. It rebuilds by itself; if it goes on, POST /v1/view:rebuild.",
)
import_lines = _counter(
    "concord_import_lines_total",
    ("kind", "outcome"),
    "Lines of import jobs by outcome (accepted, already_there, refused).",
    "Refused: GET /v1/jobs/{id} names each line and its reason.",
)
decisions = _counter(
    "concord_decisions_total",
    ("verdict",),
    "Decisions given to customers, by verdict.",
    "A jump of unknown or withheld: facts are missing or the channel is fenced. A jump of refused: compare channels.",
)
tokens_refused = _counter(
    "concord_tokens_refused_total",
    ("reason",),
    "Bearer tokens refused, by reason.",
    "token_invalid in bulk: somebody probes, or a service has the wrong issuer. "
    "token_expired: a client does not renew.",
)
jwks_fetches = _counter(
    "concord_jwks_fetches_total",
    ("outcome",),
    "Fetches of the issuer's public keys by outcome (fetched, failed).",
    "failed: the issuer is away. Tokens signed by keys already known stay valid.",
)

ProcessCollector(registry=registry)


def exposition() -> bytes:
    """What `/metrics` answers."""
    return generate_latest(registry)


def reference() -> str:
    """The table as Markdown, for `docs/reference/metrics.md`."""
    lines = [
        "# Metrics",
        "",
        "Every process serves them at `/metrics` in the Prometheus text format. Durations are seconds.",
        "`process_*` is memory, CPU and open files as `prometheus_client` reports them.",
        "",
        "| metric | kind | labels | meaning | what to do |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| `{m.name}` | {m.kind} | {_labels(m)} | {m.meaning} | {m.act} |" for m in table]
    return "\n".join(lines) + "\n"


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels) or "none"


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201  the page is this module's output
