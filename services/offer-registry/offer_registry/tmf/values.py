"""Values as the text that TMF671 has for them: `criteriaValue` and `actionValue` are strings there, whatever they hold.

A text stands as it is unless it would read as another value; everything else stands as its JSON.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from concord.errors import FieldError

NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
READ: Final = (bool, int, str, list, dict)  # what a criterion can hold a fact against

Findings = list[FieldError]
"""What is wrong with a promotion; whoever reads a part of it adds what it finds."""


def compact(value: Any) -> str:
    """The one JSON text of a value: no spaces, members sorted."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def text_of(value: Any) -> str:
    """The text of a value, from which `value_of` gives the value again."""
    return value if isinstance(value, str) and value_of(value) == value else compact(value)


def value_of(text: str) -> Any:
    """The value of a text: its JSON, if that is what a criterion can hold, else the text itself."""
    try:
        found = read(text)
    except ValueError:
        return text
    return found if isinstance(found, READ) else text


def read(text: str) -> Any:
    """A JSON value.

    Raises:
        ValueError: the text is no JSON, has a field twice, is nested too deep, or holds what no text may hold.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
        plain = compact(value)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    plain.encode()  # half a surrogate pair is a UnicodeEncodeError, which is a ValueError
    if NUL.search(plain):
        raise ValueError("it holds a NUL character")
    return value


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError("a field is there twice")
        made[name] = value
    return made


def _refuse(_: str) -> NoReturn:
    raise ValueError("a number is not finite")
