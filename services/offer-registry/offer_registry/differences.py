"""What changed between the terms of two versions (api §2)."""

from collections.abc import Mapping
from typing import Any, Final

from concord.difference import Change, difference

SETS: Final = frozenset(
    {"skus", "categories", "promised_in", "shown_in", "combines_with", "codes", "days"}
)  # lists of terms whose order means nothing


def of_terms(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The structural difference of two documents of terms; none when they mean the same."""
    return difference(before, after, _is_set)


def _is_set(holder: Mapping[str, Any], name: str) -> bool:
    """What a criterion compares with is a set too, but for the two ends of `between`."""
    return name in SETS or (name == "value" and holder.get("op") not in {None, "between"})
