"""The entry: a tree of commands, each loaded when named, and the one place where errors become exit statuses."""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer.main
from typer.core import TyperCommand, TyperGroup

from concord.cli import errors
from concord.cli.screen import Screen
from concord.cli.session import Session, typed_command
from concord.errors import ConcordError

COMMANDS = {
    "up": "Start PostgreSQL, Kafka and all services, and load the story's household and offer.",
    "status": "Say whether every service is ready and every view equals the authorities.",
    "token": "Print a person's token alone.",
    "ask": "Ask all four channels one question and compare what they say.",
    "story": "Tell the story's scenes against the running services.",
    "import": "Load offers, households or promises from a file, or the Complete Journey data.",
    "replay": "Quote the baskets of the Complete Journey data, each as on the day it was bought.",
    "offer": "Write, approve, release and withdraw offers.",
    "promise": "Make, look up and cancel promises.",
    "customer": "Look customers up as a channel sees them.",
    "view": "Look at the channels' views.",
}
MODULES = {"import": "imports", "story": "story.command"}  # where the name is not the module's


class Tree(TyperGroup):
    """Commands by name; listing them loads nothing."""

    _listing = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        stub = self.commands.get(cmd_name)
        if stub is None or self._listing:
            return stub
        module = importlib.import_module(f"concord.cli.{MODULES.get(cmd_name, cmd_name)}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self._listing = True
        super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        self._listing = True
        return super().shell_complete(ctx, incomplete)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ConcordError as error:
            raise typer.Exit(ended(ctx.obj, error)) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(interrupted(ctx.obj.screen)) from error


def tree() -> Tree:
    """The command line as one command."""
    stubs: dict[str, Any] = {name: TyperCommand(name=name, help=text) for name, text in COMMANDS.items()}
    return Tree(
        name="concord",
        help="Keeps what a company promises its customers the same in every channel.",
        commands=stubs,
        params=list(typer.main.get_install_completion_arguments()),
        no_args_is_help=True,
        rich_markup_mode=None,
    )


def ended(session: Session, error: ConcordError) -> int:
    """Say on stderr why the command was not done and what to do next; the exit status."""
    status = errors.exit_status(error)
    if session.screen.json:
        known = error if isinstance(error, errors.CommandError) else errors.AnswerIsNo(error.detail, next=error.next)
        session.screen.problem(known.document(session.trace))
        return status
    session.screen.note(error.detail)
    for pointer, detail in pointers(error):
        session.screen.note(f"  {pointer:<24} {detail}")
    if status == errors.ServiceFault.exit_status:
        session.screen.note(f"Trace id {session.trace}")
    session.screen.note(f"Next: {error.next}")
    return status


def pointers(error: ConcordError) -> list[tuple[str, str]]:
    """The single things that are wrong: JSON Pointer and sentence."""
    if isinstance(error, errors.CommandError):
        return [(item.get("pointer", ""), item.get("detail", "")) for item in error.problem.get("errors", [])]
    return [(item.pointer, item.detail) for item in error.errors]


def interrupted(screen: Screen) -> int:
    screen.note(f"Interrupted. Go on with: {typed_command(sys.argv[1:])}")
    return errors.INTERRUPTED


def bug(screen: Screen, trace: str, error: Exception) -> int:
    """The last resort: what happened, where, and the trace id that the services' logs have too."""
    if os.environ.get("CONCORD_DEBUG"):
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    screen.note(
        f"This is a bug in Concord: {type(error).__name__}: {error} (in {place.name}, {place.filename}:{place.lineno})."
    )
    screen.note(f"Trace id {trace}\nNext: Report it with this text; CONCORD_DEBUG=1 shows all of it.")
    return errors.ServiceFault.exit_status


def main(arguments: Sequence[str] | None, session: Session) -> int:
    """Run one command line; the exit status."""
    try:
        tree().main(arguments, prog_name="concord", obj=session)
    except SystemExit as ended_with:
        return ended_with.code if isinstance(ended_with.code, int) else int(ended_with.code is not None)
    except Exception as error:  # noqa: BLE001  the outermost loop
        return bug(session.screen, session.trace, error)
    return errors.DONE


def run() -> int:
    """The entry point of the `concord` script; the exit status."""
    try:
        session = Session.from_environment()
    except errors.CommandError as error:
        Screen(environ=dict(os.environ)).note(f"{error.detail}\nNext: {error.next}")
        return error.exit_status
    return main(None, session)
