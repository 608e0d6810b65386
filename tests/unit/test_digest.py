"""The digest of a partition is what anybody gets who adds up its records, in any order."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from concord.eventlog.digest import digest_of, from_hex, record_hash, to_hex

contents = st.dictionaries(st.text(min_size=1), st.binary(), max_size=20)


def test_digest_hashes_key_zero_and_value() -> None:
    assert to_hex(record_hash("a", b"1")) == hashlib.sha256(b"a\x001").hexdigest()


@given(contents, st.randoms())
def test_digest_does_not_depend_on_order(held: dict[str, bytes], random: object) -> None:
    items = list(held.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert digest_of(items) == digest_of(held.items())


@given(contents, st.text(min_size=1), st.binary(), st.binary())
def test_digest_follows_a_change_without_reading_the_rest(
    held: dict[str, bytes], key: str, old: bytes, new: bytes
) -> None:
    before = digest_of({**held, key: old}.items())
    assert before ^ record_hash(key, old) ^ record_hash(key, new) == digest_of({**held, key: new}.items())


@given(st.integers(0, 2**256 - 1))
def test_digest_reads_what_it_writes(digest: int) -> None:
    assert from_hex(to_hex(digest)) == digest
