"""The author side: who may do what to a version, and when."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from concord.decision.attributes import BUILT_IN, Attribute, Kind
from concord.decision.terms import EXAMPLE, Terms
from concord.errors import FieldError
from offer_registry.domain import LIFECYCLE, Lifecycle, OfferVersion, Verb, draft
from offer_registry.errors import Incomplete, LifecycleConflict, OwnVersion, TermsInvalid
from offer_registry.references import Node, broken, named

AT = datetime(2026, 6, 1, 9, 12, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
END = datetime(2026, 6, 15, tzinfo=UTC)  # of the example
TERMS = Terms.model_validate(EXAMPLE)


def terms(**changes: Any) -> Terms:
    return Terms.model_validate(EXAMPLE | changes)


def version(lifecycle: Lifecycle = Lifecycle.DRAFT, by: str = "marta", said: Terms = TERMS) -> OfferVersion:
    made = draft("ofr_1", 1, said, by, AT)
    return OfferVersion(**{name: getattr(made, name) for name in made.__slots__} | {"lifecycle": lifecycle})


def do(verb: Verb, changed: OfferVersion) -> OfferVersion:
    return {
        Verb.EDIT: lambda: changed.edit(terms(priority=7), "marta", LATER),
        Verb.SUBMIT: lambda: changed.submit("marta", LATER, ["en"], ()),
        Verb.APPROVE: lambda: changed.approve("nora", LATER),
        Verb.REJECT: lambda: changed.reject(LATER, "too dear"),
    }[verb]()


@pytest.mark.parametrize(
    ("lifecycle", "verb"), list(itertools.product(Lifecycle, [Verb.EDIT, Verb.SUBMIT, Verb.APPROVE, Verb.REJECT]))
)
def test_version_follows_the_lifecycle_and_refuses_everything_else(lifecycle: Lifecycle, verb: Verb) -> None:
    before = version(lifecycle)
    if (lifecycle, verb) in LIFECYCLE:
        after = do(verb, before)
        assert (after.lifecycle, after.row_version, after.changed_at) == (LIFECYCLE[lifecycle, verb], 2, LATER)
    else:
        with pytest.raises(LifecycleConflict):
            do(verb, before)


@pytest.mark.parametrize("lifecycle", Lifecycle)
def test_version_is_released_only_when_approved(lifecycle: Lifecycle) -> None:
    if lifecycle is Lifecycle.APPROVED:
        version(lifecycle).require(Verb.RELEASE)
    else:
        with pytest.raises(LifecycleConflict):
            version(lifecycle).require(Verb.RELEASE)


def test_version_is_never_approved_by_whoever_wrote_it() -> None:
    with pytest.raises(OwnVersion):
        do(Verb.SUBMIT, version(by="marta")).approve("marta", LATER)


@pytest.mark.parametrize("part", ["edited", "submitted"])
def test_version_is_never_approved_by_whoever_wrote_a_part_of_it(part: str) -> None:
    written = version(by="marta")
    if part == "edited":
        written = written.edit(terms(priority=7), "nora", LATER).submit("marta", LATER, ["en"], ())
    else:
        written = written.submit("nora", LATER, ["en"], ())
    assert written.authors == ("marta", "nora")
    with pytest.raises(OwnVersion):
        written.approve("nora", LATER)
    assert written.approve("olga", LATER).approver == "olga"


def test_version_edited_has_the_hash_of_its_new_terms() -> None:
    edited = version().edit(terms(priority=7), "marta", LATER)
    assert edited.content_hash == terms(priority=7).content_hash() != TERMS.content_hash()


def test_submit_names_every_missing_piece_at_once() -> None:
    honour = {"web": {"action": "native"}, "call_center": {"action": "honour"}, "sms": {"action": "refer", "to": "web"}}
    incomplete = version(said=terms(honour=honour, cards={}))
    dangling = FieldError("/alternative", "There is no offer x.")
    with pytest.raises(Incomplete) as refused:
        incomplete.submit("marta", LATER, ["en"], [dangling])
    pointers = {error.pointer for error in refused.value.errors}
    assert {"/honour/store_pos", "/cards/call_center/en", "/alternative"} <= pointers


def test_submit_keeps_the_locales_it_was_checked_for() -> None:
    assert do(Verb.SUBMIT, version()).required_locales == ("en",)


def test_draft_with_a_criterion_of_another_type_is_not_saved() -> None:
    wrong = terms(criteria={"attribute": "line.tenure_months", "op": "gte", "value": "twelve"})
    with pytest.raises(TermsInvalid) as refused:
        draft("ofr_1", 1, wrong, "marta", AT)
    assert [error.pointer for error in refused.value.errors] == ["/terms/criteria/value"]


def test_draft_whose_benefit_has_a_criterion_of_another_type_is_not_saved() -> None:
    own = {"attribute": "line_item.unit_price", "op": "gte", "value": 500}
    wrong = terms(benefits=[{"kind": "percent_off", "basis_points": 500, "criteria": own}])
    with pytest.raises(TermsInvalid) as refused:
        draft("ofr_1", 1, wrong, "marta", AT)
    assert [error.pointer for error in refused.value.errors] == ["/terms/benefits/0/criteria/value"]


@pytest.mark.parametrize(
    ("end", "honour_for", "until"),
    [
        ("2026-06-15T00:00:00Z", None, datetime(2026, 6, 15, tzinfo=UTC)),
        ("2026-06-15T00:00:00Z", "P14D", datetime(2026, 6, 29, tzinfo=UTC)),
        (None, "P14D", None),  # no end: no last deadline
    ],
)
def test_version_honours_until_its_end_and_the_time_a_promise_holds(
    end: str | None, honour_for: str | None, until: datetime | None
) -> None:
    said = terms(validity={"start": "2026-06-01T00:00:00Z", "end": end}, honour_for=honour_for)
    assert version(said=said).honour_until == until


def test_references_are_those_of_the_honour_map_and_the_alternative() -> None:
    said = terms(honour={"web": {"action": "alternative", "offer": "b"}}, alternative="c")
    assert named(said) == {"/honour/web/offer": "b", "/alternative": "c"}


@pytest.mark.parametrize(
    ("graph", "reasons"),
    [
        ({}, ["offer_unknown"]),
        ({"b": Node("2", ())}, []),
        ({"b": Node("2", ("a",)), "a": Node("1", ())}, ["circular"]),  # a → b → a
        ({"b": Node("2", ("c",)), "c": Node("3", ("1",)), "1": Node("1", ())}, ["circular"]),  # by id
        ({"b": Node("2", ("c",)), "c": Node("3", ("b",))}, []),  # a circle of others is theirs to mend
        ({"b": Node("2", (), END - timedelta(seconds=1))}, ["alternative_ends_earlier"]),
        ({"b": Node("2", (), END)}, []),
    ],
)
def test_references_that_lead_nowhere_or_back_are_named(graph: dict[str, Node], reasons: list[str]) -> None:
    assert [error.reason for error in broken("1", terms(alternative="b"), graph)] == reasons


def test_alternative_of_an_offer_without_an_end_has_none_either() -> None:
    endless = terms(alternative="b", validity={"start": "2026-06-01T00:00:00Z"})
    (error,) = broken("1", endless, {"b": Node("2", (), END)})
    assert (error.pointer, error.reason) == ("/alternative", "alternative_ends_earlier")
    assert "2026-06-15T00:00:00Z" in error.detail
    assert not broken("1", endless, {"b": Node("2", ())})


def test_other_offer_that_a_channel_gives_lasts_as_long() -> None:
    said = terms(honour=EXAMPLE["honour"] | {"sms": {"action": "alternative", "offer": "b"}})
    (error,) = broken("1", said, {"b": Node("2", (), AT)})
    assert (error.pointer, error.reason) == ("/honour/sms/offer", "alternative_ends_earlier")


def test_submit_works_out_the_weekly_hours() -> None:
    assert do(Verb.SUBMIT, version()).hours is None
    evenings = {"days": ["wed"], "from": "17:00", "to": "20:00", "zone": "America/New_York"}
    submitted = do(Verb.SUBMIT, version(said=terms(windows=[evenings])))
    assert submitted.hours == [
        (datetime(2026, 6, day, 21, tzinfo=UTC), datetime(2026, 6, day + 1, tzinfo=UTC)) for day in (3, 10)
    ]


def test_submit_refuses_hours_that_never_come_or_are_over() -> None:
    ten_o_clock = {"days": ["mon"], "from": "10:00", "to": "11:00"}
    weekend = {"start": "2026-06-06T00:00:00Z", "end": "2026-06-08T00:00:00Z"}
    with pytest.raises(Incomplete) as refused:
        do(Verb.SUBMIT, version(said=terms(windows=[ten_o_clock], validity=weekend)))
    assert [(error.pointer, error.reason) for error in refused.value.errors] == [("/windows/0", "window_never_opens")]
    long_ago = {"start": "2024-01-01T00:00:00Z", "end": None}
    with pytest.raises(Incomplete) as refused:
        do(Verb.SUBMIT, version(said=terms(windows=[ten_o_clock], validity=long_ago, honour_for="P1D")))
    assert [(error.pointer, error.reason) for error in refused.value.errors] == [("/validity/start", "hours_over")]


def test_submit_keeps_the_declared_attributes_as_they_are_then() -> None:
    vip = Attribute("customer.vip", Kind.BOOL, "the customer", "whether the customer is a VIP", "a VIP")
    registry = {**BUILT_IN, vip.name: vip}
    said = terms(criteria={"attribute": "customer.vip", "op": "eq", "value": True})
    made = draft("ofr_1", 1, said, "marta", AT, registry).submit("marta", LATER, ["en"], (), registry)
    assert made.attributes is not None
    assert {name: each.attribute(name) for name, each in made.attributes.items()} == {"customer.vip": vip}
    assert do(Verb.SUBMIT, version()).attributes is None
