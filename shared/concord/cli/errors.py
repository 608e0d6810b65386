"""How a command ends when it is not done: one leaf per exit status (pages §8)."""

from typing import Any, ClassVar

from concord.errors import Bug, ConcordError, Forbidden, Unauthenticated, Unavailable

Problem = dict[str, Any]  # an RFC 9457 document as a service sent it

DONE, NO, USAGE, INTERRUPTED = 0, 1, 2, 130


class CommandError(ConcordError):
    """The command was not done."""

    exit_status: ClassVar[int] = NO

    def __init__(self, detail: str | None = None, *, problem: Problem | None = None, next: str | None = None) -> None:  # noqa: A002
        self.problem = problem or {}
        super().__init__(
            detail or self.problem.get("detail") or self.problem.get("title"), next=next or self.problem.get("next")
        )
        self.reason = self.problem.get("reason", self.reason)

    def document(self, trace: str) -> Problem:
        """The problem for `--json`: the service's own, or one made here."""
        return self.problem or {
            "type": "about:blank",
            "detail": self.detail,
            "reason": self.reason,
            "next": self.next,
            "trace": trace,
        }


class AnswerIsNo(CommandError):
    """The answer is no."""

    reason = "refused"
    next = "Change what the detail names and run it again."


class Misused(CommandError):
    """The command does not make sense as written."""

    exit_status = USAGE
    reason = "usage"
    next = "See `concord --help`."


class Unreachable(CommandError):
    """A service does not answer."""

    exit_status = 3
    reason = "unreachable"
    next = "Start it with `make run`, or see `concord status`."


class NotUpToBound(CommandError):
    """The channel's view is not yet as new as asked."""

    exit_status = 4
    reason = "not_up_to_bound"
    next = "Ask again in a moment; `concord status` says how old the views are."


class SomeoneWasFirst(CommandError):
    """Somebody else changed it first."""

    exit_status = 5
    reason = "conflict"
    next = "Look at it again and decide anew."


class NotAllowed(CommandError):
    """Whoever asked may not do this."""

    exit_status = 6
    reason = "role_missing"
    next = "Ask as somebody with one of the roles named, with --as."


class ServiceFault(CommandError):
    """A service or this command failed in a way that nobody foresaw."""

    exit_status = 70
    reason = "internal_error"
    next = "Look for the trace id in the service's log."


SAYS_NO = frozenset({"not_promisable", "idempotency_key_reused", "key_taken", "ref_reused"})
FIRST_WAS_ANOTHER = frozenset({409, 412})


def exit_status(error: ConcordError) -> int:
    """The status a command ends with because of any error of Concord."""
    if isinstance(error, CommandError):
        return error.exit_status
    kinds = ((Unavailable, Unreachable), (Forbidden, NotAllowed), (Unauthenticated, NotAllowed), (Bug, ServiceFault))
    return next((command.exit_status for kind, command in kinds if isinstance(error, kind)), NO)


def of_problem(status: int, problem: Problem) -> CommandError:
    """The error that a service's answer stands for."""
    reason = problem.get("reason", "")
    if status in {401, 403}:
        return NotAllowed(problem=problem)
    if reason == "not_up_to_bound":
        return NotUpToBound(problem=problem)
    if status in FIRST_WAS_ANOTHER and reason not in SAYS_NO:
        return SomeoneWasFirst(problem=problem)
    if status in {502, 503, 504}:
        return Unreachable(problem=problem)
    return ServiceFault(problem=problem) if status >= 500 else AnswerIsNo(problem=problem)
