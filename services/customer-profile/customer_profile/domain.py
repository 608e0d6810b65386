"""Households: who belongs together, how they are found, and what of them goes on the log (api §3, architecture §3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from concord.contracts.records import ContactPointRecord, HouseholdRecord, LineRecord, MemberRecord, RelationRecord
from concord.decision.attributes import BUILT_IN, Attribute, check_facts
from concord.decision.facts import HouseholdView, LineView, member_facts
from concord.errors import FieldError
from concord.ids import Ids
from concord.lookup import LookupKey, NumberMalformed, e164
from customer_profile.documents import ContactPoint, HouseholdChange, Line, Member, NewHousehold, Relation
from customer_profile.errors import HouseholdInvalid

Entry = TypeVar("Entry", Member, Line, ContactPoint)
_PREFIXES: dict[type, str] = {Member: "pty", Line: "lin", ContactPoint: "cp"}
LAST_DIGITS = 4


class Household(NewHousehold):
    """A household of the profile: every entry has its id, and entries name each other by id."""

    id: str

    def member(self, name: str) -> Member | None:
        """The member with this id or ref."""
        return _named(self.members, name)

    def line(self, name: str) -> Line | None:
        """The line with this id or ref."""
        return _named(self.lines, name)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name by which a household can be found: a keyed hash, or an id."""

    kind: str  # number, email, name, party, line
    value: str
    subject: str  # the line, contact point or member it stands for


def fact_names(household: NewHousehold | HouseholdChange) -> Iterator[str]:
    """The attributes of which a household has facts, or gets them."""
    maps = [household.facts or {}]
    maps += [member.facts for member in household.members or ()]
    maps += [line.facts for line in household.lines or ()]
    for facts in maps:
        yield from (name for name, value in facts.items() if value is not None)


def new_household(
    posted: NewHousehold, ids: Ids, *, ref: str | None = None, registry: Mapping[str, Attribute] = BUILT_IN
) -> Household:
    """The posted household with ids; `ref` is its name when the document gives none.

    Raises:
        HouseholdInvalid: entries name nobody, share a ref, or have facts of another type; `errors` has all of it.
    """
    given = [f"/{name}/{index}/id" for name, index, entry in _entries(posted) if entry.id]
    if given:
        raise HouseholdInvalid(errors=[FieldError(where, "ids are given by the profile") for where in given])
    named = posted if posted.ref is not None else posted.model_copy(update={"ref": ref})
    return _Building(ids, registry).build(ids.new("hh"), named)


def changed_household(
    before: Household, change: HouseholdChange, ids: Ids, registry: Mapping[str, Attribute] = BUILT_IN
) -> Household:
    """The household after a change; entries keep their ids by id or ref.

    Raises:
        HouseholdInvalid: as `new_household`, or an entry has an id that the household does not.
    """
    parts = {name: getattr(change, name) for name in ("members", "relations", "lines", "contact_points")}
    wanted = before.model_copy(update={name: value for name, value in parts.items() if value is not None})
    if change.facts is not None:
        merged = {**before.facts, **change.facts}
        facts = {name: value for name, value in merged.items() if value is not None}
        wanted = wanted.model_copy(update={"facts": facts})
    return _Building(ids, registry, before).build(before.id, wanted)


@dataclass(slots=True)
class _Building:
    """Gives entries their ids and replaces refs by them, noting everything that is wrong on the way."""

    ids: Ids
    registry: Mapping[str, Attribute]  # what facts may be of
    before: Household | None = None
    errors: list[FieldError] = field(default_factory=list)

    def build(self, household: str, posted: NewHousehold) -> Household:
        before = self.before
        members = self._identified("members", posted.members, before.members if before else ())
        parties = _by_name(members)
        lines = self._identified("lines", posted.lines, before.lines if before else ())
        points = self._identified("contact_points", posted.contact_points, before.contact_points if before else ())
        built = Household.model_construct(
            id=household,
            ref=posted.ref,
            members=members,
            relations=[self._relation(n, relation, parties) for n, relation in enumerate(posted.relations)],
            lines=[self._line(n, line, parties) for n, line in enumerate(lines)],
            contact_points=[self._point(n, point, parties) for n, point in enumerate(points)],
            facts=posted.facts,
        )
        self._check_facts(built)
        if self.errors:
            raise HouseholdInvalid(errors=self.errors)
        return built

    def _identified(self, name: str, entries: Sequence[Entry], before: Sequence[Entry]) -> list[Entry]:
        known, seen, identified = _by_name(before), set[str](), []
        for index, entry in enumerate(entries):
            place = f"/{name}/{index}"
            if entry.id and entry.id not in known:
                self.errors.append(FieldError(f"{place}/id", "the household has no such entry"))
            identity = entry.id or known.get(entry.ref or "") or self.ids.new(_PREFIXES[type(entry)])
            if identity in seen or (entry.ref is not None and entry.ref in seen):
                self.errors.append(FieldError(f"{place}/{'id' if entry.id else 'ref'}", "another entry has the same"))
            seen |= {identity} | ({entry.ref} if entry.ref is not None else set())
            identified.append(entry.model_copy(update={"id": identity}))
        return identified

    def _party(self, place: str, name: str, parties: dict[str, str]) -> str:
        if name not in parties:
            self.errors.append(FieldError(place, "no member has this ref or id", "party_unknown"))
        return parties.get(name, name)

    def _relation(self, index: int, relation: Relation, parties: dict[str, str]) -> Relation:
        place = f"/relations/{index}"
        one = self._party(f"{place}/from", relation.from_party, parties)
        other = self._party(f"{place}/to", relation.to_party, parties)
        if one == other:
            self.errors.append(FieldError(f"{place}/to", "nobody is related to themselves"))
        return relation.model_copy(update={"from_party": one, "to_party": other})

    def _line(self, index: int, line: Line, parties: dict[str, str]) -> Line:
        roles = {"holder": line.holder, "user": line.user or line.holder, "payer": line.payer or line.holder}
        return line.model_copy(
            update={role: self._party(f"/lines/{index}/{role}", name, parties) for role, name in roles.items()}
        )

    def _point(self, index: int, point: ContactPoint, parties: dict[str, str]) -> ContactPoint:
        place = f"/contact_points/{index}"
        address = self._address(f"{place}/address", point)
        return point.model_copy(
            update={"party": self._party(f"{place}/party", point.party, parties), "address": address}
        )

    def _address(self, place: str, point: ContactPoint) -> str:
        if point.kind in {"sms", "voice"}:
            try:
                return e164(point.address)
            except NumberMalformed:
                self.errors.append(FieldError(place, "write a number with + and the country code"))
        local, at, domain = point.address.strip().rpartition("@")
        if point.kind == "email" and not (local and at and domain and " " not in point.address.strip()):
            self.errors.append(FieldError(place, "write an address as linda@example.com"))
        return point.address.strip()

    def _check_facts(self, built: Household) -> None:
        known = self.registry
        self.errors += check_facts(built.facts, "/facts", known, prefix="household.")
        for index, member in enumerate(built.members):
            self.errors += check_facts(member.facts, f"/members/{index}/facts", known, prefix="customer.")
        for index, line in enumerate(built.lines):
            self.errors += check_facts(line.facts, f"/lines/{index}/facts", known, prefix="line.")


def record(household: Household, version: int, lookup: LookupKey) -> HouseholdRecord:
    """What the log says of a household: no endpoints, only keyed hashes of them and last digits."""
    return HouseholdRecord(
        id=household.id,
        version=version,
        members=[_member_record(member, lookup) for member in household.members],
        lines=[_line_record(line, lookup) for line in household.lines],
        relations=[RelationRecord(**relation.model_dump(by_alias=True)) for relation in household.relations],
        contact_points=[_point_record(point, lookup) for point in household.contact_points],
        facts=household.facts,
    )


def identifiers(household: Household, lookup: LookupKey) -> Iterator[Identifier]:
    """Every name by which the household can be found."""
    for member in household.members:
        yield Identifier("party", member.id, member.id)
        if key := _name_key(member, lookup):
            yield Identifier("name", key, member.id)
    for line in household.lines:
        yield Identifier("line", line.id, line.id)
        yield Identifier("number", lookup.number(line.number), line.id)
    for point in household.contact_points:
        kind = "email" if point.kind == "email" else "number"
        if point.kind in {"email", "sms", "voice"}:
            yield Identifier(kind, _point_key(point, lookup), point.id)


def view(household: Household) -> HouseholdView:
    """The household as `concord.decision` takes it, without promises."""
    return HouseholdView(
        epoch=0,
        id=household.id,
        version=0,
        facts=household.facts,
        members={member.id: member_facts(member.born, member.facts) for member in household.members},
        lines={line.id: LineView(line.user or line.holder, line.facts) for line in household.lines},
        promises=(),
    )


def lines_of(household: Household, party: str) -> list[str]:
    """The lines of which the party is holder, user or payer."""
    return [line.id for line in household.lines if party in {line.holder, line.user, line.payer}]


def document(household: Household) -> dict[str, Any]:
    """The household as it is stored and shown."""
    return household.model_dump(mode="json", by_alias=True, exclude_none=True)


def _member_record(member: Member, lookup: LookupKey) -> MemberRecord:
    return MemberRecord(**member.model_dump(exclude={"ref"}), lookup=_name_key(member, lookup))


def _line_record(line: Line, lookup: LookupKey) -> LineRecord:
    return LineRecord(
        **line.model_dump(exclude={"ref", "number"}),
        lookup=lookup.number(line.number),
        last_digits=line.number[-LAST_DIGITS:],
    )


def _point_record(point: ContactPoint, lookup: LookupKey) -> ContactPointRecord:
    return ContactPointRecord(
        **point.model_dump(exclude={"ref", "address"}),
        lookup=_point_key(point, lookup),
        last_digits=point.address[-LAST_DIGITS:] if point.kind in {"sms", "voice"} else None,
    )


def _point_key(point: ContactPoint, lookup: LookupKey) -> str:
    keys: dict[str, Callable[[str], str]] = {"sms": lookup.number, "voice": lookup.number, "email": lookup.email}
    return keys.get(point.kind, lookup.other)(point.address)


def _name_key(member: Member, lookup: LookupKey) -> str | None:
    name = " ".join(part for part in (member.given_name, member.family_name) if part)
    return lookup.name_and_postcode(name, member.postcode) if name and member.postcode else None


def _named(entries: Sequence[Entry], name: str) -> Entry | None:
    for entry in entries:
        if name in (entry.id, entry.ref):
            return entry
    return None


def _by_name(entries: Sequence[Entry]) -> dict[str, str]:
    """Ids by ref and by id."""
    return {name: entry.id for entry in entries for name in (entry.ref, entry.id) if name is not None}


def _entries(household: NewHousehold) -> Iterator[tuple[str, int, Member | Line | ContactPoint]]:
    for name in ("members", "lines", "contact_points"):
        for index, entry in enumerate(getattr(household, name)):
            yield name, index, entry
