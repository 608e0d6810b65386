"""The local ports: `CONCORD_PORT_BASE` (8000) plus a fixed offset, so that tests and a running stack live side by side.

Everything binds 127.0.0.1 (architecture §8).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BASE: Final = 8000

OFFSETS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "registry": 100,
        "profile": 200,
        "web": 301,
        "store_pos": 302,
        "call_center": 303,
        "sms": 304,
        "mystery_shopper": 305,
        "issuer": 400,
        "postgres": 432,
        "kafka": 492,
        "kafka_controller": 493,
    }
)


def port(name: str, base: int = BASE) -> int:
    """The port of a process on 127.0.0.1. Raises KeyError for a name the table does not have."""
    return base + OFFSETS[name]


def url(name: str, base: int = BASE) -> str:
    """`http://127.0.0.1:8100` for the registry."""
    return f"http://127.0.0.1:{port(name, base)}"
