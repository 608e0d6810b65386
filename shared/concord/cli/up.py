"""`concord up`: the whole stack in the foreground, until Ctrl-C."""

import typer

from concord.cli import session
from concord.engines import supervisor

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def up(context: typer.Context) -> None:
    """Start PostgreSQL, Kafka and all services, and load the story's household and offer; Ctrl-C stops everything.

    State is kept in CONCORD_STATE_DIR (.local); ports begin at CONCORD_PORT_BASE (8000).
    """
    screen = session.of(context).screen
    raise typer.Exit(supervisor.up(console=screen.out))
