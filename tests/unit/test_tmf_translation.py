"""Promotions of TMF671 and the terms they stand for: nothing is lost on the way, in either direction."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from concord.decision.attributes import BUILT_IN, Attribute, Kind
from concord.decision.terms import EXAMPLE, Terms
from concord.errors import FieldError, Invalid
from offer_registry.activation import PLACES
from offer_registry.domain import Lifecycle
from offer_registry.tmf import revision
from offer_registry.tmf.actions import action_of
from offer_registry.tmf.criteria import groups_of
from offer_registry.tmf.errors import PromotionInvalid
from offer_registry.tmf.examples import example
from offer_registry.tmf.handlers import slug
from offer_registry.tmf.lifecycle import LifecycleStatus, standings, status_of
from offer_registry.tmf.promotion import document
from offer_registry.tmf.schemas import HonouredPromotion, NewPromotion
from offer_registry.tmf.values import text_of, value_of
from unit import tmf_rules, tmf_samples
from unit.tmf_samples import PLAIN, action, criterion, edited, new, pattern, places, promotion, shown, terms, writable

CARRIED = ("validity", "criteria", "benefits", "priority", "products", "cards", "shown_in", "promised_in", "honour")
STORY = Terms.model_validate(EXAMPLE)


def refused(body: dict[str, Any]) -> list[FieldError]:
    with pytest.raises(Invalid) as error:
        revision.created(new(body), "en")
    return list(error.value.errors)


def pointers(body: dict[str, Any]) -> list[str]:
    return [each.pointer for each in refused(body)]


def members(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Members that the shape alone refuses, and why."""
    with pytest.raises(ValidationError) as error:
        new(body)
    return [("/".join(map(str, each["loc"])), each["type"]) for each in error.value.errors()]


@given(terms)
def test_promotion_keeps_to_the_specification_whatever_the_offer_says(of: Terms) -> None:
    made = promotion(of)
    assert tmf_rules.breaches(made) == []
    HonouredPromotion.model_validate_json(orjson.dumps(made), strict=True)


@given(terms)
def test_offer_to_promotion_to_offer_keeps_the_terms_exactly(of: Terms) -> None:
    again = revision.created(new(writable(promotion(of))), "en")
    assert again == of
    assert again.content_hash() == of.content_hash()


@given(terms)
def test_members_of_the_standard_alone_carry_what_they_can_exactly(of: Terms) -> None:
    made = promotion(of)
    again = revision.created(new(writable(made, "terms")), "en")
    before, after = of.document(), again.document()
    assert {name: after.get(name) for name in CARRIED} == {name: before.get(name) for name in CARRIED}
    assert after["title"] == {"en": made["name"]}
    assert after.get("description", {}) == {"en": made["description"]} if "description" in made else True


@given(terms)
def test_promotion_sent_back_as_it_was_read_changes_nothing(of: Terms) -> None:
    present = promotion(of)
    merged = revision.merge_patch(present, present)
    assert merged == present | {"terms": merged["terms"]}
    assert revision.edited(present, merged, edited(merged), of, "en") == of


@given(terms, terms)
def test_standard_members_of_another_offer_change_what_they_carry_and_nothing_else(of: Terms, other: Terms) -> None:
    present, source = promotion(of), promotion(other)
    patch = {name: source.get(name) for name in revision.FIELDS}
    merged = revision.merge_patch({**present, **dict.fromkeys(patch)}, patch)
    after = revision.edited(present, merged, edited(merged), of, "en").document()
    assert {name: after.get(name) for name in CARRIED} == {name: other.document().get(name) for name in CARRIED}
    kept = ("regular_price", "honour_for", "exclusive_group", "combines_with", "alternative")
    assert {name: after.get(name) for name in kept} == {name: of.document().get(name) for name in kept}


@given(tmf_samples.values | st.text() | tmf_samples.integers | st.booleans() | st.lists(tmf_samples.integers))
def test_value_reads_back_from_its_text(value: Any) -> None:
    read = value_of(text_of(value))
    assert (type(read), read) == (type(value), value)


@given(tmf_samples.promotions_like)
def test_promotion_of_nearly_the_right_shape_becomes_terms_or_is_refused(body: dict[str, Any]) -> None:
    try:
        raw = orjson.dumps(body)
        said = new(orjson.loads(raw))
    except (TypeError, ValidationError):
        return
    assert all(pointer.startswith("/") for pointer in _outcome(said))


def _outcome(said: NewPromotion) -> list[str]:
    """What is refused; nothing when it became terms that can be shown again."""
    try:
        made = revision.created(said, "en")
    except Invalid as error:
        return [each.pointer for each in error.errors] or ["nothing is named"]
    return tmf_rules.breaches(promotion(made))


def test_example_of_the_reference_is_the_story_offer() -> None:
    made = example()
    assert tmf_rules.breaches(made) == []
    assert Terms.model_validate(made["terms"]) == STORY
    assert (made["promotionType"], made["lifecycleStatus"]) == ("Reduction", "release")


def test_rules_find_what_is_wrong() -> None:
    """The checks themselves can fail."""
    made = example()
    broken = made | {"name": 1, "surprise": 1, "validFor": {"startDateTime": "June"}, "pattern": [{"action": []}]}
    del broken["id"]
    assert set(tmf_rules.breaches(broken)) == {
        "/id: missing",
        "/name: not a string",
        "/surprise: no such member",
        "/validFor/startDateTime: not an RFC 3339 date-time",
        "/pattern/0/criteriaGroup: missing",
        "/pattern/0/action: not an array of 1 or more",
    }


@pytest.mark.parametrize(
    ("lifecycle", "place", "status"),
    [
        (Lifecycle.DRAFT, None, "draft"),
        (Lifecycle.IN_REVIEW, None, "waitForApproval"),
        (Lifecycle.APPROVED, None, "approved"),
        (Lifecycle.REJECTED, None, "rejected"),
        (Lifecycle.RETIRED, PLACES[-1], "retirement"),
        *zip(
            [Lifecycle.RELEASED] * 8,
            PLACES,
            ["release"] * 4 + ["suspend"] + ["retirement"] * 3,
            strict=True,
        ),
    ],
)
def test_status_follows_from_lifecycle_and_activation(lifecycle: Lifecycle, place: Any, status: str) -> None:
    assert document(shown(STORY, lifecycle, place), "en")["lifecycleStatus"] == status


@given(st.sampled_from(Lifecycle), places, st.sets(st.sampled_from(LifecycleStatus)))
def test_list_by_status_finds_exactly_the_standings_that_have_it(
    lifecycle: Lifecycle, place: Any, wanted: set[LifecycleStatus]
) -> None:
    assert ((lifecycle, place) in set(standings(wanted))) == (status_of(lifecycle, place) in wanted)


@pytest.mark.parametrize(
    ("benefit", "value"),
    [
        ({"kind": "percent_off", "basis_points": 1500}, "15%"),
        ({"kind": "percent_off", "basis_points": 1250}, "12.5%"),
        ({"kind": "percent_off", "basis_points": 1}, "0.01%"),
        ({"kind": "percent_off", "basis_points": 10_000}, "100%"),
        ({"kind": "fixed_price", "price": {"amount": 0, "currency": "USD"}}, "0.00 USD"),
        ({"kind": "fixed_price", "price": {"amount": 5, "currency": "JPY"}}, "5 JPY"),
        ({"kind": "amount_off", "amount": {"amount": 1005, "currency": "KWD"}, "per": "line"}, "1.005 KWD per line"),
        (
            {"kind": "percent_off", "basis_points": 1, "of": "basket"},
            '{"basis_points":1,"kind":"percent_off","of":"basket"}',
        ),
        (
            {"kind": "grant", "what": "streaming", "quantity": 3, "unit": "month"},
            '{"kind":"grant","quantity":3,"unit":"month","what":"streaming"}',
        ),
        ({"kind": "of a later release", "x": [1]}, '{"kind":"of a later release","x":[1]}'),
    ],
)
def test_benefit_is_a_short_text_or_its_json(benefit: dict[str, Any], value: str) -> None:
    assert action_of(benefit, None) == {"actionType": benefit["kind"], "actionValue": value}


LEAF = {"attribute": "line.barred", "op": "eq", "value": True}


def test_criteria_deeper_than_the_standard_stand_whole() -> None:
    deep = {"any": [{"all": [LEAF, {"any": [LEAF]}]}, LEAF]}
    groups = groups_of(deep)
    assert groups["criteriaGroupLogicalRelationship"] == "OR"
    (whole,), (leaf,) = (group["criteria"] for group in groups["criteriaGroup"])
    assert (whole["criteriaParameter"], whole["criteriaOperator"]) == ("criteria", "json")
    assert orjson.loads(whole["criteriaValue"]) == deep["any"][0]
    assert (leaf["criteriaOperator"], leaf["criteriaValue"]) == ("=", "true")


def test_criterion_of_a_later_release_stands_whole() -> None:
    part = {"items": {"categories": ["mugs"]}, "measure": "quantity", "op": "gte", "value": 2}
    (group,) = groups_of({"all": [part, LEAF]})["criteriaGroup"]
    assert [each["criteriaOperator"] for each in group["criteria"]] == ["json", "="]


def test_offer_for_everybody_has_the_criterion_the_standard_asks_for() -> None:
    made = promotion(STORY.model_copy(update={"criteria": None}))
    (group,) = made["pattern"][0]["criteriaGroup"]
    assert group["criteria"] == [{"criteriaParameter": "everybody", "criteriaOperator": "=", "criteriaValue": "true"}]


def test_plain_promotion_becomes_terms() -> None:
    made = revision.created(new(PLAIN), "en").document()
    assert made == {
        "title": {"en": "Half a mug"},
        "benefits": [{"kind": "percent_off", "basis_points": 5000}],
        "criteria": {"attribute": "household.size", "op": "gte", "value": 2},
        "validity": {"start": "2026-06-01T00:00:00Z"},
    }


def test_groups_without_a_relationship_are_and() -> None:
    stated = PLAIN["pattern"][0]["criteriaGroup"][0]["criteria"][0]
    made = revision.created(new(pattern(criteriaGroup=[{"criteria": [stated, stated]}, {"criteria": [stated]}])), "en")
    leaf = {"attribute": "household.size", "op": "gte", "value": 2}
    assert made.document()["criteria"] == {"all": [{"all": [leaf, leaf]}, leaf]}


def test_text_that_reads_as_a_number_is_a_text_where_the_parameter_is_one() -> None:
    made = revision.created(new(criterion("customer.segment", "=", "12")), "en")
    assert made.document()["criteria"]["value"] == "12"


def test_declared_parameter_is_read_by_its_kind() -> None:
    plan = Attribute("line.plan", Kind.STRING, "the plan", "which plan the line has")
    stated = new(criterion("line.plan", "=", "12"))
    made = revision.created(stated, "en", {**BUILT_IN, plan.name: plan})
    assert made.document()["criteria"] == {"attribute": "line.plan", "op": "eq", "value": "12"}
    with pytest.raises(PromotionInvalid):
        revision.created(stated, "en")


def test_action_about_a_product_is_the_scope() -> None:
    about = {"actionType": "percent_off", "actionValue": "5%", "actionEntityRef": {"id": "MUG"}}
    made = revision.created(new(pattern(action=[about, about])), "en")
    assert made.document()["products"] == {"skus": ["MUG"]}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"name": "x"}, ["/pattern", "/validFor/startDateTime"]),
        (PLAIN | {"validFor": {"endDateTime": "2026-06-01T00:00:00Z"}}, ["/validFor/startDateTime"]),
        (PLAIN | {"pattern": []}, ["/pattern"]),
        (PLAIN | {"pattern": PLAIN["pattern"] * 2}, ["/pattern"]),
        (PLAIN | {"name": "two\nlines"}, ["/name"]),
        (PLAIN | {"promotionType": "Award"}, ["/promotionType"]),
        (pattern(priority=10_001), ["/pattern/0/priority"]),
        (action("percent_off", None), ["/pattern/0/action/0/actionValue"]),
        (action("percent_off", "lots"), ["/pattern/0/action/0/actionValue"]),
        (action("percent_off", "0%"), ["/pattern/0/action/0/actionValue"]),
        (action("fixed_price", "5.001 USD"), ["/pattern/0/action/0/actionValue"]),
        (action("fixed_price", "5.00 USD per unit"), ["/pattern/0/action/0/actionValue"]),
        (action("amount_off", "5.00 USD"), ["/pattern/0/action/0/actionValue"]),
        (action("amount_off", '{"kind":"percent_off","basis_points":1}'), ["/pattern/0/action/0/actionValue"]),
        (action("voucher", "1"), ["/pattern/0/action/0/actionValue"]),
        (criterion("line.age", "=", "1"), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaParameter"]),
        (criterion("subscriberStatus", "=", "active"), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaParameter"]),
        (criterion("household.size", "~", "1"), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaOperator"]),
        (criterion("household.size", "=", "two"), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaValue"]),
        (criterion("household.size", "in", "2"), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaValue"]),
        (criterion("line.barred", "not >", "true"), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaOperator"]),
        (criterion("criteria", "json", "{"), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaValue"]),
        (criterion("criteria", "json", "[" * 9_000), ["/pattern/0/criteriaGroup/0/criteria/0/criteriaValue"]),
        (
            criterion("criteria", "json", '{"not":' * 99 + "1" + "}" * 99),
            ["/pattern/0/criteriaGroup/0/criteria/0/criteriaValue"],
        ),
        (PLAIN | {"productScope": {"colours": []}}, ["/productScope/colours"]),
        (PLAIN | {"honourPolicy": [{"channel": "web"}]}, ["/honourPolicy"]),
        (PLAIN | {"honourPolicy": [{"channel": "web", "action": "native"}] * 2}, ["/honourPolicy/1/channel"]),
        (PLAIN | {"attachment": [{"id": "web.en", "content": "e30="}]}, ["/attachment/0"]),
        (PLAIN | {"attachment": [{"id": "web.en", "content": "?"}]}, ["/attachment/0"]),
    ],
)
def test_what_cannot_be_translated_is_refused_by_name(body: dict[str, Any], found: list[str]) -> None:
    assert sorted(set(pointers(body))) == found


def test_everything_that_is_wrong_is_told_at_once() -> None:
    body = action("voucher", "1") | {"attachment": [{"id": "web.en", "content": "?"}]}
    assert pointers(body) == ["/pattern/0/action/0/actionValue", "/attachment/0"]


@pytest.mark.parametrize(
    ("body", "place", "kind"),
    [
        ({"description": "x"}, "name", "missing"),
        (PLAIN | {"id": "1"}, "id", "set_by_registry"),
        (PLAIN | {"lastUpdate": "2026-06-01T00:00:00Z"}, "lastUpdate", "set_by_registry"),
        (PLAIN | {"lifecycleStatus": "release"}, "lifecycleStatus", "literal_error"),
        (PLAIN | {"relatedParty": []}, "relatedParty", "extra_forbidden"),
        (pattern(name="x"), "pattern/0/name", "not_kept"),
        (pattern(validFor={}), "pattern/0/validFor", "not_kept"),
        (pattern(criteriaGroup=[{"criteria": []}]), "pattern/0/criteriaGroup/0/criteria", "too_short"),
        (
            pattern(criteriaGroup=[PLAIN["pattern"][0]["criteriaGroup"][0] | {"groupName": "x"}]),
            "pattern/0/criteriaGroup/0/groupName",
            "not_kept",
        ),
        (PLAIN | {"attachment": [{"id": "1", "url": "x", "content": ""}]}, "attachment/0/url", "not_kept"),
        (PLAIN | {"channel": [{"id": "fax", "role": "shown"}]}, "channel/0/id", "literal_error"),
    ],
)
def test_member_without_a_place_is_refused_by_name(body: dict[str, Any], place: str, kind: str) -> None:
    assert (place, kind) in members(body)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "Another"}, "/name"),
        ({"description": "Another"}, "/description"),
        ({"validFor": {"startDateTime": "2027-01-01T00:00:00Z"}}, "/validFor/startDateTime"),
        ({"pattern": PLAIN["pattern"]}, "/pattern/0/criteriaGroup"),
        ({"channel": []}, "/channel"),
        ({"honourPolicy": []}, "/honourPolicy"),
        ({"productScope": {}}, "/productScope"),
        ({"attachment": []}, "/attachment"),
    ],
)
def test_new_promotion_that_says_other_than_its_terms_is_refused(change: dict[str, Any], pointer: str) -> None:
    assert pointer in pointers(writable(promotion(STORY)) | change)


def edit(patch: dict[str, Any], of: Terms = STORY) -> Terms:
    present = promotion(of)
    merged = revision.merge_patch(present, patch)
    return revision.edited(present, merged, edited(merged), of, "en")


def test_edit_changes_what_it_names_and_nothing_else() -> None:
    after = edit({"name": "Renamed", "validFor": {"endDateTime": None}, "terms": {"priority": 7}}).document()
    before = STORY.document()
    assert after == before | {
        "title": {"en": "Renamed"},
        "validity": {"start": before["validity"]["start"]},
        "priority": 7,
    }


def test_edit_of_a_title_leaves_other_languages() -> None:
    both = STORY.model_copy(update={"title": {"en": "Free", "es": "Gratis"}})
    assert edit({"name": "Renamed"}, both).title == {"en": "Renamed", "es": "Gratis"}
    assert edit({"description": None}, both).description == {}


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"name": "A", "terms": {"title": {"en": "B"}}}, "/name"),
        (
            {"validFor": {"endDateTime": None}, "terms": {"validity": {"end": "2026-07-01T00:00:00Z"}}},
            "/validFor/endDateTime",
        ),
        ({"terms": None}, "/terms"),
        ({"validFor": None}, "/validFor/startDateTime"),
        ({"pattern": None}, "/pattern"),
        ({"promotionType": "Award"}, "/promotionType"),
        (
            {
                "productScope": {"skus": ["A"]},
                "pattern": pattern(
                    action=[{"actionType": "percent_off", "actionValue": "1%", "actionEntityRef": {"id": "B"}}]
                )["pattern"],
            },
            "/productScope",
        ),
    ],
)
def test_edit_that_contradicts_itself_is_refused(patch: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as error:
        edit(patch)
    assert [each.pointer for each in error.value.errors] == [pointer]


def test_edit_may_say_the_same_twice() -> None:
    assert edit({"name": "A", "terms": {"title": {"en": "A"}}}).title == {"en": "A"}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Free handset upgrade!", "free-handset-upgrade"),
        ("Été à 50 %", "ete-a-50"),
        ("特別", "promotion"),
        ("-" * 9, "promotion"),
    ],
)
def test_key_is_made_from_the_name(name: str, key: str) -> None:
    assert slug(name) == key


@given(st.text())
def test_key_made_from_any_name_is_one(name: str) -> None:
    assert new(PLAIN | {"key": slug(name)}).key == slug(name)
