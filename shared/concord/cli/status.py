"""`concord status`: whether every service is ready and every channel's view equals the authorities."""

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from concord.cli import agreement, session
from concord.cli.agreement import AUTHORITIES, Agreement
from concord.cli.client import SERVICES, Concord
from concord.cli.errors import DONE, NO, CommandError, Unreachable
from concord.cli.screen import Screen

app = typer.Typer(rich_markup_mode=None, add_completion=False)

EACH = 2.0  # seconds between looks with --watch
BACKLOG = re.compile(r"^concord_outbox_backlog_age_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Readiness:
    """One service: ready, or why not."""

    service: str
    why_not: str = ""
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Status:
    """What was seen at one moment; no agreement when a service did not answer. `backlog` is in seconds."""

    services: tuple[Readiness, ...]
    agreement: Agreement | None
    backlog: float | None

    @property
    def good(self) -> bool:
        return all(not one.why_not for one in self.services) and self.agreement is not None and self.agreement.whole

    @property
    def exit_status(self) -> int:
        if not all(one.reachable for one in self.services):
            return Unreachable.exit_status
        return DONE if self.good else NO


@app.command()
def status(
    context: typer.Context,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Look again each 2 s until Ctrl-C.")] = False,
    json: session.Json = False,
) -> None:
    """Say whether every service is ready and every view equals the authorities.

    Exit 0 when all is well, 1 when something is not ready or differs, 3 when a service does not answer.
    """
    current = session.of(context, json=json)
    seen = current.run(look)
    _show(current.screen, seen)
    while watch:
        time.sleep(EACH)
        seen = current.run(look)
        _show(current.screen, seen)
    raise typer.Exit(seen.exit_status)


async def look(concord: Concord) -> Status:
    """Ask everybody at once."""
    services = await asyncio.gather(*(_ready(concord, service) for service in SERVICES))
    if not all(one.reachable for one in services):
        return Status(tuple(services), None, None)
    try:
        return Status(tuple(services), await agreement.compare(concord), await _backlog(concord))
    except CommandError as error:
        failed = Readiness("views", error.detail, reachable=not isinstance(error, Unreachable))
        return Status((*services, failed), None, None)


async def _ready(concord: Concord, service: str) -> Readiness:
    try:
        await concord.call(service, "GET", "/healthz/ready")
    except CommandError as error:
        answered = bool(error.problem)
        return Readiness(service, _why(error) if answered else "does not answer", reachable=answered)
    return Readiness(service)


def _why(error: CommandError) -> str:
    reasons = error.problem.get("reasons") or [item.get("detail", "") for item in error.problem.get("errors", [])]
    return ", ".join(map(str, reasons)) or error.detail


async def _backlog(concord: Concord) -> float:
    """The age of the oldest change that was not sent yet, the older of the two authorities'; seconds."""
    answers = await asyncio.gather(*(concord.call(name, "GET", "/metrics") for name in AUTHORITIES))
    return max((float(found) for answer in answers for found in BACKLOG.findall(answer.body)), default=0.0)


def _show(screen: Screen, seen: Status) -> None:
    if screen.json:
        screen.document(document(seen))
        return
    for line in sentences(seen):
        screen.say(line)
    if seen.agreement is not None:
        screen.rows(agreement.COLUMNS, agreement.rows(seen.agreement))


def sentences(seen: Status) -> Iterable[str]:
    """What is wrong, one line each; the first line says how it is on the whole."""
    wrong = [f"✗ {one.service}: {one.why_not}" for one in seen.services if one.why_not]
    if seen.agreement is not None and seen.agreement.whole:
        yield "= All four channels have what the authorities have."
    elif seen.agreement is not None:
        yield "≠ Not every channel has what the authorities have yet."
    yield from wrong
    if seen.backlog is not None:
        yield f"outbox {'empty' if seen.backlog == 0 else f'{seen.backlog:.1f} s behind'}"


def document(seen: Status) -> dict[str, Any]:
    """`{"good": true, "services": {…}, "views": […], "outbox_age_s": 0.0}`."""
    views = agreement.documents(seen.agreement) if seen.agreement else []
    services = {one.service: {"ready": not one.why_not, "why_not": one.why_not or None} for one in seen.services}
    return {"good": seen.good, "services": services, "views": views, "outbox_age_s": seen.backlog}
