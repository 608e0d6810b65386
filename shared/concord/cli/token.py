"""`concord token PERSON`."""

from typing import Annotated

import typer

from concord.cli import session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def token(
    context: typer.Context,
    person: Annotated[
        str,
        typer.Argument(help="marta, nora, ana, tom, linda, sam, supervisor, campaign, operator, auditor, web or sms."),
    ],
) -> None:
    """Print a person's token alone, for use as `Authorization: Bearer`."""
    current = session.of(context)
    current.screen.raw(current.run(lambda concord: concord.token(person)))
