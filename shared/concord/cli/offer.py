"""`concord offer`: write, approve, release and withdraw offers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from concord.cli import authoring, editing, history, session, simulating
from concord.cli.client import Concord
from concord.cli.naming import Offer
from concord.cli.offerfiles import command as files
from concord.cli.offerfiles import form
from concord.cli.screen import Screen
from concord.cli.session import Session
from concord.cli.words import CHANNEL_NAMES, day

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Write, approve, release and withdraw offers.",
)

Version = Annotated[int | None, typer.Option(metavar="N", help="Which version; the newest.")]
TermsFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The terms as YAML or JSON (api §2).")]
Reason = Annotated[str, typer.Option(help="Why; kept with the offer.")]


@app.command("list")
def list_offers(
    context: typer.Context,
    *,
    lifecycle: Annotated[str | None, typer.Option(help="draft, in_review, approved, rejected or released.")] = None,
    activation: Annotated[str | None, typer.Option(help="PREPARING, HONOURABLE, LIVE, SUSPENDED or CLOSING.")] = None,
    channel: Annotated[str | None, typer.Option(help="Shown or promised in this channel.")] = None,
    text: Annotated[str | None, typer.Option("--text", "-q", help="Part of the key or title.")] = None,
    json: session.Json = False,
) -> None:
    """List offers by key."""
    current = session.of(context, json=json)
    given = {"lifecycle": lifecycle, "activation": activation, "channel": channel, "q": text}
    query = {name: value for name, value in given.items() if value}

    async def read(concord: Concord) -> list[dict[str, Any]]:
        return [item async for item in authoring.listed(concord, **query)]

    items = current.run(read)
    if current.screen.json:
        current.screen.document({"items": items, "next": None})
        return
    rows = [
        [item["key"], str(item["version"]), item["lifecycle"], (item["activation"] or {}).get("state", "–")]
        for item in items
    ]
    current.screen.rows(["offer", "version", "lifecycle", "activation"], rows)
    current.screen.say(f"{len(items)} offers.")


@app.command()
def show(context: typer.Context, offer: Offer, *, json: session.Json = False) -> None:
    """Show an offer with the terms of its newest version."""
    current = session.of(context, json=json)
    found = current.run(lambda concord: authoring.read(concord, offer))
    if current.screen.json:
        current.screen.document(found)
        return
    _summary(current.screen, found)


def _summary(screen: Screen, found: dict[str, Any]) -> None:
    terms = found["current"]["terms"]
    end = terms["validity"].get("end")
    screen.title(f"{found['key']}, version {found['version']}, {found['lifecycle']}")
    screen.fields(
        {
            "title": next(iter(terms["title"].values())),
            "activation": (found["activation"] or {}).get("state", "not released"),
            "ends": day(end) if end else "when it is withdrawn",
            "benefits": ", ".join(benefit["kind"].replace("_", " ") for benefit in terms["benefits"]),
            "terms": found["current"]["content_hash"][:8],
        }
    )
    for channel, cell in terms.get("honour", {}).items():
        screen.fields({CHANNEL_NAMES[channel].lower(): cell["action"].replace("_", " ")})


@app.command()
def new(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="A lower-case slug; it never changes.")],
    file: TermsFile,
    *,
    person: session.As = authoring.AUTHOR,
    json: session.Json = False,
) -> None:
    """Create an offer whose version 1 is a draft with these terms."""
    current = session.of(context, json=json)
    terms = form.terms_for(key, form.read_terms(file))
    made = current.run(lambda concord: authoring.create(concord, key, terms, person))
    _say(current, made, f"Draft 1 of {key}. Next: concord offer submit {key}")


app.command("edit")(editing.edit)
app.command("check")(files.check)
app.command("diff")(history.diff)
app.command("simulate")(simulating.simulate)


@app.command()
def submit(
    context: typer.Context,
    offer: Offer,
    *,
    version: Version = None,
    person: session.As = authoring.AUTHOR,
    json: session.Json = False,
) -> None:
    """Send a draft to review; every missing piece is named at once."""
    current = session.of(context, json=json)
    _act(current, offer, version, "submit", person, f"In review. Next: concord offer approve {offer}")


@app.command()
def approve(
    context: typer.Context,
    offer: Offer,
    *,
    version: Version = None,
    person: session.As = authoring.APPROVER,
    json: session.Json = False,
) -> None:
    """Approve a version that somebody else wrote."""
    current = session.of(context, json=json)
    _act(current, offer, version, "approve", person, f"Approved. Next: concord offer release {offer}")


@app.command()
def reject(
    context: typer.Context,
    offer: Offer,
    *,
    reason: Reason,
    version: Version = None,
    person: session.As = authoring.APPROVER,
    json: session.Json = False,
) -> None:
    """Send a version back to its author."""
    current = session.of(context, json=json)
    _act(current, offer, version, "reject", person, f"Rejected. Next: concord offer edit {offer}", reason=reason)


@app.command()
def release(
    context: typer.Context,
    offer: Offer,
    *,
    version: Version = None,
    effective_at: Annotated[str | None, typer.Option(help="Show it only from this instant on (RFC 3339).")] = None,
    person: session.As = authoring.AUTHOR,
    json: session.Json = False,
) -> None:
    """Release an approved version to the channels."""
    current = session.of(context, json=json)
    body = {"effective_at": effective_at} if effective_at else {}
    _act(current, offer, version, "release", person, f"Released. See: concord offer activation {offer}", **body)


def _act(current: Session, offer: str, version: int | None, verb: str, person: str, sentence: str, **body: str) -> None:
    async def act(concord: Concord) -> Any:
        number = version or (await authoring.read(concord, offer))["version"]
        return (await authoring.act(concord, offer, number, verb, person, **body)).body

    _say(current, current.run(act), sentence)


@app.command()
def activation(context: typer.Context, offer: Offer, *, json: session.Json = False) -> None:
    """Show where each released version stands, and when it got there."""
    current = session.of(context, json=json)
    path = f"/v1/offers/{offer}/activation"
    found = current.run(lambda concord: concord.call("registry", "GET", path, person=authoring.AUTHOR)).body
    if current.screen.json:
        current.screen.document(found)
        return
    steps = [step for version in found["versions"] for step in version["history"]]
    rows = [
        [str(step["version"]), step["state"], str(step["revision"]), step["at"], step.get("by") or "–"]
        for step in sorted(steps, key=lambda step: (step["revision"], step["version"]))
    ]
    current.screen.rows(["version", "state", "revision", "at", "by"], rows)


@app.command()
def suspend(
    context: typer.Context, offer: Offer, *, person: session.As = authoring.AUTHOR, json: session.Json = False
) -> None:
    """Stop showing an offer for now; it is still honoured on request."""
    _run_side(
        session.of(context, json=json), offer, "suspend", person, f"Shown nowhere. Next: concord offer resume {offer}"
    )


@app.command()
def resume(
    context: typer.Context, offer: Offer, *, person: session.As = authoring.AUTHOR, json: session.Json = False
) -> None:
    """Show a suspended offer again."""
    _run_side(session.of(context, json=json), offer, "resume", person, "Shown again.")


@app.command()
def withdraw(
    context: typer.Context,
    offer: Offer,
    *,
    reason: Reason,
    yes: session.Yes = False,
    dry_run: session.DryRun = False,
    person: session.As = authoring.AUTHOR,
    json: session.Json = False,
) -> None:
    """Withdraw an offer for good; promises keep their terms to their deadline."""
    current = session.of(context, json=json)
    found = current.run(lambda concord: authoring.read(concord, offer))
    state = (found["activation"] or {}).get("state", "not released")
    if not current.confirmed(f"{found['key']} is {state}. Withdraw it for good?", yes=yes, dry_run=dry_run):
        return
    sentence = f"Withdrawn. Promises keep their terms. See: concord offer activation {offer}"
    _run_side(current, offer, "withdraw", person, sentence, reason=reason)


def _run_side(current: Session, offer: str, verb: str, person: str, sentence: str, **body: str) -> None:
    path = f"/v1/offers/{offer}/activation:{verb}"
    answer = current.run(lambda concord: concord.call("registry", "POST", path, person=person, json=body or None))
    _say(current, answer.body, sentence)


app.command("history")(history.history)
app.command("import")(files.take)
app.command("export")(files.export)


def _say(current: Session, document: Any, sentence: str) -> None:
    if current.screen.json:
        current.screen.document(document)
    else:
        current.screen.say(sentence)
