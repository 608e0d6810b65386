"""YAML as offers are kept in: what is written is read back the same, and nothing is read as what it is not."""

from typing import Any

import orjson
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from concord.cli.offerfiles import yamltext
from concord.cli.offerfiles.yamltext import Document, YamlRefused, documents, written
from concord.decision.terms import EXAMPLE

TRAPS = (
    "no", "No", "yes", "on", "off", "y", "n", "true", "True", "TRUE", "null", "Null", "~", "", " ", "=", "<<",
    "-", "?", ":", "2026-06-01", "2026-06-01T00:00:00Z", "12:30", "1:30:00", "010", "0o10", "0x1F", "0b1",
    "1_000", "1e3", "1.5", "-0", ".5", "1.", "+1", "-1", "0", ".inf", "-.Inf", ".nan", "NaN", "Infinity", "'",
    '"', "#", " #x", "a: b", "a #b", "- a", "&a", "*a", "!x", "!!str x", "%YAML", "---", "...", "@x", "`x",
    "{price}", "[x]", "a,b", "|", ">", "\n", "a\nb", " a\nb", "a\n", "a\n\n", "\na", "a \nb", "a\n b", "\ta",
    "a\tb", "a\rb", "\u0085", "\u2028", "\u2029", "\ufeff", "\u00ad", "é", "😀", "\x7f", "\x00", "# x\n# y",
    "x" * 200, "x y " * 60,
)  # fmt: skip
LOOKALIKES = (
    "no", "No", "yes", "on", "off", "y", "n", "True", "TRUE", "Null", "010", "0o10", "0x1F", "0b1", "NaN", "Infinity",
    "2026-06-01", "2026-06-01T00:00:00Z", "12:30", "1:30:00", "1_000", ".5", "1.", "+1", ".inf", "-.Inf", ".nan", "<<",
    "1e999",
)  # fmt: skip
texts = st.sampled_from(TRAPS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
values = st.recursive(
    scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(texts, below, max_size=4), max_leaves=20
)
objects = st.dictionaries(texts, values, min_size=1, max_size=4)


def only(text: str) -> Any:
    (document,) = documents(text)
    return document.value


@given(objects)
@example({trap: trap for trap in TRAPS})
def test_value_written_is_read_back_the_same(value: Any) -> None:
    assert repr(only(written([value]))) == repr(value)


@given(objects)
@example({trap: trap for trap in TRAPS})
def test_value_written_is_the_same_to_another_reader(value: Any) -> None:
    assert repr(yaml.safe_load(written([value]))) == repr(value)


@given(st.lists(objects, min_size=1, max_size=3))
def test_values_written_are_documents_of_their_own(values: list[Any]) -> None:
    text = written(values)
    assert [document.value for document in documents(text)] == values
    assert written([document.value for document in documents(text)]) == text


def test_parser_of_libyaml_and_pythons_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = written([{trap: [trap, {trap: trap}] for trap in TRAPS}, EXAMPLE])
    fast = documents(text)
    monkeypatch.setattr(yamltext, "PARSER", yaml.BaseLoader)
    assert documents(text) == fast


@pytest.mark.parametrize(
    "text",
    LOOKALIKES,
)
def test_plain_scalar_that_looks_like_something_else_is_text(text: str) -> None:
    assert only(f"value: {text}\n{text}: 1\n") == {"value": text, text: 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"true"', "true"),
        ("{a: [1, no]}", {"a": [1, "no"]}),
    ],
)
def test_plain_scalar_of_json_is_what_it_is_there(text: str, value: Any) -> None:
    found = only(f"value: {text}")["value"]
    assert (found, type(found)) == (value, type(value))


def test_name_of_a_field_is_text_whatever_it_looks_like() -> None:
    assert only("no: a\n1: b\ntrue: c\nnull: d\n2026-06-01: e") == {
        "no": "a",
        "1": "b",
        "true": "c",
        "null": "d",
        "2026-06-01": "e",
    }


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\nb: 2\na: 3", 3, "The field a is there twice."),
        ("a: &x 1\nb: *x", 1, "Anchors"),
        ("a: 1\nb: *x", 2, "Anchors"),
        ("a: !!python/object/apply:os.system ['true']", 1, "Tags"),
        ("a: !!str 1", 1, "Tags"),
        ("a: !secret x", 1, "Tags"),
        ("? [a]\n: 1", 1, "A field's name is a text."),
        ("? {a: 1}\n: 1", 1, "A field's name is a text."),
        ("a:\n  - b\n c: 1", 3, "It is not YAML"),
        ("a: 'x", 1, "It is not YAML"),
        ("a: \x01", 1, "It is not YAML"),
        ("a\n\tb: c", 2, "It is not YAML"),
        ("[" * 100, 1, "It is nested deeper than 64."),
        ("[" * 100_000, 1, "It is "),
        ("- " * 10_000 + "a", 1, "It is nested deeper than 64."),
    ],
)
def test_text_that_is_not_taken_is_refused_with_its_line(text: str, line: int, sentence: str) -> None:
    with pytest.raises(YamlRefused) as refused:
        documents(text)
    assert refused.value.sentence.startswith(sentence)
    assert (refused.value.line, refused.value.sentence[-1]) == (line, ".")


def test_aliases_cannot_make_a_small_file_large() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)
    ]
    with pytest.raises(YamlRefused, match="Anchors"):
        documents("\n".join(lines))


def test_documents_know_where_they_begin_and_empty_ones_are_left_out() -> None:
    assert documents("# one\n---\na: 1\n---\n---\n# two\nb: 2\n...\n") == [Document({"a": 1}, 3), Document({"b": 2}, 7)]


@given(st.text(alphabet=st.sampled_from("ab01:-?#&*!|>'\"%@`{}[], \n\t~.<="), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = documents(text)
    except YamlRefused:
        return
    for document in found:
        orjson.dumps(document.value)
