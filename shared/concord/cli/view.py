"""`concord view`: the channels' views of the log."""

from typing import Annotated

import typer

from concord.cli import agreement, session
from concord.cli.channel import Channel
from concord.cli.words import CHANNEL_NAMES, age

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Look at the channels' views."
)


@app.command("list")
def list_views(context: typer.Context, *, json: session.Json = False) -> None:
    """List the views with their state, age and what they have yet to apply."""
    current = session.of(context, json=json)
    found = current.run(agreement.compare)
    if current.screen.json:
        current.screen.document({"items": agreement.documents(found)})
        return
    current.screen.rows(agreement.COLUMNS, agreement.rows(found))


@app.command()
def show(
    context: typer.Context,
    channel: Annotated[Channel, typer.Argument(help="Whose view.")],
    *,
    json: session.Json = False,
) -> None:
    """Show one view, partition by partition."""
    current = session.of(context, json=json)
    body = current.run(lambda concord: concord.call(channel, "GET", "/v1/view", person=agreement.OBSERVER)).body
    if current.screen.json:
        current.screen.document(body)
        return
    current.screen.title(f"{CHANNEL_NAMES[channel]}: {body['state']}, age {age(body['age_ms'])}")
    rows = [
        [topic["topic"], str(topic["partition"]), f"{topic['revision']:,}", f"{topic['count']:,}", topic["digest"][:8]]
        for topic in body["topics"]
    ]
    current.screen.rows(["topic", "partition", "revision", "records", "digest"], rows)
