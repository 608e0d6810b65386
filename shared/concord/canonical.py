"""One spelling for every JSON value (RFC 8785), so that equal things have equal hashes."""

import hashlib
import json
from typing import Any

import rfc8785


def canonical_bytes(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Without floats and with ASCII keys the standard encoder writes the same bytes some ten times faster
    (`tests/unit/test_canonical.py` holds the two against each other); anything else takes the library.

    Raises:
        ValueError: the value has NaN, an infinity or an integer beyond 2^53.
    """
    if _is_plain(value):
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode()
    return rfc8785.dumps(value)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -(2**53) < value < 2**53
    if kind is dict:
        return all(type(key) is str and key.isascii() and _is_plain(item) for key, item in value.items())
    return kind is list and all(map(_is_plain, value))


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def content_hash(value: Any) -> str:
    """SHA-256 of the RFC 8785 JSON of the value, in hex (protocol §3)."""
    return sha256_hex(canonical_bytes(value))
