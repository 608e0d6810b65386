"""An offer as it stands in a file: `{key, terms}`, the body of the single POST (api §2).

A `.yaml` file holds one or several as documents, a `.json` file one, an `.ndjson` file one a line, as `{ref, data}` of
`POST /v1/imports` or bare. A folder stands for all such files in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from concord.cli.errors import Misused
from concord.cli.offerfiles import yamltext
from concord.cli.offerfiles.yamltext import YamlRefused
from concord.errors import Refused
from concord.web import strict

YAML: Final = (".yaml", ".yml")
LINES: Final = (".ndjson", ".jsonl")
SUFFIXES: Final = (*YAML, *LINES, ".json")


class FileRefused(Misused):
    """The file cannot be read."""

    reason = "file_refused"
    next = "Mend the file."


@dataclass(frozen=True, slots=True)
class Written:
    """What a file says of one offer; `place` is the file and, when it holds several, the line. `key` may be missing."""

    key: Any
    terms: Any
    place: str


def read(paths: Iterable[Path], *, bare: bool = False) -> list[Written]:
    """Every offer of the files and folders, in the order given; those of a folder by name.

    With `bare`, a document may also hold terms alone.

    Raises:
        FileRefused: a file is malformed, or says something else than offers; the first that is wrong.
        Misused: two of them have one key.
    """
    return distinct([offer(*found, bare=bare) for path in paths for file in files(path) for found in _documents(file)])


def read_terms(path: Path) -> Written:
    """The terms of one offer, from a file that holds them alone or with a key.

    Raises:
        FileRefused: it holds something else.
    """
    found = read([path], bare=True)
    if len(found) != 1:
        raise FileRefused(f"{path} holds {len(found)} offers.", next="Name a file with the terms of one offer.")
    return found[0]


def distinct(offers: list[Written]) -> list[Written]:
    """The offers, if each key is there once.

    Raises:
        Misused: two of them have one key.
    """
    places: dict[str, str] = {}
    for each in offers:
        if isinstance(each.key, str) and each.key in places:
            raise Misused(f"{each.key} is in {places[each.key]} and in {each.place}.", next="Leave one of them out.")
        if isinstance(each.key, str):
            places[each.key] = each.place
    return offers


def files(path: Path) -> list[Path]:
    """The files a path stands for; those of hidden folders are left out."""
    if not path.is_dir():
        return [path]
    found = (file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    return sorted(file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))


def terms_for(key: str, written: Written) -> dict[str, Any]:
    """The terms, if they are those of the offer with this key.

    Raises:
        FileRefused: they are another's, or no object.
    """
    if written.key not in {None, key}:
        raise FileRefused(f"{written.place} holds {written.key}, not {key}.", next="Name the offer's own file.")
    if not isinstance(written.terms, dict):
        raise FileRefused(f"{written.place} holds no object.", next="Write the terms as one object.")
    return written.terms


def offer(document: Any, place: str, *, bare: bool = False) -> Written:
    """What a document says of an offer; with `bare`, it may be terms alone."""
    if isinstance(document, dict) and document.keys() == {"ref", "data"}:
        document = document["data"]
    if bare and isinstance(document, dict) and "terms" not in document:
        return Written(None, document, place)
    if not isinstance(document, dict) or document.keys() != {"key", "terms"}:
        raise FileRefused(f"{place} says something else than key and terms.", next="Write an offer as {key, terms}.")
    return Written(document["key"], document["terms"], place)


def _documents(path: Path) -> list[tuple[Any, str]]:
    """The documents of a file, each with its place."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(f"{path} is not UTF-8 at byte {error.start}.") from error
    if path.suffix in LINES:
        return list(_lines(text, path))
    return yaml_documents(text, str(path)) if path.suffix in YAML else [(_json(text, str(path)), str(path))]


def _lines(text: str, path: Path) -> Iterator[tuple[Any, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.isspace():
            yield _json(line, f"{path}:{number}"), f"{path}:{number}"


def yaml_documents(text: str, name: str) -> list[tuple[Any, str]]:
    """The documents of YAML text, each with its place: the file's name, and the line when there are several.

    Raises:
        FileRefused: it is malformed, or holds what JSON cannot.
    """
    try:
        found = yamltext.documents(text)
    except YamlRefused as error:
        raise FileRefused(f"{name}:{error.line}: {error.sentence}") from error
    places = [name if len(found) == 1 else f"{name}:{document.line}" for document in found]
    return [(_checked(document.value, place), place) for document, place in zip(found, places, strict=True)]


def _checked(value: Any, place: str) -> Any:
    """The value, if JSON can hold it: the limits of a request's body are those of a file."""
    try:
        raw = orjson.dumps(value)
    except TypeError as error:
        raise FileRefused(f"{place}: {error}.") from error
    return _json(raw.decode(), place)


def _json(text: str, place: str) -> Any:
    try:
        return strict.loads(text.encode())
    except Refused as error:
        where = "".join(f" ({each.pointer}: {each.detail})" for each in error.errors)
        raise FileRefused(f"{place}: {error.detail}{where}".replace("The body", "It")) from error


def to_yaml(offers: Sequence[tuple[str, Any]]) -> bytes:
    """Offers as keys and terms, a YAML document each."""
    return yamltext.written([{"key": key, "terms": terms} for key, terms in offers]).encode()


def to_lines(offers: Sequence[tuple[str, Any]]) -> bytes:
    """Offers as lines that `POST /v1/imports` takes; the key is the ref."""
    return b"".join(line(key, terms) + b"\n" for key, terms in offers)


def line(key: str, terms: Any) -> bytes:
    return orjson.dumps({"ref": key, "data": {"key": key, "terms": terms}})
