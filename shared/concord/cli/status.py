"""`concord status`: whether every service is ready and every channel's view equals the authorities."""

import asyncio
import re
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer

from concord.cli import agreement, session
from concord.cli.agreement import AUTHORITIES, Agreement
from concord.cli.client import CHANNELS, SERVICES, Concord
from concord.cli.errors import DONE, NO, CommandError, Unreachable
from concord.cli.screen import Screen

app = typer.Typer(rich_markup_mode=None, add_completion=False)

T = TypeVar("T")
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
    """What was seen at one moment, as far as somebody answered. `backlog` is in seconds."""

    services: tuple[Readiness, ...]
    agreement: Agreement
    backlog: float | None

    @property
    def good(self) -> bool:
        return all(not one.why_not for one in self.services) and self.agreement.whole

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
    """Ask everybody at once; the authorities before the views, as `agreement.compare` does."""
    services = await asyncio.gather(*(_ready(concord, service) for service in SERVICES))
    answering = [one.service for one in services if one.reachable and one.service in CHANNELS]
    failed: list[CommandError] = []
    authorities = await _found(agreement.authorities(concord), failed)
    views = await asyncio.gather(*(_found(agreement.view(concord, channel), failed) for channel in answering))
    found = Agreement(authorities or {}, tuple(view for view in views if view))
    if failed and answering and not found.views:  # nobody could be asked: the issuer is away
        services.append(Readiness("views", failed[-1].detail, reachable=not isinstance(failed[-1], Unreachable)))
    return Status(tuple(services), found, await _found(_backlog(concord), failed))


async def _found(work: Awaitable[T], failed: list[CommandError]) -> T | None:
    """What it finds; None, and the error kept, when a service does not say."""
    try:
        return await work
    except CommandError as error:
        failed.append(error)
        return None


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
    if seen.agreement.views:
        screen.rows(agreement.COLUMNS, agreement.rows(seen.agreement))


def sentences(seen: Status) -> Iterable[str]:
    """What is wrong, one line each; the first line says how it is on the whole."""
    wrong = [f"✗ {one.service}: {one.why_not}" for one in seen.services if one.why_not]
    if seen.agreement.whole:
        yield "= All four channels have what the authorities have."
    elif seen.agreement.known and not seen.agreement.equal:
        yield "≠ Not every channel has what the authorities have yet."
    elif seen.agreement.views and seen.agreement.known:
        count = f"{len(seen.agreement.views)} of {len(CHANNELS)}"
        yield f"≠ Only {count} channels answer; these have what the authorities have."
    yield from wrong
    if seen.backlog is not None:
        yield f"outbox {'empty' if seen.backlog == 0 else f'{seen.backlog:.1f} s behind'}"


def document(seen: Status) -> dict[str, Any]:
    """`{"good": true, "services": {…}, "views": […], "outbox_age_s": 0.0}`."""
    views = agreement.documents(seen.agreement)
    services = {one.service: {"ready": not one.why_not, "why_not": one.why_not or None} for one in seen.services}
    return {"good": seen.good, "services": services, "views": views, "outbox_age_s": seen.backlog}
