"""Writes `terms_digest` into the vectors once everything else in them holds.

`PYTHONPATH=tests .venv/bin/python -m vectors.digests`. Nothing else is ever computed for a vector. Files keep their
layout; what changes is to be read in the diff.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from unit import quote_cases, vector_cases
from unit.vector_records import FOLDER

DIGEST = re.compile(r'"terms_digest": "[^"]*"')
Answered = Callable[[dict[str, Any], dict[str, Any]], str | None]


def decided(file: dict[str, Any], vector: dict[str, Any]) -> str | None:
    """The digest of a decision, None where it is not as the vector expects."""
    case, digest = vector_cases.read(file, vector), ""
    for channel in vector_cases.CHANNELS:
        found = orjson.loads(case.answer(channel).to_bytes())
        if [vector_cases.told(item) for item in found["items"]] != case.expect[channel]:
            return None
        digest = found["certificate"]["terms_digest"]
    return digest


def quoted(file: dict[str, Any], vector: dict[str, Any]) -> str | None:
    """The digest of a quote, None where it is not as the vector expects."""
    case = quote_cases.read(file, vector)
    found = orjson.loads(case.quote("web").to_bytes())
    if quote_cases.told(found, case.expect) != quote_cases.stated(case.expect):
        return None
    digest: str = found["certificate"]["terms_digest"]
    return digest


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each vector stands in the text, last first, so that filling one in moves no other."""
    decoder, place, found = json.JSONDecoder(), text.index('"vectors": [') + len('"vectors": ['), []
    while (start := text.find("{", place)) >= 0:
        _, place = decoder.raw_decode(text, start)
        found.append((start, place))
    return reversed(found)


def fill(path: Path, answered: Answered) -> list[str]:
    """Fill the file in; names of the vectors that do not hold."""
    text, wrong = path.read_text(), []
    file = json.loads(text)
    for start, end in spans(text):
        vector = json.loads(text[start:end])
        digest = answered(file, {"terms_digest": "", **vector})
        if digest is None:
            wrong.append(vector["name"])
            continue
        text = text[:start] + _with_digest(text[start:end], f'"terms_digest": "{digest}"') + text[end:]
    path.write_text(text)
    return wrong


def _with_digest(body: str, digest: str) -> str:
    if DIGEST.search(body):
        return DIGEST.sub(digest, body)
    return f"{body[:-1].rstrip()},\n   {digest}}}"


if __name__ == "__main__":
    left = fill(FOLDER / "decisions.json", decided) + fill(FOLDER / "quotes.json", quoted)
    sys.exit("\n".join(["These do not hold, so they have no digest:", *left]) if left else 0)
