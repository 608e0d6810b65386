"""Refusals below `/tmf-api/` in the shape TMF671 gives them: code, reason, message, status, `@type: "Error"`."""

from typing import Any, Final

from concord.errors import ConcordError
from concord.telemetry import tracing
from concord.web import problems
from concord.web.dialects import Dialect

STATUS: Final = {422: 400}  # TMF671 has no other status for a body that is not right

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An error as TMF671 v4.1 has it.",
    "required": ["code", "reason", "message", "status", "@type"],
    "properties": {
        "code": {"type": "string", "description": "Stable; the `reason` of Concord's problems."},
        "reason": {"type": "string", "description": "What is wrong, as a sentence."},
        "message": {"type": "string", "description": "Each mistake by its pointer, and what to do."},
        "status": {"type": "string", "description": "The HTTP status."},
        "referenceError": {"type": "string", "format": "uri"},
        "@type": {"type": "string", "const": "Error"},
    },
}


def render(error: ConcordError, _: str) -> tuple[int, dict[str, Any]]:
    """The status and the body of an error."""
    status = STATUS.get(error.status, error.status)
    return status, {
        "code": error.reason,
        "reason": error.detail,
        "message": _message(error),
        "status": str(status),
        "referenceError": problems.TYPE + error.reason,
        "@type": "Error",
    }


def _message(error: ConcordError) -> str:
    said = [f"{found.pointer or '/'}: {_sentence(found.detail)}" for found in error.errors]
    trace = tracing.current_trace_id()
    next_step = "Mend what is named and send it again." if said else error.next
    return " ".join([*said, next_step, *([f"Trace id {trace}."] if trace and error.status >= 500 else [])])


def _sentence(detail: str) -> str:
    return detail if detail.endswith((".", "!", "?")) else f"{detail}."


DIALECT: Final = Dialect("/tmf-api/", "application/json", "TmfError", SCHEMA, render)
