"""The rows a record becomes: raw value bytes, and the few fields that are looked up by."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from channel_adapters.view.positions import StateLog
from concord.eventlog.reader import LogRecord

Lookup = tuple[str, str, str, str]  # term, household, subject, kind


POINTS = {"email": "email", "sms": "number", "voice": "number"}  # contact points by which customers are looked up


class Table(NamedTuple):
    """One kind of record: its statements by name (queries.sql)."""

    known: str
    put: str


OFFER = Table("known_offers", "put_offer")
HOUSEHOLD = Table("known_households", "put_household")
PROMISE = Table("known_promises", "put_promise")
TABLES = (OFFER, HOUSEHOLD, PROMISE)


def table_of(log: StateLog, topic: str, key: str) -> Table:
    """Where a key belongs; a promise's key is `hh_…/prm_…` (api §6)."""
    if topic == log.offers.name:
        return OFFER
    return PROMISE if "/" in key else HOUSEHOLD


def row_of(table: Table, record: LogRecord, kept_hash: bytes | None) -> tuple[Any, ...]:
    """The parameters of the table's `put` statement."""
    value, revision = record.value, record.envelope.revision
    if table is OFFER:
        return (record.key, record.partition, revision, kept_hash, value)
    document = orjson.loads(value) if value is not None else {"version": 0}
    if table is HOUSEHOLD:
        return (record.key, record.partition, revision, kept_hash, document["version"], value)
    return (record.key, record.partition, revision, kept_hash, document["version"], document.get("code"), value)


def lookups_of(value: bytes | None) -> frozenset[Lookup]:
    """Every term that leads to a household: its numbers, e-mail addresses and names as look-up keys, its parties and
    lines by id.
    """
    if value is None:
        return frozenset()
    document = orjson.loads(value)
    household = document["id"]
    return frozenset((term, household, subject, kind) for term, subject, kind in _terms(document))


def _terms(document: dict[str, Any]) -> Iterable[tuple[str, str, str]]:
    for member in document["members"]:
        yield member["id"], member["id"], "party"
        if member.get("lookup"):
            yield member["lookup"], member["id"], "name"
    for line in document.get("lines", ()):
        yield line["id"], line["id"], "line"
        yield line["lookup"], line["id"], "number"
    for point in document.get("contact_points", ()):
        if kind := POINTS.get(point["kind"]):
            yield point["lookup"], point["party"], kind


def household_of(key: str) -> str:
    """The household of a household's or a promise's key."""
    return key.partition("/")[0]
