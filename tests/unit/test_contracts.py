"""What was once written on the log can be read for ever, and is written the same today."""

import json
from pathlib import Path
from typing import Any

import pytest

from concord.canonical import content_hash
from concord.contracts.cloudevents import decode, encode
from concord.contracts.records import OfferRecord, Record
from concord.contracts.topics import TOPICS
from concord.decision import evaluator
from concord.decision.attributes import BUILT_IN
from concord.decision.catalogue import Catalogue

SAMPLES = sorted((Path(__file__).parents[1] / "vectors" / "records").glob("*.json"))


OFFERS = [path for path in SAMPLES if path.name.startswith("offer-changed.")]


def load(path: Path) -> tuple[dict[str, Any], type[Record]]:
    sample = json.loads(path.read_text(encoding="utf-8"))
    model = TOPICS[sample["topic"]].records[sample["headers"]["ce_type"]]
    assert issubclass(model, Record)
    return sample, model


def test_every_event_has_a_sample() -> None:
    assert {load(path)[0]["headers"]["ce_type"] for path in SAMPLES} == {
        kind for topic in TOPICS.values() for kind in topic.records
    }


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_written_today_as_it_was(path: Path) -> None:
    sample, model = load(path)
    assert model.parse(sample["value"].encode()).to_bytes().decode() == sample["value"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_headers_are_written_today_as_they_were(path: Path) -> None:
    sample, _ = load(path)
    headers = {name: text.encode() for name, text in sample["headers"].items()}
    assert dict(encode(decode(headers.items()))) == headers


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_reader_leaves_out_fields_of_a_later_release(path: Path) -> None:
    sample, model = load(path)
    later = _with_later_fields(json.loads(sample["value"]))
    assert model.parse(json.dumps(later).encode()).to_bytes().decode() == sample["value"]


@pytest.mark.parametrize("path", OFFERS, ids=lambda path: path.stem)
def test_terms_on_the_log_have_the_hash_beside_them(path: Path) -> None:
    value = json.loads(json.loads(path.read_text(encoding="utf-8"))["value"])
    for version in value["versions"]:
        assert content_hash(version["terms"]) == version["content_hash"]


@pytest.mark.parametrize("path", OFFERS, ids=lambda path: path.stem)
def test_samples_of_offers_are_compiled_and_what_they_declare_is_known(path: Path) -> None:
    record = OfferRecord.parse(json.loads(path.read_text(encoding="utf-8"))["value"].encode())
    catalogue = Catalogue.of([record])
    declared = {name for version in record.versions for name in version.attributes or ()}
    assert catalogue.attributes.keys() - BUILT_IN.keys() == declared
    for version in record.versions:
        assert version.evaluator_min == evaluator.least(version.terms)


def _with_later_fields(value: Any) -> Any:
    """Every object that is not a map of free names gets a field nobody knows yet."""
    if isinstance(value, list):
        return [_with_later_fields(item) for item in value]
    if not isinstance(value, dict):
        return value
    free = {"facts", "title", "description", "honour", "cards", "criteria", "benefits", "attributes"}
    return {name: item if name in free else _with_later_fields(item) for name, item in value.items()} | {
        "of_a_later_release": 1
    }
