"""Keys go where every Kafka client sends them."""

import pytest
from aiokafka.partitioner import murmur2 as reference

from concord.eventlog.partition import murmur2, partition_of


@pytest.mark.parametrize("key", ["", "a", "ab", "abc", "abcd", "hh_01jz8m4qk5f6x7y8z9a0b1c2d3", "hh_é∞", "x" * 1000])
def test_partition_agrees_with_kafka(key: str) -> None:
    assert murmur2(key.encode()) == reference(key.encode()) & 0xFFFFFFFF
    assert partition_of(key, 6) == (reference(key.encode()) & 0x7FFFFFFF) % 6
