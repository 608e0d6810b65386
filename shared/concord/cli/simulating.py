"""`concord offer simulate`: what every channel would answer about terms in a file, or about any stored version."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from concord.cli import authoring, completion, session, trial
from concord.cli.errors import Misused

File = Annotated[
    Path | None,
    typer.Argument(
        exists=True,
        dir_okay=False,
        show_default=False,
        help="Terms, or {key, terms}, as JSON; several as NDJSON.",
    ),
]
JsonFile = typer.Option(metavar="FILE", exists=True, dir_okay=False, show_default=False)
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
    facts: Annotated[Path | None, JsonFile] = None,
    basket: Annotated[Path | None, JsonFile] = None,
    code: Annotated[list[str] | None, typer.Option(help="A public code; may be repeated.")] = None,
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
        Misused: it is no JSON, or holds something else.
    """
    documents = _documents(file)
    name = UNFIT.sub("-", file.stem.lower()).strip("-") or "draft"
    return [_draft(document, file, name if place == 1 else f"{name}-{place}") for place, document in documents]


def _draft(document: Any, file: Path, key: str) -> dict[str, Any]:
    if isinstance(document, dict) and document.keys() == {"ref", "data"}:  # a line of an import
        document = document["data"]
    if not isinstance(document, dict):
        raise Misused(f"{file} holds something else than objects.", next="Write terms, or {key, terms}.")
    return document if "terms" in document else {"key": key, "terms": document}


def _documents(file: Path) -> list[tuple[int, Any]]:
    """The document of the file, or of each of its lines, with its number from 1."""
    text = file.read_bytes()
    try:
        return [(1, orjson.loads(text))]
    except orjson.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise _malformed(file, error) from error
    try:
        return [(place, orjson.loads(line)) for place, line in enumerate(lines, start=1)]
    except orjson.JSONDecodeError as error:
        raise _malformed(file, error) from error


def _object(file: Path, what: str) -> dict[str, Any]:
    try:
        document = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise _malformed(file, error) from error
    if not isinstance(document, dict):
        raise Misused(f"{file} holds no JSON object.", next=f"Write {what} as one object.")
    return document


def _malformed(file: Path, error: orjson.JSONDecodeError) -> Misused:
    return Misused(f"{file} is not JSON: {error}.", next="Mend the file.")
