"""`concord offer simulate`: what every channel would answer about terms in a file, or about any stored version."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from concord.cli import authoring, completion, session, trial
from concord.cli.errors import Misused
from concord.cli.offerfiles import form

File = Annotated[
    Path | None,
    typer.Argument(
        exists=True,
        dir_okay=False,
        show_default=False,
        help="Terms, or {key, terms}, as YAML, JSON or NDJSON.",
    ),
]
FactsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", exists=True, dir_okay=False, show_default=False, help="What is known of the customer."
    ),
]
BasketFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, show_default=False, help="What is bought; for a quote."),
]
UNFIT: Final = re.compile(r"[^a-z0-9]+")


def simulate(
    context: typer.Context,
    file: File = None,
    *,
    offer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help="A stored offer, or KEY@3; may be repeated.", autocompletion=completion.offers
        ),
    ] = None,
    facts: FactsFile = None,
    basket: BasketFile = None,
    code: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A public code; may be repeated.")] = None,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="2026-06-03T10:00:00Z; now unless given.")] = None,
    person: session.As = authoring.AUTHOR,
    json: session.Json = False,
) -> None:
    """Say what every channel would answer, and why; nothing is stored.

    The customer's facts and the basket are JSON files as the API takes them. Exit 0 when every offer is had everywhere,
    or with a basket when one applies and every code helps; 1 otherwise.
    """
    current = session.of(context, json=json)
    if file is None and not offer:
        raise Misused("Nothing is to be tried out.", next="Name a file with terms, or an --offer.")
    asked = {
        "terms": drafts(file) if file is not None else [],
        "offers": offer or [],
        "facts": _object(facts, "facts") if facts is not None else {},
        "basket": _object(basket, "a basket") if basket is not None else None,
        "codes": code or [],
        "at": at,
    }
    body = {name: part for name, part in asked.items() if part}
    path = "/v1/simulations"
    answered = current.run(lambda concord: concord.call("registry", "POST", path, person=person, json=body)).body
    if current.screen.json:
        current.screen.document(answered)
    else:
        trial.show(current.screen, answered)
    raise typer.Exit(trial.exit_status(answered))


def drafts(file: Path) -> list[dict[str, Any]]:
    """The offers of a file as a simulation takes them; terms alone get a key from the file's name.

    Raises:
        FileRefused: it cannot be read, or holds something else.
        Misused: two of the offers have one key.
    """
    name = UNFIT.sub("-", file.stem.lower()).strip("-") or "draft"
    found = list(enumerate(form.read([file], bare=True), start=1))
    return [
        {"key": name if number == 1 else f"{name}-{number}", "terms": each.terms}
        if each.key is None
        else {"key": each.key, "terms": each.terms}
        for number, each in found
    ]


def _object(file: Path, what: str) -> dict[str, Any]:
    try:
        document = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Misused(f"{file} is not JSON: {error}.", next="Mend the file.") from error
    if not isinstance(document, dict):
        raise Misused(f"{file} holds no JSON object.", next=f"Write {what} as one object.")
    return document
