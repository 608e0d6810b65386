"""`concord promise`: make, look up and cancel promises."""

from typing import Annotated, Any

import typer

from concord.cli import session
from concord.cli.screen import Screen
from concord.cli.session import Session
from concord.cli.words import channel as named
from concord.cli.words import day

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Make, look up and cancel promises."
)

CAMPAIGN = "campaign"
Promise = Annotated[str, typer.Argument(help="Id of the promise, prm_…")]


@app.command()
def show(context: typer.Context, promise: Promise, *, json: session.Json = False) -> None:
    """Show a promise."""
    current = session.of(context, json=json)
    path = f"/v1/promises/{promise}"
    _present(current, current.run(lambda concord: concord.call("profile", "GET", path, person=CAMPAIGN)).body)


@app.command()
def make(
    context: typer.Context,
    offer: Annotated[str, typer.Argument(help="Key or id of the offer.")],
    *,
    household: Annotated[str, typer.Option(help="Id of the household, or the ref it was imported under.")],
    party: Annotated[str, typer.Option(help="Id or ref of the member it is made to.")],
    channel: Annotated[str, typer.Option(help="Where it is made.")] = "email",
    words: Annotated[str | None, typer.Option(help="The words it was made in.")] = None,
    reference: Annotated[str | None, typer.Option(help="Where the evidence is kept.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key; a new one unless given.")] = None,
    person: session.As = CAMPAIGN,
    json: session.Json = False,
) -> None:
    """Promise an offer to a member of a household; the answer has the code."""
    current = session.of(context, json=json)
    said = {"kind": "message", "channel": channel, "words": words, "reference": reference}
    evidence = {name: value for name, value in said.items() if value}
    body = {"household": household, "party": party, "offer": offer, "channel": channel, "evidence": evidence}
    headers = {"idempotency-key": key or f"{current.randomness.bits(128):032x}"}
    answer = current.run(
        lambda concord: concord.call("profile", "POST", "/v1/promises", person=person, json=body, headers=headers)
    )
    _present(current, answer.body)


@app.command()
def cancel(
    context: typer.Context,
    promise: Promise,
    *,
    reason: Annotated[str, typer.Option(help="A reason code; auditors can list them.")],
    yes: session.Yes = False,
    dry_run: session.DryRun = False,
    person: session.As = "supervisor",
    json: session.Json = False,
) -> None:
    """Cancel a promise: the customer was told something that will not be."""
    current = session.of(context, json=json)
    path = f"/v1/promises/{promise}"
    found = current.run(lambda concord: concord.call("profile", "GET", path, person=CAMPAIGN)).body
    asked = f"{_line(found)} Cancel it?"
    if current.confirmed(asked, yes=yes, dry_run=dry_run):
        headers = {"idempotency-key": f"{current.randomness.bits(128):032x}"}
        answer = current.run(
            lambda concord: concord.call(
                "profile", "POST", f"{path}:cancel", person=person, json={"reason": reason}, headers=headers
            )
        )
        _present(current, answer.body)


def _present(current: Session, promise: dict[str, Any]) -> None:
    if current.screen.json:
        current.screen.document(promise)
        return
    _show(current.screen, promise)


def _show(screen: Screen, promise: dict[str, Any]) -> None:
    screen.title(_line(promise))
    screen.fields({"code": promise["code"], "id": promise["id"], "household": promise["household"]})


def _line(promise: dict[str, Any]) -> str:
    return (
        f"{promise['offer']}, version {promise['version']}, promised by {named(promise['channel'])} "
        f"until {day(promise['honour_until'])}: {promise['state']}."
    )
