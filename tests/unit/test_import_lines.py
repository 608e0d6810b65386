"""Cutting a stream into lines, whatever the network makes of it."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from concord.storage import lines
from concord.storage.lines import Chunk, Cutter, Line, LineRefused, read_chunk, read_line


def cut(data: bytes, places: list[int]) -> list[Chunk]:
    cutter, chunks, start = Cutter(), [], 0
    for place in [*sorted(place % (len(data) + 1) for place in places), len(data)]:
        chunks += cutter.feed(data[start:place])
        start = place
    return [*chunks, *cutter.rest()]


def numbered(chunks: list[Chunk]) -> list[tuple[int, bytes]]:
    return [
        (number, raw)
        for chunk in chunks
        for number, raw in enumerate(chunk.data.split(b"\n"), start=chunk.first_line)
        if raw.strip()
    ]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CHUNK_LINES", 3)
    monkeypatch.setattr(lines, "LONGEST", 20)


@pytest.mark.usefixtures("few")
@given(
    st.lists(st.sampled_from([b"", b" ", b"a", b"{}", b"long enough"])), st.lists(st.integers(0, 500)), st.booleans()
)
def test_cutting_keeps_every_line_and_its_number(content: list[bytes], places: list[int], ended: bool) -> None:  # noqa: FBT001
    data = b"\n".join(content) + (b"\n" if ended else b"")
    chunks = cut(data, places)
    assert numbered(chunks) == [(number, raw) for number, raw in enumerate(data.split(b"\n"), start=1) if raw.strip()]
    assert all(chunk.data.count(b"\n") <= 3 for chunk in chunks)


@pytest.mark.usefixtures("few")
@given(st.integers(21, 200), st.lists(st.integers(0, 500)))
def test_line_that_is_too_long_is_told_and_the_next_ones_kept(length: int, places: list[int]) -> None:
    chunks = cut(b"a\n" + b"x" * length + b"\nb\n", places)
    found = [(number, len(raw)) for number, raw in numbered(chunks)]
    assert [number for number, _ in found] == [1, 2, 3]
    assert 20 < found[1][1] <= length
    [_, (_, told), _] = [each for chunk in chunks for each in read_chunk(chunk)]
    assert isinstance(told, LineRefused)
    assert told.reason == "line_too_long"


def test_equal_data_has_one_fingerprint() -> None:
    one = read_line(1, b'{"ref": "a", "data": {"x": 1, "y": {"b": 2, "a": 3}}}')
    other = read_line(2, b'{"data":{"y":{"a":3,"b":2},"x":1},"ref":"b"}')
    assert isinstance(one, Line)
    assert isinstance(other, Line)
    assert (one.data, one.fingerprint) == (other.data, other.fingerprint)
    assert orjson.loads(one.data) == {"x": 1, "y": {"a": 3, "b": 2}}


@pytest.mark.parametrize("ref", ["", "x" * 201, "a\\nb", "a\\u0000b"])
def test_ref_that_nobody_could_name_is_refused(ref: str) -> None:
    told = read_line(1, f'{{"ref": "{ref}", "data": {{}}}}'.encode())
    assert isinstance(told, LineRefused)
    assert told.reason == "ref_malformed"


def test_data_nested_too_deeply_is_refused() -> None:
    told = read_line(1, b'{"ref": "a", "data": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}")
    assert isinstance(told, LineRefused)
    assert told.reason == "json_malformed"
