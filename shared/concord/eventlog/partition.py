"""Which partition a key belongs to: murmur2, as Kafka's own clients choose it."""

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit hash of Kafka's default partitioner (org.apache.kafka.common.utils.Utils.murmur2)."""
    length = len(data)
    value = (_SEED ^ length) & _MASK
    for start in range(0, length & ~3, 4):
        block = int.from_bytes(data[start : start + 4], "little") * _M & _MASK
        block = (block ^ block >> 24) * _M & _MASK
        value = value * _M & _MASK ^ block
    tail = data[length & ~3 :]
    if tail:
        value = (value ^ int.from_bytes(tail, "little")) * _M & _MASK
    value = (value ^ value >> 13) * _M & _MASK
    return value ^ value >> 15


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, from 0."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
