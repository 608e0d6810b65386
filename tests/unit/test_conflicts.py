"""Live offers that are in a version's way: shared products, overlapping time, a group or a combination rule."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concord.decision.products import Products
from concord.decision.reach import reach
from offer_registry.conflicts import Rival, Rule, conflicts, shared
from unit.decision_samples import terms

KEY = "offer"


def found(mine: dict[str, Any], theirs: dict[str, Any]) -> list[tuple[Rule, ...]]:
    """The rules of each conflict between two offers of the group handset, on one article, at one time."""
    return [each.rules for each in conflicts(KEY, terms(**mine), [Rival("rival", 2, terms(**theirs))])]


@pytest.mark.parametrize(
    ("mine", "theirs", "rules"),
    [
        ({}, {}, [(Rule.SAME_GROUP,)]),
        ({}, {"exclusive_group": "other"}, []),
        ({"exclusive_group": None}, {"exclusive_group": None}, []),
        ({"exclusive_group": "one", "combines_with": []}, {}, [(Rule.NOT_COMBINABLE,)]),
        ({"exclusive_group": "one", "combines_with": ["rival"]}, {}, []),
        ({"exclusive_group": "one", "combines_with": ["rival"]}, {"combines_with": []}, [(Rule.NOT_COMBINABLE,)]),
        ({"exclusive_group": "one", "combines_with": ["rival"]}, {"combines_with": [KEY]}, []),
        ({"combines_with": []}, {}, [(Rule.SAME_GROUP, Rule.NOT_COMBINABLE)]),
    ],
)
def test_conflict_needs_a_group_or_a_combination_rule(
    mine: dict[str, Any], theirs: dict[str, Any], rules: list[tuple[Rule, ...]]
) -> None:
    assert found(mine, theirs) == rules


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [
        ("2026-06-14T00:00:00Z", None, True),
        ("2026-06-15T00:00:00Z", None, False),  # half-open
        ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", False),
        ("2026-05-01T00:00:00Z", "2026-06-01T00:00:01Z", True),
    ],
)
def test_conflict_needs_a_common_time(start: str, end: str | None, meets: bool) -> None:  # noqa: FBT001
    assert bool(found({}, {"validity": {"start": start, "end": end}})) is meets


def test_conflict_says_what_with_what_and_when() -> None:
    rival = Rival("rival", 2, terms(validity={"start": "2026-06-10T09:30:00Z", "end": None}))
    (conflict,) = conflicts(KEY, terms(), [rival])
    assert (conflict.start, conflict.end) == (
        datetime(2026, 6, 10, 9, 30, tzinfo=UTC),
        datetime(2026, 6, 15, tzinfo=UTC),
    )
    assert conflict.shared.skus == ("HANDSET-X",)
    assert conflict.sentence == (
        "rival, version 2, is in the group handset too, so a basket gets the one that is worth most, from 10 June 2026 "
        "at 09:30 UTC to the end of 14 June 2026."
    )


def test_conflicts_are_told_by_key_in_any_order() -> None:
    rivals = [Rival(key, 1, terms()) for key in ("c", "a", "b")]
    assert [each.rival.key for each in conflicts(KEY, terms(), rivals)] == ["a", "b", "c"]


names = st.lists(st.sampled_from("abc"), unique=True, max_size=2)
scopes = st.builds(
    lambda skus, categories, out, gone: Products.model_validate(
        {"skus": skus, "categories": categories, "exclude": {"skus": out, "categories": gone}}
    ),
    names, names, names, names,
)  # fmt: skip


@given(one=scopes, other=scopes)
def test_shared_products_are_in_both_scopes(one: Products, other: Products) -> None:
    common, sides = shared(one, other), [reach(one), reach(other)]
    assert shared(other, one) == common
    for sku in common.skus:
        assert all(side.has(sku, frozenset()) for side in sides)
    for category in common.categories:
        assert all(side.has("none-of-them", frozenset({category})) for side in sides)
    assert common.everything is not any(side.scoped for side in sides)


@given(one=scopes, other=scopes)
def test_every_sku_that_both_have_is_shared(one: Products, other: Products) -> None:
    sides = [reach(one), reach(other)]
    named = {*one.skus, *other.skus}
    both = {sku for sku in named if all(side.has(sku, frozenset()) for side in sides)}
    assert both == set(shared(one, other).skus)
