"""What TMF671 v4.1 asks of an answer: names, types and mandatory members, written from the specification's rules.

Members beyond the standard are Concord's documented extensions of `@type: "HonouredPromotion"`; any other is a mistake.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

Rule = Callable[[Any, str], Iterator[str]]
"""Each breach of the rule by a value, as a sentence that begins with where the value stands."""

STATUSES = ("draft", "test", "waitForApproval", "release", "suspend", "retirement")
OWN_STATUSES = ("approved", "rejected")  # documented beside the suggested ones
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def text(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{at}: not a string"


def integer(value: Any, at: str) -> Iterator[str]:
    if type(value) is not int:
        yield f"{at}: not an integer"


def number(value: Any, at: str) -> Iterator[str]:
    if type(value) not in {int, float}:
        yield f"{at}: not a number"


def instant(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        yield f"{at}: not an RFC 3339 date-time"
    else:
        datetime.fromisoformat(value)


def uri(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str) or not (urlsplit(value).scheme or value.startswith("/")):
        yield f"{at}: not a URI"


def base64_text(value: Any, at: str) -> Iterator[str]:
    yield from text(value, at)
    base64.b64decode(value, validate=True)


def anything(_: Any, __: str) -> Iterator[str]:
    return iter(())


def among(*allowed: str) -> Rule:
    def rule(value: Any, at: str) -> Iterator[str]:
        if value not in allowed:
            yield f"{at}: {value!r} is none of {allowed}"

    return rule


def array(items: Rule, least: int = 0) -> Rule:
    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) < least:
            yield f"{at}: not an array of {least} or more"
            return
        for place, each in enumerate(value):
            yield from items(each, f"{at}/{place}")

    return rule


@dataclass(frozen=True)
class Entity:
    """An object: the members it may have, and those it must have."""

    members: dict[str, Rule]
    mandatory: frozenset[str] = field(default_factory=frozenset)

    def __call__(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at}: not an object"
            return
        yield from (f"{at}/{name}: missing" for name in sorted(self.mandatory - value.keys()))
        for name, each in value.items():
            rule = self.members.get(name)
            yield from [f"{at}/{name}: no such member"] if rule is None else rule(each, f"{at}/{name}")


def entity(*mandatory: str, **members: Rule) -> Entity:
    """An entity that can be extended: every one has the three members of polymorphism."""
    extensible: dict[str, Rule] = {"@type": text, "@baseType": text, "@schemaLocation": uri}
    return Entity({**extensible, **members}, frozenset(mandatory))


PERIOD = Entity({"startDateTime": instant, "endDateTime": instant})
QUANTITY = Entity({"amount": number, "units": text})
REFERENCE = entity("id", id=text, href=uri, name=text, **{"@referredType": text})
ATTACHMENT = entity(
    id=text,
    href=uri,
    attachmentType=text,
    content=base64_text,
    description=text,
    mimeType=text,
    name=text,
    url=uri,
    size=QUANTITY,
    validFor=PERIOD,
    **{"@referredType": text},
)
ACTION = entity("actionType", id=text, actionType=text, actionValue=text, actionEntityRef=REFERENCE)
CRITERION = entity(
    "criteriaOperator",
    "criteriaParameter",
    "criteriaValue",
    id=text,
    criteriaOperator=text,
    criteriaParameter=text,
    criteriaValue=text,
)
GROUP = entity(
    "criteria", id=text, criteriaLogicalRelationship=text, groupName=text, criteria=array(CRITERION, least=1)
)
PATTERN = entity(
    "action",
    "criteriaGroup",
    id=text,
    criteriaGroupLogicalRelationship=text,
    description=text,
    name=text,
    priority=integer,
    action=array(ACTION, least=1),
    criteriaGroup=array(GROUP, least=1),
    validFor=PERIOD,
)
STANDARD: dict[str, Rule] = {
    "id": text,
    "href": uri,
    "description": text,
    "lastUpdate": instant,
    "lifecycleStatus": among(*STATUSES, *OWN_STATUSES),
    "name": text,
    "promotionType": among("Award", "Discount", "Reduction"),
    "attachment": array(ATTACHMENT),
    "pattern": array(PATTERN),
    "validFor": PERIOD,
    "@type": among("HonouredPromotion"),
    "@baseType": among("Promotion"),
    "@schemaLocation": uri,
}
EXTENSIONS: dict[str, Rule] = {
    "key": text,
    "version": text,
    "channel": array(Entity({"id": text, "role": among("shown", "promised")}, frozenset({"id", "role"}))),
    "honourPolicy": array(
        Entity(
            {"channel": text, "action": text, "fee": anything, "to": text, "offer": text, "role": text},
            frozenset({"channel", "action"}),
        )
    ),
    "productScope": anything,
    "activation": Entity(
        {"version": text, "state": text, "leaving": anything}, frozenset({"version", "state", "leaving"})
    ),
    "terms": anything,
}
SELECTED = Entity({**STANDARD, **EXTENSIONS}, frozenset({"id", "href", "@type"}))
PROMOTION = Entity(
    {**STANDARD, **EXTENSIONS},
    frozenset({"id", "href", "name", "lastUpdate", "lifecycleStatus", "validFor", "pattern", "@type", "@baseType"}),
)
ERROR = entity("code", "reason", "@type", code=text, reason=text, message=text, status=text, referenceError=uri)


def breaches(document: Any, rule: Rule = PROMOTION) -> list[str]:
    """Where a document does not keep to the rule."""
    return list(rule(document, ""))


def check(answer: httpx.Response) -> None:
    """Hold any answer of the facade against the specification; which rule is for it, the request and status say."""
    request = answer.request
    if answer.status_code >= 400:
        check_error(answer)
    elif answer.status_code == 204:
        assert (request.method, answer.content) == ("DELETE", b"")
    elif isinstance(answer.json(), list):
        check_list(answer)
    else:
        assert answer.status_code == (201 if request.method == "POST" else 200)
        assert breaches(answer.json(), _rule(answer)) == []
        assert request.method != "POST" or answer.headers["location"] == answer.json()["href"]


def check_list(answer: httpx.Response) -> None:
    assert (answer.request.method, answer.status_code) == ("GET", 200)
    found, total = answer.json(), int(answer.headers["x-total-count"])
    assert int(answer.headers["x-result-count"]) == len(found) <= total
    assert breaches(found, array(_rule(answer))) == []


def check_error(answer: httpx.Response) -> None:
    error = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert breaches(error, ERROR) == []
    assert (error["@type"], error["status"]) == ("Error", str(answer.status_code))
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


def _rule(answer: httpx.Response) -> Rule:
    return SELECTED if "fields" in answer.request.url.params else PROMOTION
