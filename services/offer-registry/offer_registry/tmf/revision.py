"""The terms that a promotion leads to: of a new one, and of one that somebody edits.

`terms` and the members of the standard say the same things twice. In a new promotion with `terms` everything else must
agree with them. In an edited one, what differs from what stands is what was changed; both may be changed at once unless
they say different things of the same part.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from concord.decision.attributes import BUILT_IN
from concord.decision.terms import Terms
from concord.errors import FieldError
from offer_registry.tmf.actions import promotion_type
from offer_registry.tmf.errors import PromotionInvalid
from offer_registry.tmf.promotion import FIELDS, Document, Saying, name_of, sayings
from offer_registry.tmf.schemas import EditedPromotion, NewPromotion
from offer_registry.tmf.values import Findings
from offer_registry.vocabulary import AttributeRegistry

MISSING: Final[Mapping[tuple[str, ...], str]] = {
    ("benefits",): "/pattern",
    ("validity",): "/validFor/startDateTime",
    ("validity", "start"): "/validFor/startDateTime",
}


def merge_patch(target: Any, patch: Any) -> Any:
    """The target as a JSON merge patch leaves it (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def created(new: NewPromotion, locale: str, registry: AttributeRegistry = BUILT_IN) -> Terms:
    """The terms of a new promotion.

    Raises:
        PromotionInvalid: something is missing, cannot be translated, or contradicts `terms`.
    """
    findings: Findings = []
    said = sayings(new, [name for name in FIELDS if _given(new, name)], locale, findings, registry)
    terms = _agreeing(new.terms, said, findings, locale) if new.terms else _applied({}, said, findings)
    _check_type(new.promotion_type, terms)
    return terms


def _agreeing(terms: Terms, said: Sequence[Saying], findings: Findings, locale: str) -> Terms:
    """The terms as they are given, if nothing else says otherwise."""
    before = terms.document()
    same_name = Saying(("title", locale), name_of(terms.title, locale), "/name")
    others = [saying for saying in said if saying != same_name]  # it may be the title in another locale
    _refuse_differences(_applied(before, others, findings).document(), before, others)
    return terms


def _given(new: NewPromotion, name: str) -> bool:
    by_alias = {field.alias: attribute for attribute, field in NewPromotion.model_fields.items()}
    return getattr(new, by_alias[name]) is not None


def edited(
    present: Document,
    merged: Document,
    edit: EditedPromotion,
    stands: Terms,
    locale: str,
    registry: AttributeRegistry = BUILT_IN,
) -> Terms:
    """The terms of an edited promotion: `present` as it was, `merged` and `edit` as the patch leaves it.

    Raises:
        PromotionInvalid: something cannot be translated, or one member says other than another.
    """
    if edit.terms is None:
        raise PromotionInvalid(errors=[FieldError("/terms", "An offer always has terms.", "not_translatable")])
    findings: Findings = []
    changed = [name for name in FIELDS if merged.get(name) != present.get(name)]
    said = sayings(edit, changed, locale, findings, registry)
    whole = edit.terms if merged["terms"] != present["terms"] else stands
    terms = _applied(whole.document(), said, findings)
    also = [saying for saying in said if _at(whole.document(), saying) != _at(stands.document(), saying)]
    _refuse_differences(terms.document(), whole.document(), also)
    if merged.get("promotionType") != present["promotionType"]:
        _check_type(edit.promotion_type, terms)
    return terms


def _applied(document: Document, said: Sequence[Saying], findings: Findings) -> Terms:
    made = json.loads(json.dumps(document))
    _refuse_contradictions(said, findings)
    if findings:
        raise PromotionInvalid(errors=findings)
    for saying in said:
        _set(made, saying.place, saying.value)
    try:
        return Terms.model_validate_json(json.dumps(made), strict=True, extra="forbid")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise PromotionInvalid(errors=[_found(each, said) for each in found]) from None


def _set(document: Document, place: Sequence[str], value: Any) -> None:
    *path, last = place
    for name in path:
        document = document.setdefault(name, {})
    if value is None:
        document.pop(last, None)
    else:
        document[last] = value


def _at(document: Any, saying: Saying) -> Any:
    for name in saying.place:
        document = document.get(name, {})
    return _pruned(document)


def _pruned(value: Any) -> Any:
    """The value without what is empty: a channel with no cards has none."""
    if isinstance(value, dict):
        below = {name: _pruned(item) for name, item in value.items()}
        return {name: item for name, item in below.items() if item is not None} or None
    return None if value == [] else value


def _refuse_contradictions(said: Sequence[Saying], findings: Findings) -> None:
    first: dict[tuple[str, ...], Saying] = {}
    for saying in said:
        other = first.setdefault(saying.place, saying)
        if other.value != saying.value:
            findings.append(FieldError(saying.pointer, f"{other.pointer} says otherwise.", "contradiction"))


def _refuse_differences(terms: Document, before: Document, said: Sequence[Saying]) -> None:
    errors = [
        FieldError(saying.pointer, "`terms` says otherwise.", "contradiction")
        for saying in said
        if _at(terms, saying) != _at(before, saying)
    ]
    if errors:
        raise PromotionInvalid(errors=errors)


def _check_type(stated: str | None, terms: Terms) -> None:
    follows = promotion_type(terms.document()["benefits"])
    if stated is not None and stated != follows:
        detail = f"By its first action it is {follows}; say that, or leave it out."
        raise PromotionInvalid(errors=[FieldError("/promotionType", detail, "contradiction")])


def _found(error: Mapping[str, Any], said: Sequence[Saying]) -> FieldError:
    """What is wrong with the terms, as wrong with the member that says it."""
    place = tuple(map(str, error["loc"]))
    if error["type"] == "missing" and place in MISSING:
        return FieldError(MISSING[place], "Field required; or send `terms`.", "missing")
    near = [saying for saying in said if saying.place == place[: len(saying.place)]]
    pointer = max(near, key=lambda saying: len(saying.place)).pointer if near else f"/terms/{'/'.join(place)}"
    return FieldError(pointer, f"{'/'.join(place)}: {error['msg']}.", error["type"])
