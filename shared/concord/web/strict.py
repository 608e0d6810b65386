"""JSON read strictly: what PostgreSQL, another parser or a person would read differently is refused.

Refused beside malformed JSON: NaN and infinities, fields given twice, NUL and lone surrogates, whole numbers beyond
64 bits, texts over `LONGEST` characters and nesting over `DEEPEST`. A look at the bytes tells whether a document
can hold any of the rarer ones; only then is it walked. What the reader itself refuses is read once more, with a mark in
its place, so that the answer can say where it is.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from concord.errors import FieldError, Invalid
from concord.web import errors

LONGEST: Final = 20_000  # characters of one text
DEEPEST: Final = 64  # objects and arrays inside each other
WIDEST: Final = 1 << 63
SUSPECT: Final = re.compile(rb"\\u0000|\\u[dD]|\d{19}|[eE]\+?\d{3}")


TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]')  # texts and what stands between them


class _Unreadable(Exception):
    """The reader refuses it; where, the marks of a second reading tell."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Stands where a document has what is refused."""

    error: type[Invalid]
    detail: str | None = None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Unreadable
    return made


def _constant(_: str) -> float:
    raise _Unreadable


def _marked_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        twice = _Mark(errors.FieldRepeated, f"The field {shown(name)} is there twice.")
        made[name] = twice if name in made else value
    return made


def _marked_integer(digits: str) -> int | _Mark:
    return int(digits) if len(digits) <= 20 else _Mark(errors.NumberTooLarge)


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_marking: Final = json.JSONDecoder(
    object_pairs_hook=_marked_object,
    parse_constant=lambda _: _Mark(errors.NumberNotFinite),
    parse_int=_marked_integer,
)


def loads(raw: bytes) -> Any:
    """The document.

    Raises:
        JsonMalformed: the bytes are no UTF-8 or no JSON.
        Invalid: one of its leaves named above.
    """
    try:
        document = _read(raw.decode())
    except RecursionError:
        raise _at(errors.NestedTooDeep, list(_too_deep(raw))) from None
    except UnicodeDecodeError as error:
        raise errors.JsonMalformed(f"The body is not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise errors.JsonMalformed(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    if _suspect(raw):
        _walk(document)
    return document


def _read(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError:
        raise
    except (_Unreadable, ValueError):  # Python reads no whole number of more than 4,300 digits
        document = _marking.decode(text)
        _walk(document)
        return document


def _too_deep(raw: bytes) -> Iterator[str | int]:
    """The way to what is nested too deep, from the bytes alone: reading them costs more stack than there is."""
    way: list[str | int] = []
    text = b""
    for token in (found.group() for found in TOKEN.finditer(raw)):
        if token in {b"{", b"["}:
            if len(way) == DEEPEST:
                break
            way.append("" if token == b"{" else 0)
        elif token in {b"}", b"]"}:
            way.pop()
        elif token == b":":
            way[-1] = json.loads(text)
        elif token != b",":
            text = token
        elif isinstance(way[-1], int):
            way[-1] += 1
    return iter(way)


def _suspect(raw: bytes) -> bool:
    return len(raw) > LONGEST or raw.count(b"{") + raw.count(b"[") > DEEPEST or SUSPECT.search(raw) is not None


def _walk(document: Any) -> None:
    """Without recursion, so that depth costs no stack."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(document, ())]
    while waiting:
        value, at = waiting.pop()
        if isinstance(value, dict | list):
            if len(at) >= DEEPEST:
                raise _at(errors.NestedTooDeep, at)
            waiting.extend(_children(value, at))
        else:
            _check(value, at)


def _children(value: Any, at: tuple[str | int, ...]) -> list[tuple[Any, tuple[str | int, ...]]]:
    if isinstance(value, list):
        return [(item, (*at, place)) for place, item in enumerate(value)]
    for name in value:
        _check(name, at)
    return [(item, (*at, name)) for name, item in value.items()]


def _check(value: Any, at: Sequence[str | int]) -> None:
    if isinstance(value, str):
        check_text(value, pointer(at))
    elif isinstance(value, _Mark):
        raise _at(value.error, at, value.detail)
    elif isinstance(value, float) and not math.isfinite(value):
        raise _at(errors.NumberNotFinite, at)
    elif isinstance(value, int) and not -WIDEST <= value < WIDEST:
        raise _at(errors.NumberTooLarge, at)


def check_text(text: str, where: str) -> None:
    """Raises StringTooLong or CharacterRefused, naming `where`, a pointer."""
    if len(text) > LONGEST:
        raise errors.StringTooLong(errors=[FieldError(where, f"It has {len(text)} characters; {LONGEST} is the most.")])
    if "\x00" in text or any("\ud800" <= symbol <= "\udfff" for symbol in text):
        raise errors.CharacterRefused(
            errors=[FieldError(where, "It holds a NUL character or half of a surrogate pair.")]
        )


def _at(error: type[Invalid], at: Sequence[str | int], detail: str | None = None) -> Invalid:
    return error(errors=[FieldError(pointer(at), detail or (error.__doc__ or "").strip())])


def pointer(at: Sequence[str | int]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join("/" + shown(str(part)).replace("~", "~0").replace("/", "~1") for part in at)


def shown(text: str) -> str:
    """A caller's text as an answer may repeat it: short and encodable."""
    return text[:100].replace("\x00", "␀").encode("utf-8", "replace").decode()
