"""RFC 8785: the quick way and the library write the same bytes."""

import math
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from concord.canonical import canonical_bytes, content_hash

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
leaves = st.none() | st.booleans() | integers | texts
floats = st.floats(allow_nan=False, allow_infinity=False)


def documents(leaf: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(leaf, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5))


@given(documents(leaves, st.text(st.characters(max_codepoint=127), max_size=8)))
def test_plain_documents_have_the_bytes_of_the_library(document: Any) -> None:
    assert canonical_bytes(document) == rfc8785.dumps(document)


@given(documents(leaves | floats, texts))
def test_any_document_has_the_bytes_of_the_library(document: Any) -> None:
    assert canonical_bytes(document) == rfc8785.dumps(document)


@given(documents(leaves, texts))
def test_canonical_bytes_read_back_to_the_same_hash(document: Any) -> None:
    assert content_hash(orjson.loads(canonical_bytes(document))) == content_hash(document)


@given(st.dictionaries(texts, leaves, min_size=2, max_size=6))
def test_order_of_keys_does_not_matter(document: dict[str, Any]) -> None:
    turned = dict(reversed(document.items()))
    assert canonical_bytes(turned) == canonical_bytes(document)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, [-math.inf], 2**53, -(2**53), {"a": [10**30]}, "\ud800", {"a": "\udfff"}, ["\ud800", 1.5]],
)
def test_what_json_cannot_keep_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical_bytes(value)


def test_known_vector() -> None:
    document = {"b": [1, True, None], "a": "€\n\u0007", "nested": {"z": 1, "A": 2}}
    assert canonical_bytes(document) == '{"a":"€\\n\\u0007","b":[1,true,null],"nested":{"A":2,"z":1}}'.encode()
