"""Made-up histories of the log, as a relay would have published them."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from channel_adapters.view.positions import Slot, Stretch
from concord.contracts.cloudevents import Envelope
from concord.contracts.topics import (
    HEARTBEAT,
    HEARTBEAT_KEY,
    HOUSEHOLD_CHANGED,
    HOUSEHOLDS,
    OFFER_CHANGED,
    OFFERS,
    PROMISE_CHANGED,
)
from concord.decision.terms import EXAMPLE, Terms
from concord.eventlog.digest import digest_of, to_hex
from concord.eventlog.partition import partition_of
from concord.eventlog.reader import LogRecord

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
TERMS = Terms.read(EXAMPLE)


def household_value(household: str, version: int, *, number: str = "n", segment: str = "loyal") -> bytes:
    member = {
        "id": f"pty_{household}",
        "born": "1978",
        "lookup": _digits(f"name{household}"),
        "facts": {"customer.segment": segment},
    }
    line = {"holder": member["id"], "user": member["id"], "payer": member["id"], "last_digits": "0117", "facts": {}}
    lines = [{"id": f"lin_{household}", "lookup": _digits(number + household), **line}]
    return orjson.dumps({"id": household, "version": version, "members": [member], "lines": lines, "facts": {}})


def promise_value(household: str, promise: str, version: int, *, code: str = "K7M29QX4TB", **fields: object) -> bytes:
    value = {
        "id": promise, "household": household, "party": f"pty_{household}", "version": version, "code": code,
        "offer": "ofr_1", "offer_key": "free-handset-upgrade", "offer_version": 1, "content_hash": TERMS.content_hash(),
        "channel": "email", "made_at": "2026-06-01T08:00:00Z", "honour_until": "2026-06-15T00:00:00Z", "state": "open",
        "evidence": {"kind": "message", "channel": "email"},
    }  # fmt: skip
    return orjson.dumps(value | fields)


def offer_value(
    offer: str = "ofr_1", state: str = "LIVE", revision: int = 1, key: str = "free-handset-upgrade"
) -> bytes:
    version = {"version": 1, "content_hash": TERMS.content_hash(), "state": state, "state_revision": revision}
    return orjson.dumps({"id": offer, "key": key, "versions": [{**version, "terms": TERMS.document()}]})


def _digits(text: str) -> str:
    return text.encode().hex().ljust(32, "0")[-32:]


def lookup_of(household: str, number: str = "n") -> str:
    """The look-up key under which `household_value` has its line."""
    return _digits(number + household)


@dataclass
class History:
    """The records of one partition, and what an authority would say of it."""

    slot: Slot
    log: int = 1
    epoch: int = 1
    records: list[LogRecord] = field(default_factory=list)
    state: dict[str, bytes] = field(default_factory=dict)
    revision: int = 0
    offset: int = 0
    now: Callable[[], datetime] = lambda: START
    traceparent: str | None = None

    def change(self, key: str, value: bytes | None, *, end: bool = True) -> LogRecord:
        """One record more; with `end` it is the last of its changeset."""
        self.revision += 1
        if value is None:
            self.state.pop(key, None)
        else:
            self.state[key] = value
        return self._add(key, value, _type(self.slot[0], key), end=end)

    def heartbeat(self, closed_at: datetime | None = None) -> LogRecord:
        """What the authority says of itself at this place."""
        value = {
            "closed_at": (closed_at or START + timedelta(milliseconds=self.offset)).isoformat(),
            "count": len(self.state),
            "digest": to_hex(self.digest),
        }
        return self._add(HEARTBEAT_KEY, orjson.dumps(value), HEARTBEAT, end=True)

    @property
    def digest(self) -> int:
        return digest_of(self.state.items())

    def _add(self, key: str, value: bytes | None, kind: str, *, end: bool) -> LogRecord:
        at = self.now()
        envelope = Envelope(
            f"e{self.offset}", "/test", kind, at, self.revision, self.log, self.epoch, end, self.traceparent
        )
        record = LogRecord(*self.slot, self.offset, key, value, envelope)
        self.offset += 1
        self.records.append(record)
        return record


def _type(topic: str, key: str) -> str:
    if topic == OFFERS.name:
        return OFFER_CHANGED
    return PROMISE_CHANGED if "/" in key else HOUSEHOLD_CHANGED


def households(seed: int, changes: int = 60) -> dict[Slot, History]:
    """A history over all household partitions: documents and promises come, change and go, households are erased."""
    chance = random.Random(seed)
    made: dict[Slot, History] = {}
    versions: dict[str, int] = {}
    for _ in range(changes):
        household = f"hh_{chance.randrange(8)}"
        slot = (HOUSEHOLDS.name, partition_of(household, HOUSEHOLDS.partitions))
        history = made.setdefault(slot, History(slot))
        version = versions[household] = versions.get(household, 0) + 1
        if household not in history.state:
            history.change(household, household_value(household, version, number=str(chance.randrange(4))))
        elif chance.random() < 0.08:
            _erase(history, household)
        elif chance.random() < 0.3:
            history.change(household, household_value(household, version, number=str(chance.randrange(4))))
        else:
            promise = f"prm_{chance.randrange(3)}"
            history.change(
                f"{household}/{promise}", promise_value(household, promise, version), end=chance.random() < 0.8
            )
        if chance.random() < 0.2:
            history.heartbeat()
    for (_topic, partition), history in made.items():
        last = f"hh_last{partition}"  # so that the highest revision is nobody's tombstone
        history.change(last, household_value(last, history.revision))
    return made


def _erase(history: History, household: str) -> None:
    keys = [key for key in history.state if key == household or key.startswith(f"{household}/")]
    for key in keys:
        history.change(key, None, end=key == keys[-1])


def data(records: Iterable[LogRecord]) -> list[LogRecord]:
    return [record for record in records if not record.is_heartbeat]


def stretch(slot: Slot, records: Sequence[LogRecord], heartbeat: LogRecord | None = None) -> Stretch:
    """Records as one stretch, with the offset behind the last of them."""
    offsets = [record.offset for record in (*records, heartbeat) if record is not None]
    return Stretch(slot, tuple(records), max(offsets) + 1, heartbeat)
