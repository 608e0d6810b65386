"""Criteria as TMF671's groups of criteria, and back to exactly the same criteria.

TMF671 has two levels: groups with AND or OR between them, and criteria with AND or OR inside a group. A criterion that
does not fit into them stands whole as one criterion: parameter `criteria`, operator `json`, its JSON text as the value.
A promotion needs a criterion in any case; for everybody it is `everybody = true`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from concord.decision import attributes
from concord.decision.criteria import Criteria
from concord.errors import FieldError
from offer_registry.tmf.schemas import PromotionCriteria, PromotionCriteriaGroup
from offer_registry.tmf.values import Findings, compact, read, text_of, value_of
from offer_registry.vocabulary import AttributeRegistry

EVERYBODY: Final = {"criteriaParameter": "everybody", "criteriaOperator": "=", "criteriaValue": "true"}
WHOLE: Final = ("criteria", "json")  # parameter and operator of a criterion that stands as its JSON
NEGATED: Final = "not "
SIGNS: Final[Mapping[str, str]] = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
OPERATORS: Final[Mapping[str, str]] = {sign: op for op, sign in SIGNS.items()}
BETWEEN: Final[Mapping[str, str]] = {"all": "AND", "any": "OR"}
MEMBERS: Final = {"attribute": "criteriaParameter", "op": "criteriaOperator", "value": "criteriaValue"}

CRITERIA: Final[TypeAdapter[Any]] = TypeAdapter(Criteria)
Node = dict[str, Any]


def groups_of(criteria: Node | None) -> Node:
    """`criteriaGroup` of a pattern, with `criteriaGroupLogicalRelationship` where it has one."""
    if criteria is None:
        return {"criteriaGroup": [{"criteria": [EVERYBODY]}]}
    name = _joint(criteria)
    if name is None or not any(map(_joint, criteria[name])):
        return {"criteriaGroup": [_group(criteria)]}
    return {
        "criteriaGroupLogicalRelationship": BETWEEN[name],
        "criteriaGroup": [_group(child) for child in criteria[name]],
    }


def _group(node: Node) -> Node:
    name = _joint(node)
    if name is None or any(map(_joint, node[name])):
        return {"criteria": [_criterion(node)]}
    return {"criteriaLogicalRelationship": BETWEEN[name], "criteria": [_criterion(child) for child in node[name]]}


def _joint(node: Node) -> str | None:
    return next((name for name in BETWEEN if node.keys() == {name}), None)


def _criterion(node: Node) -> Node:
    if _is_comparison(node):
        return _comparison(node, "")
    if node.keys() == {"not"} and _is_comparison(node["not"]):
        return _comparison(node["not"], NEGATED)
    parameter, operator = WHOLE
    return {"criteriaParameter": parameter, "criteriaOperator": operator, "criteriaValue": compact(node)}


def _is_comparison(node: Node) -> bool:
    return {"attribute", "op"} <= node.keys() <= {"attribute", "op", "value"}


def _comparison(node: Node, prefix: str) -> Node:
    operator = node["op"]
    return {
        "criteriaParameter": node["attribute"],
        "criteriaOperator": prefix + SIGNS.get(operator, operator),
        "criteriaValue": text_of(node.get("value", True)),  # only `exists` has a value that may be left out
    }


def criteria_of(
    groups: Sequence[PromotionCriteriaGroup],
    between: str | None,
    pointer: str,
    findings: Findings,
    registry: AttributeRegistry,
) -> Node | None:
    """The criteria that groups say; None for everybody. What cannot be read is added to `findings`."""
    criteria = [each for group in groups for each in group.criteria]
    if any(_is_everybody(each) for each in criteria):
        if len(criteria) > 1:
            findings.append(FieldError(pointer, "The criterion `everybody` stands alone.", "not_translatable"))
        return None
    nodes = [_node(group, f"{pointer}/{place}", findings, registry) for place, group in enumerate(groups)]
    return nodes[0] if len(nodes) == 1 and between is None else {_name(between): nodes}


def _node(group: PromotionCriteriaGroup, pointer: str, findings: Findings, registry: AttributeRegistry) -> Node:
    places = enumerate(group.criteria)
    nodes = [_read(each, f"{pointer}/criteria/{place}", findings, registry) for place, each in places]
    between = group.criteria_logical_relationship
    return nodes[0] if len(nodes) == 1 and between is None else {_name(between): nodes}


def _name(between: str | None) -> str:
    return "any" if between == "OR" else "all"


def _is_everybody(criterion: PromotionCriteria) -> bool:
    return criterion.criteria_parameter == EVERYBODY["criteriaParameter"]


def _read(criterion: PromotionCriteria, pointer: str, findings: Findings, registry: AttributeRegistry) -> Node:
    if (criterion.criteria_parameter, criterion.criteria_operator) == WHOLE:
        return _whole(criterion.criteria_value, f"{pointer}/criteriaValue", findings, registry)
    text = criterion.criteria_value
    found: list[Findings] = []
    for value in (value_of(text), text):  # the text itself where its JSON is of another type than the attribute
        node = _stated(criterion, value)
        wrong = _wrong(node, pointer, registry)
        if not wrong:
            return node
        found.append(wrong)
    findings.extend(found[0])
    return _stated(criterion, text)


def _stated(criterion: PromotionCriteria, value: Any) -> Node:
    sign = criterion.criteria_operator.removeprefix(NEGATED)
    node = {"attribute": criterion.criteria_parameter, "op": OPERATORS.get(sign, sign), "value": value}
    return {"not": node} if criterion.criteria_operator.startswith(NEGATED) else node


def _whole(text: str, pointer: str, findings: Findings, registry: AttributeRegistry) -> Node:
    try:
        node = read(text)
    except ValueError as error:
        findings.append(FieldError(pointer, f"It is not the JSON of a criterion: {error}.", "not_translatable"))
        return {}
    findings.extend(FieldError(pointer, each.detail, each.reason) for each in _wrong(node, pointer, registry))
    return node if isinstance(node, dict) else {}


def _wrong(node: Any, pointer: str, registry: AttributeRegistry) -> Findings:
    try:
        criterion = CRITERIA.validate_json(compact(node), strict=True, extra="forbid")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [FieldError(_member(pointer, _place(each)), _sentence(each), each["type"]) for each in found]
    found_types = attributes.check_criteria(criterion, pointer, registry)
    return [
        FieldError(_member(pointer, each.pointer.removeprefix(pointer).split("/")), each.detail, each.reason)
        for each in found_types
    ]


def _place(found: Mapping[str, Any]) -> Sequence[str | int]:
    place: Sequence[str | int] = found["loc"]
    return ("op",) if found["type"] == "criterion_unknown" else place


def _sentence(found: Mapping[str, Any]) -> str:
    if found["type"] == "criterion_unknown":
        return f"Write {', '.join(OPERATORS)}, or an operator of Concord's: {found['msg']}."
    if "attribute" in found["loc"]:
        return "There is no such attribute; they have names as `line.tenure_months`."
    return f"{found['msg']}."


def _member(pointer: str, place: Sequence[str | int]) -> str:
    return next((f"{pointer}/{MEMBERS[part]}" for part in map(str, place) if part in MEMBERS), pointer)
