"""JSON read strictly: what PostgreSQL, another parser or a person would read differently is refused.

Refused beside malformed JSON: NaN and infinities, fields given twice, NUL and lone surrogates, whole numbers beyond
64 bits, texts over `LONGEST` characters and nesting over `DEEPEST`. A look at the bytes tells whether a document
can hold any of the rarer ones; only then is it walked.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final

from concord.errors import FieldError, Invalid
from concord.web import errors

LONGEST: Final = 20_000  # characters of one text
DEEPEST: Final = 64  # objects and arrays inside each other
WIDEST: Final = 1 << 63
SUSPECT: Final = re.compile(rb"\\u0000|\\u[dD]|\d{19}|[eE]\+?\d{3}")


class _Repeated(Exception):
    def __init__(self, name: str) -> None:
        self.name = name


class _NotFinite(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(next(name for name in names if names.count(name) > 1))
    return made


def _constant(_: str) -> float:
    raise _NotFinite


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def loads(raw: bytes) -> Any:
    """The document.

    Raises:
        JsonMalformed: the bytes are no UTF-8 or no JSON.
        Invalid: one of its leaves named above.
    """
    try:
        document = _decoder.decode(raw.decode())
    except _Repeated as error:
        raise errors.FieldRepeated(errors=[FieldError("", f"The field {shown(error.name)} is there twice.")]) from None
    except _NotFinite:
        raise errors.NumberNotFinite from None
    except RecursionError:
        raise errors.NestedTooDeep from None
    except UnicodeDecodeError as error:
        raise errors.JsonMalformed(f"The body is not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise errors.JsonMalformed(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        raise errors.NumberTooLarge from None
    if _suspect(raw):
        _walk(document)
    return document


def _suspect(raw: bytes) -> bool:
    return len(raw) > LONGEST or raw.count(b"{") + raw.count(b"[") > DEEPEST or SUSPECT.search(raw) is not None


def _walk(document: Any) -> None:
    """Without recursion, so that depth costs no stack."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(document, ())]
    while waiting:
        value, at = waiting.pop()
        if isinstance(value, dict | list):
            if len(at) >= DEEPEST:
                raise errors.NestedTooDeep
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


def _at(error: type[Invalid], at: Sequence[str | int]) -> Invalid:
    return error(errors=[FieldError(pointer(at), (error.__doc__ or "").strip())])


def pointer(at: Sequence[str | int]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join("/" + shown(str(part)).replace("~", "~0").replace("/", "~1") for part in at)


def shown(text: str) -> str:
    """A caller's text as an answer may repeat it: short and encodable."""
    return text[:100].replace("\x00", "␀").encode("utf-8", "replace").decode()
