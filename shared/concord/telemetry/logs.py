"""JSON logs: one line an event, a static message plus fields, and no personal data.

    log.info("import line refused", extra={"action": "import", "job": job.id, "line": 17, "reason": "invalid"})

Only fields of `FIELDS` are written; others are named under `withheld`, so that a new one is a decision made here.
What is written is masked where it looks like an e-mail address, a telephone number or a promise code, also in the
messages of libraries. Exceptions are written by type and place; the message only where it cannot quote what a
customer typed.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Final, TextIO
from uuid import UUID

import orjson

from concord.errors import ConcordError
from concord.telemetry import tracing

FIELDS: Final = frozenset(
    {
        # what happened
        "action", "outcome", "reason", "verdict", "state", "status", "verb", "attempt", "signal",
        # where
        "service", "channel", "replica", "boot", "component", "process", "pid", "port", "route", "method", "engine",
        "url", "path",
        # on the log
        "topic", "partition", "partitions", "revision", "epoch", "log", "offset", "position", "digest", "expected",
        "found", "first", "last", "kind", "type", "tombstone", "applied", "sent", "behind",
        # of what: opaque ids, and keys of offers, which are public
        "offer", "offer_key", "version", "household", "promise", "party", "job", "line", "client", "subject",
        "event_id", "content_hash",
        # how much
        "count", "rows", "records", "lines", "accepted", "refused", "bytes", "seconds", "milliseconds", "age", "lag",
        "retry_in", "limit", "size", "backlog",
        # what went wrong
        "error", "place", "sqlstate", "constraint", "exit_code", "point", "setting", "migration",
    }
)  # fmt: skip
STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
PRINTABLE: Final = (str, datetime, date, timedelta, UUID, PurePath, Decimal)
LONGEST: Final = 500  # characters of a value
DEEPEST: Final = 12  # frames of a traceback, innermost last

EMAIL: Final = r"[^\s@\"'<>=(),;:]+@[^\s@\"'<>(),;]+"
NUMBER: Final = r"\+\d[\d ().-]{5,}\d|(?<![\w.-])\d{9,15}(?![\w.-])"
CODE: Final = r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}\b"
JWT: Final = r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"
USER_IN_URL: Final = r"(?<=://)[^/\s@]+@"
PERSONAL: Final = re.compile(f"{JWT}|{USER_IN_URL}|{EMAIL}|{NUMBER}|{CODE}")


def masked(text: str) -> str:
    """The text with addresses, numbers, codes and tokens masked, cut to `LONGEST` characters."""
    return PERSONAL.sub("[masked]", text[:LONGEST])


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: at, level, logger, message, trace_id, the fields and the error."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": _printable(masked(record.getMessage())),
        }
        if trace_id := tracing.current_trace_id():
            line["trace_id"] = trace_id
        line.update(_fields(vars(record)))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = described(record.exc_info[1])
        return orjson.dumps(line).decode()


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if name not in STANDARD}
    written = {name: _value(value) for name, value in given.items() if name in FIELDS}
    withheld = sorted(_printable(masked(name)) for name in given if name not in FIELDS)
    return {**written, "withheld": withheld} if withheld else written


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 1 << 63):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(item) for item in list(value)[:20]]
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, PRINTABLE):
        return _printable(masked(str(value)))
    return f"({type(value).__name__})"  # its text may say anything


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def described(error: BaseException) -> dict[str, Any]:
    """An exception as fields: type, where it was raised, its message if that is safe, and what caused it."""
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
    told: dict[str, Any] = {
        "type": type(error).__name__,
        "where": [f"{_module(frame.filename)}:{frame.name}:{frame.lineno}" for frame in frames],
    }
    if message := _message(error):
        told["message"] = message
    if sqlstate := getattr(error, "sqlstate", None):
        told["sqlstate"] = str(sqlstate)
    if isinstance(error, BaseExceptionGroup):
        told["errors"] = [described(inner) for inner in error.exceptions[:5]]
    elif cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        told["cause"] = described(cause)
    return told


def _message(error: BaseException) -> str | None:
    """The first line, masked; None for errors that quote values: SQL's, validation's and look-ups'."""
    module = type(error).__module__.partition(".")[0]
    if module in {"asyncpg", "pydantic", "pydantic_core", "fastapi", "sqlalchemy"} or isinstance(
        error, LookupError | ValueError
    ):
        return None if not isinstance(error, ConcordError) else masked(error.detail)
    lines = str(error).splitlines()
    return _printable(masked(lines[0])) if lines else None


def _module(filename: str) -> str:
    """`concord/web/app.py` of a path: where an installation lies is nobody's business."""
    parts = filename.replace("\\", "/").split("/")
    for root in ("site-packages", "shared", "services"):
        if root in parts:
            return "/".join(parts[parts.index(root) + 1 :])
    return parts[-1]


def setup(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Every logger of the process writes JSON lines to `stream` (standard error)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "alembic", "asyncio", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    # It tells each of its tries, twenty in a second; the loops that use it say once that Kafka is away.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
