"""`concord token PERSON`."""

from typing import Annotated

import typer

from concord.cli import completion, session

app = typer.Typer(rich_markup_mode=None, add_completion=False)
PEOPLE = "marta, nora, ana, tom, linda, sam, supervisor, campaign, operator, auditor, web or sms."


@app.command()
def token(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help=PEOPLE, autocompletion=completion.people)],
) -> None:
    """Print a person's token alone, for use as `Authorization: Bearer`."""
    current = session.of(context)
    current.screen.raw(current.run(lambda concord: concord.token(person)))
