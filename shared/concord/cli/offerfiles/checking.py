"""Offers of files held against the same models and rules that the registry has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from concord.cli.offerfiles import form
from concord.cli.offerfiles.form import FileRefused, Written
from concord.decision import attributes, completeness
from concord.decision.scalars import OfferKey
from concord.decision.terms import Terms
from concord.errors import FieldError
from concord.web.validation import body_errors

_KEY: TypeAdapter[str] = TypeAdapter(OfferKey)


@dataclass(frozen=True, slots=True)
class Checked:
    """An offer of a file and what is wrong with it, by JSON Pointer below the terms. Without terms, types are wrong."""

    written: Written
    terms: Terms | None
    errors: tuple[FieldError, ...]

    @property
    def name(self) -> str:
        return f"{self.written.place}: {self.written.key}" if self.written.key else self.written.place


def examined(paths: Iterable[Path], locales: Sequence[str]) -> list[Checked]:
    """Every offer of the files, checked; a file that cannot be read counts as one offer with one thing wrong.

    Raises:
        Misused: two of them have one key.
    """
    checked = [each for path in paths for file in form.files(path) for each in _file(file, locales)]
    form.distinct([each.written for each in checked])
    return checked


def _file(file: Path, locales: Sequence[str]) -> list[Checked]:
    try:
        return [complete(written, locales) for written in form.read([file], bare=True)]
    except FileRefused as error:
        return [Checked(Written(None, None, str(file)), None, (FieldError("", error.detail, error.reason),))]


def typed(written: Written) -> Checked:
    """Whether it could be saved as a draft."""
    errors = _key_errors(written.key)
    terms, found = _terms(written.terms)
    return Checked(written, None if errors else terms, (*errors, *found))


def complete(written: Written, locales: Sequence[str]) -> Checked:
    """Whether it could be submitted too, as far as that can be told without the other offers."""
    checked = typed(written)
    if checked.terms is None or checked.errors:
        return checked
    return Checked(written, checked.terms, tuple(completeness.missing(checked.terms, locales)))


def _key_errors(key: Any) -> list[FieldError]:
    try:
        if key is not None:
            _KEY.validate_python(key, strict=True)
    except ValidationError:
        return [
            FieldError("/key", "A key is lower-case letters and digits, with single dashes between.", "key_malformed")
        ]
    return []


def _terms(document: Any) -> tuple[Terms | None, list[FieldError]]:
    try:
        terms = Terms.model_validate_json(orjson.dumps(document), strict=True, extra="forbid")
    except ValidationError as error:
        findings = error.errors(include_url=False, include_context=False, include_input=False)
        return None, body_errors(findings, document)
    found = attributes.check_criteria(terms.criteria, "/criteria")
    return (None if found else terms), found
