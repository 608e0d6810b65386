"""Households: refs become ids, faults are all told, and no endpoint leaves the profile (api §3, architecture §3)."""

from typing import Any

import pytest
from pydantic import ValidationError

from concord.contracts.records import HouseholdRecord
from concord.lookup import LookupKey
from concord.testkit.ids import CountingIds
from customer_profile import domain
from customer_profile.documents import HouseholdChange, NewHousehold
from customer_profile.domain import Household
from customer_profile.errors import HouseholdInvalid

LOOKUP = LookupKey(b"a key of the test's own")
POSTED: dict[str, Any] = {
    "ref": "crm-1",
    "members": [
        {"ref": "linda", "given_name": "Linda", "family_name": "Example", "postcode": "20001", "born": "1978-05-01"},
        {"ref": "daughter", "given_name": "Ada"},
    ],
    "relations": [{"kind": "guardian_of", "from": "linda", "to": "daughter"}],
    "lines": [{"ref": "L1", "number": "+1 202 555 0117", "holder": "linda", "user": "daughter"}],
    "contact_points": [
        {"kind": "email", "address": "Linda@Example.com", "party": "linda"},
        {"kind": "sms", "address": "+1 (202) 555-0142", "party": "daughter"},
        {"kind": "post", "address": "1 Main Street", "party": "linda"},
    ],
}


def built(**changes: Any) -> Household:
    return domain.new_household(NewHousehold.model_validate(POSTED | changes), CountingIds())


def faults(**changes: Any) -> list[str]:
    with pytest.raises(HouseholdInvalid) as refused:
        built(**changes)
    return [error.pointer for error in refused.value.errors]


def changed(before: Household, **change: Any) -> Household:
    ids = CountingIds()
    ids._made = 1_000
    return domain.changed_household(before, HouseholdChange.model_validate(change), ids)


def test_household_entries_name_each_other_by_id() -> None:
    made = built()
    linda, daughter = made.members
    assert (linda.id[:4], made.lines[0].id[:4], made.contact_points[0].id[:3], made.id[:3]) == (
        "pty_",
        "lin_",
        "cp_",
        "hh_",
    )
    assert (made.relations[0].from_party, made.relations[0].to_party) == (linda.id, daughter.id)
    line = made.lines[0]
    assert (line.holder, line.user, line.payer) == (linda.id, daughter.id, linda.id)
    assert made.contact_points[1].party == daughter.id


def test_household_keeps_one_spelling_of_numbers() -> None:
    made = built()
    assert made.lines[0].number == "+12025550117"
    assert made.contact_points[1].address == "+12025550142"


def test_household_without_a_ref_takes_the_lines() -> None:
    posted = NewHousehold.model_validate({"members": [{}]})
    assert domain.new_household(posted, CountingIds(), ref="line-ref").ref == "line-ref"
    assert domain.new_household(NewHousehold.model_validate(POSTED), CountingIds(), ref="other").ref == "crm-1"


def test_household_with_many_faults_tells_all_of_them() -> None:
    lines = [{"number": "+12025550117", "holder": "sam", "payer": "bob", "facts": {"line.barred": 1}}]
    relations = [{"kind": "guardian_of", "from": "linda", "to": "linda"}]
    assert faults(lines=lines, relations=relations) == [
        "/relations/0/to",
        "/lines/0/holder",
        "/lines/0/user",
        "/lines/0/payer",
        "/lines/0/facts/line.barred",
    ]


def test_household_ids_are_given_not_taken() -> None:
    assert faults(members=[{"id": "pty_mine"}], relations=[], lines=[], contact_points=[]) == ["/members/0/id"]


def test_household_refs_are_distinct() -> None:
    assert faults(members=[{"ref": "linda"}, {"ref": "daughter"}, {"ref": "linda"}]) == ["/members/2/ref"]


@pytest.mark.parametrize(
    ("field", "value"), [("born", "78"), ("language", "english"), ("postcode", ""), ("given_name", "a\nb"), ("hat", 1)]
)
def test_member_of_another_shape_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        NewHousehold.model_validate({"members": [{field: value}]})


def test_change_keeps_ids_and_merges_facts() -> None:
    before = built(facts={"household.size": 2})
    after = changed(
        before, members=[{"ref": "daughter"}, {"ref": "linda"}, {"ref": "son"}], facts={"household.size": None}
    )
    assert [member.id for member in after.members[:2]] == [before.members[1].id, before.members[0].id]
    assert after.members[2].id not in {member.id for member in before.members}
    assert after.facts == {}
    assert after.lines == before.lines
    assert after.id == before.id


def test_change_of_nothing_is_the_same_household() -> None:
    before = built()
    assert changed(before) == before
    assert changed(before, relations=[r.model_dump(by_alias=True) for r in before.relations]) == before


def test_change_that_leaves_a_line_without_its_holder_is_refused() -> None:
    with pytest.raises(HouseholdInvalid):
        changed(built(), members=[{"ref": "daughter"}], relations=[], contact_points=[])


def test_change_naming_an_id_the_household_has_not_is_refused() -> None:
    with pytest.raises(HouseholdInvalid):
        changed(built(), members=[{"ref": "linda"}, {"ref": "daughter"}, {"id": "pty_other"}])


def test_record_has_keyed_hashes_instead_of_endpoints() -> None:
    made = built()
    record = domain.record(made, 5, LOOKUP)
    value = record.to_bytes()
    assert HouseholdRecord.parse(value) == record
    assert record.version == 5
    assert (record.lines[0].lookup, record.lines[0].last_digits) == (LOOKUP.number("+12025550117"), "0117")
    assert record.contact_points[0].lookup == LOOKUP.email("linda@example.com")
    assert [point.last_digits for point in record.contact_points] == [None, "0142", None]
    assert record.members[0].lookup == LOOKUP.name_and_postcode("LINDA example", "20001")
    assert record.members[1].lookup is None
    for endpoint in (b"2025550117", b"inda@", b"Main Street", b"crm-1"):
        assert endpoint not in value


def test_identifiers_are_what_lookups_ask_for() -> None:
    made = built()
    found = {(one.kind, one.value): one.subject for one in domain.identifiers(made, LOOKUP)}
    assert found == {
        ("party", made.members[0].id): made.members[0].id,
        ("party", made.members[1].id): made.members[1].id,
        ("name", LOOKUP.name_and_postcode("Linda Example", "20001")): made.members[0].id,
        ("line", made.lines[0].id): made.lines[0].id,
        ("number", LOOKUP.number("+12025550117")): made.lines[0].id,
        ("email", LOOKUP.email("linda@example.com")): made.contact_points[0].id,
        ("number", LOOKUP.number("+12025550142")): made.contact_points[1].id,
    }


def test_document_reads_back_as_the_household() -> None:
    made = built()
    assert Household.model_validate(domain.document(made)) == made
