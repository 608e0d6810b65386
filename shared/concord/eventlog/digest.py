"""What a partition holds, as one number: the XOR over its keys of SHA-256(key ‖ 0x00 ‖ value bytes) (protocol §3)."""

import hashlib
from collections.abc import Iterable


def record_hash(key: str, value: bytes) -> int:
    """The hash of one key with its value, a 256-bit number."""
    return int.from_bytes(hashlib.sha256(b"%b\x00%b" % (key.encode(), value)).digest())


def to_hex(digest: int) -> str:
    """64 lower-case hex digits."""
    return f"{digest:064x}"


def from_hex(digits: str) -> int:
    return int(digits, 16)


def digest_of(items: Iterable[tuple[str, bytes]]) -> int:
    """The digest of a whole partition, computed anew."""
    total = 0
    for key, value in items:
        total ^= record_hash(key, value)
    return total
