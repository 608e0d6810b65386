"""`concord customer`: customers as a channel sees them."""

from typing import Annotated, Any

import typer

from concord.cli import naming, session
from concord.cli.channel import Channel
from concord.cli.client import ASKS_IN
from concord.cli.screen import Screen
from concord.cli.words import CHANNEL_NAMES, day
from concord.cli.words import channel as named

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Look customers up as a channel sees them."
)


@app.callback()
def customer() -> None:
    """Look customers up as a channel sees them."""


@app.command()
def lookup(
    context: typer.Context,
    *,
    number: naming.Number = None,
    code: naming.Code = None,
    email: naming.Email = None,
    party: naming.Party = None,
    line: naming.Line = None,
    channel: Annotated[Channel, typer.Option(help="The channel that is asked.")] = Channel.CALL_CENTER,
    json: session.Json = False,
) -> None:
    """Show the customer card: who it is, and promises first."""
    current = session.of(context, json=json)
    given = {"number": number, "code": code, "email": email, "party": party, "line": line}
    body = naming.customer(current, given, needed=True)
    answer = current.run(
        lambda concord: concord.call(channel, "POST", "/v1/customers:lookup", person=ASKS_IN[channel], json=body)
    )
    if current.screen.json:
        current.screen.document(answer.body)
    else:
        _card(current.screen, channel, answer.body)


def _card(screen: Screen, channel: Channel, card: dict[str, Any]) -> None:
    screen.title(f"{CHANNEL_NAMES[channel]} sees")
    for promise in card.get("promises", []):
        screen.say(
            f"promised: {promise['offer']} by {named(promise['channel'])} until {day(promise['honour_until'])}, "
            f"code {promise['code']}, {promise['state']}"
        )
    if not card.get("promises"):
        screen.say("no promises")
    screen.fields({name: str(card[name]) for name in ("household", "party", "verified") if card.get(name) is not None})
