"""Offers from the registry into files: the newest version's terms, as they are hashed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from concord.cli import authoring
from concord.cli.client import Concord
from concord.cli.errors import AnswerIsNo, Misused
from concord.cli.offerfiles import form
from concord.decision.terms import Terms


class TermsUnknown(AnswerIsNo):
    """The registry's terms have something that this command line does not know."""

    reason = "terms_unknown"
    next = "Use the command line of the registry's release."


class OutRefused(Misused):
    """The files cannot be written there."""

    next = "Name another place with --out."


@dataclass(frozen=True, slots=True)
class Exported:
    """An offer's newest version; `terms` without the fields that are at their default, so that it hashes the same."""

    key: str
    version: int
    content_hash: str
    terms: dict[str, Any]


async def keys(concord: Concord) -> list[str]:
    return [item["key"] async for item in authoring.listed(concord)]


async def read(concord: Concord, names: Sequence[str], advance: Callable[[int], None]) -> list[Exported]:
    """Offers by key, each once.

    Raises:
        AnswerIsNo: there is none of a name.
        TermsUnknown: what would be written is not all that the registry has.
    """
    found: dict[str, Exported] = {}
    for name in names:
        offer = exported(await authoring.read(concord, name))
        found[offer.key] = offer
        advance(1)
    return [found[key] for key in sorted(found)]


def exported(body: Mapping[str, Any]) -> Exported:
    """The newest version of an offer as the registry answered it.

    Raises:
        TermsUnknown: what would be written is not all that the registry has.
    """
    current = body["current"]
    try:
        terms = Terms.model_validate_json(orjson.dumps(current["terms"]), strict=True, extra="forbid")
    except ValidationError as error:
        raise TermsUnknown(f"The terms of {body['key']} have fields that are unknown here.") from error
    if terms.content_hash() != current["content_hash"]:
        raise TermsUnknown(f"The terms of {body['key']} would not be the same when written.")
    return Exported(body["key"], current["version"], current["content_hash"], terms.document())


def text(offers: Sequence[Exported], *, lines: bool) -> bytes:
    """All offers as one text: NDJSON, or YAML documents."""
    pairs = [(offer.key, offer.terms) for offer in offers]
    return form.to_lines(pairs) if lines else form.to_yaml(pairs)


def write(offers: Sequence[Exported], out: Path, *, lines: bool) -> tuple[list[Path], int]:
    """One file, or for YAML a folder with a file for each offer; where each offer is, and how many files changed.

    A file that is as it would be written is left alone.
    """
    if lines or out.suffix in form.YAML:
        return [out] * len(offers), _replace(out, text(offers, lines=lines))
    paths = [out / f"{offer.key}.yaml" for offer in offers]
    changed = [_replace(path, text([offer], lines=False)) for path, offer in zip(paths, offers, strict=True)]
    return paths, sum(changed)


def _replace(path: Path, content: bytes) -> bool:
    """Complete or not at all; whether it was anything else before.

    Raises:
        OutRefused: it cannot be written there.
    """
    try:
        return _replaced(path, content)
    except OSError as error:
        raise OutRefused(f"{path} cannot be written: {error.strerror}.") from error


def _replaced(path: Path, content: bytes) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() == content:
        return False
    half = path.with_name(path.name + ".part")
    half.write_bytes(content)
    half.replace(path)
    return True
