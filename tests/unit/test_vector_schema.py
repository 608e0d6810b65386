"""The vector files are what `tests/vectors/schema.json` says, so that another implementation can rely on it."""

import copy
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from concord.decision.reasons import ENGLISH
from unit.vector_records import FOLDER

SCHEMA = json.loads((FOLDER / "schema.json").read_bytes())
VALIDATOR = Draft202012Validator(SCHEMA)
FILES = {name: json.loads((FOLDER / f"{name}.json").read_bytes()) for name in ("decisions", "quotes")}


def complaints(document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", FILES)
def test_vector_file_validates(name: str) -> None:
    assert complaints(FILES[name]) == []


@pytest.mark.parametrize("name", FILES)
def test_vector_names_are_its_own_and_name_what_there_is(name: str) -> None:
    file = FILES[name]
    names = [vector["name"] for vector in file["vectors"]]
    assert len(set(names)) == len(names)
    for vector in file["vectors"]:
        assert vector.get("household") in {None, *file["households"]}, vector["name"]
        for offer in vector["offers"]:
            assert {version["terms"] for version in offer.get("versions", [offer])} <= set(file["terms"])


def test_vectors_refuse_with_reasons_of_the_vocabulary() -> None:
    refused = {each["reason"] for vector in FILES["quotes"]["vectors"] for each in vector["expect"].get("refused", ())}
    assert refused <= set(ENGLISH)
    assert len(refused) >= 10


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("kind",), "prices"),
        (("vectors", 0, "surprise"), 1),
        (("vectors", 0, "terms_digest"), "abc"),
        (("vectors", 0, "offers", 0, "key"), "Not A Key"),
        (("vectors", 0, "offers", 0, "surprise"), 1),
        (("vectors", 0, "basket", "lines", 0, "quantity"), 0),
        (("vectors", 0, "expect", "to_pay"), -1),
        (("vectors", 0, "expect", "lines", 0), ["1", 3750, 753]),
        (("vectors", 0, "expect", "refused"), [{"code": "X"}]),
    ],
)
def test_schema_refuses_what_no_vector_may_say(path: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(FILES["quotes"])
    document["vectors"] = document["vectors"][:1]
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert complaints(document)
