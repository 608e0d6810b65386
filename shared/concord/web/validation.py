"""What pydantic found wrong with a request, as field errors."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from concord.errors import FieldError
from concord.web.strict import pointer, shown

MOST: Final = 100  # errors told at once
Finding = Mapping[str, Any]  # an item of pydantic's `errors()`


def body_errors(findings: Sequence[Finding], document: Any) -> list[FieldError]:
    """Errors of a body that was read as `document`."""
    return [FieldError(pointer(_place(document, found)), _sentence(found), found["type"]) for found in findings[:MOST]]


def parameter_errors(findings: Sequence[Finding]) -> list[FieldError]:
    """Errors of parameters: `/query/limit`, `/path/version`, `/header/if-match`; an absent body is the root."""
    return [FieldError(_named(found["loc"]), _sentence(found), found["type"]) for found in findings[:MOST]]


def _named(location: Sequence[str | int]) -> str:
    return pointer(location[1:] if location[0] == "body" else location)


def _place(document: Any, found: Finding) -> list[str | int]:
    """The location without the names pydantic gives to union members, which are no part of the document."""
    parts = list(found["loc"])
    place: list[str | int] = []
    node = document
    for last, part in ((number == len(parts) - 1, part) for number, part in enumerate(parts)):
        below = _child(node, part)
        if below is not None or _has(node, part):
            node = below
        elif not (last and found["type"] == "missing"):
            continue
        place.append(part)
    return place


def _has(node: Any, part: str | int) -> bool:
    return isinstance(node, dict) and part in node


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and 0 <= part < len(node):
        return node[part]
    return None


def _sentence(found: Finding) -> str:
    if found["type"] == "extra_forbidden":
        return "There is no such field."
    text = str(found["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return _cut(text[:1].upper() + text[1:])


def _cut(text: str) -> str:
    short = shown(text) if len(text) <= 100 else text[:300].encode("utf-8", "replace").decode()
    return short if short.endswith((".", "!", "?")) else f"{short}."
