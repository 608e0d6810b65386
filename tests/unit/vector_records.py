"""Reads the records of a vector file as they stand on the log; `tests/vectors/README.md` says what may be left out."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from concord.contracts.records import HouseholdRecord, OfferRecord, PromiseRecord
from concord.decision.scalars import CHANNELS
from concord.decision.terms import Terms

FOLDER = Path(__file__).parents[1] / "vectors"
_OF_OFFER = ("id", "key", "versions")


def merged(document: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def patched(named: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    """The terms that are named, with the patch beside the name applied."""
    terms: dict[str, Any] = merged(named[stated["terms"]], stated.get("patch", {}))
    return terms


def offers(named: dict[str, Any], stated: Sequence[dict[str, Any]]) -> tuple[OfferRecord, ...]:
    """Offer records. An offer without `versions` states its only one beside its key."""
    return tuple(_offer(named, place, each) for place, each in enumerate(stated, start=1))


def _offer(named: dict[str, Any], place: int, stated: dict[str, Any]) -> OfferRecord:
    alone = {name: value for name, value in stated.items() if name not in _OF_OFFER}
    versions = stated.get("versions", [alone])
    return OfferRecord.model_validate(
        {
            "id": stated.get("id", numbered("ofr", place)),
            "key": stated["key"],
            "versions": [_version(named, number, each) for number, each in enumerate(versions, start=1)],
        }
    )


def _version(named: dict[str, Any], number: int, stated: dict[str, Any]) -> dict[str, Any]:
    terms = patched(named, stated)
    rest = {name: value for name, value in stated.items() if name not in {"terms", "patch"}}
    usual = {"version": number, "state": "LIVE", "state_revision": 1}
    if "content_hash" not in rest:
        usual["content_hash"] = Terms.model_validate(terms).content_hash()
    return {**usual, **rest, "terms": terms}


def promises(
    file: dict[str, Any],
    stated: Sequence[dict[str, Any]],
    household: HouseholdRecord | None,
    on: Sequence[OfferRecord],
) -> Iterator[PromiseRecord]:
    """Promise records of the household."""
    for place, each in enumerate(stated, start=1):
        assert household is not None
        yield PromiseRecord.model_validate(_promise(file, place, each, household, on))


def _promise(
    file: dict[str, Any], place: int, stated: dict[str, Any], household: HouseholdRecord, on: Sequence[OfferRecord]
) -> dict[str, Any]:
    key, version = stated["offer_key"], stated.get("offer_version", 1)
    codes = file.get("promise_codes", ())
    usual: dict[str, Any] = {
        "id": numbered("prm", place),
        "household": household.id,
        "party": household.members[0].id,
        "version": household.version + place,
        "code": codes[place - 1] if place <= len(codes) else None,
        "offer_version": version,
        "channel": "email",
        "made_at": "2026-06-02T10:00:00Z",
        "honour_until": "2026-07-01T00:00:00Z",
        "state": "open",
        "evidence": {"kind": "message", "channel": "email"},
    }
    offer = next((each for each in on if each.key == key), None)
    if offer is not None:
        usual["offer"] = offer.id
        hashes = [each.content_hash for each in offer.versions if each.version == version]
        usual |= {"content_hash": hashes[0]} if hashes else {}
    own = {"terms": patched(file["terms"], stated)} if isinstance(stated.get("terms"), str) else {}
    return usual | {name: value for name, value in stated.items() if name != "patch"} | own


def by_channel(stated: dict[str, Any]) -> dict[str, Any]:
    """What is stated under `*` for every channel."""
    return dict.fromkeys(CHANNELS, stated["*"]) if "*" in stated else stated


def numbered(prefix: str, place: int) -> str:
    """The id of the record that stands at that place, counted from one."""
    return f"{prefix}_{place:026d}"
