"""Offers from files into the registry: new ones are created, others get a new draft, equal ones are left alone.

Nothing is approved or released. When they are to be submitted as well, new ones go in by one import job, which brings
them into review.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from concord.cli import authoring, importing
from concord.cli.client import Concord
from concord.cli.errors import AnswerIsNo, CommandError, SomeoneWasFirst
from concord.cli.importing import Importer, Tally
from concord.cli.offerfiles import form

LOOKED_UP: Final = authoring.A_PAGE  # offers that are asked for one by one; for more than that the list is cheaper
What = Literal["created", "added", "unchanged", "refused"]
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer to be taken in."""

    key: str
    terms: dict[str, Any]
    content_hash: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest version that the registry has."""

    version: int
    lifecycle: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an offer; `version` and `lifecycle` are its newest version's, None when there is none."""

    key: str
    what: What
    version: int | None
    lifecycle: str | None
    sentence: str | None = None
    errors: Sequence[Mapping[str, Any]] = ()


def planned(offer: Offer, at: Standing | None) -> Outcome:
    """What would become of an offer."""
    if at is None:
        return Outcome(offer.key, "created", 1, "draft")
    if at.content_hash == offer.content_hash:
        return Outcome(offer.key, "unchanged", at.version, at.lifecycle)
    return Outcome(offer.key, "added", at.version + 1, "draft")


async def standings(concord: Concord, keys: Sequence[str]) -> dict[str, Standing]:
    """Where the offers that there are stand, by key."""
    if len(keys) > LOOKED_UP:
        wanted = set(keys)
        return {item["key"]: _standing(item) async for item in authoring.listed(concord) if item["key"] in wanted}
    found = {key: await authoring.fetch(concord, key) for key in keys}
    return {key: _standing(item) for key, item in found.items() if item is not None}


def _standing(item: Mapping[str, Any]) -> Standing:
    return Standing(item["version"], item["lifecycle"], item["content_hash"])


class Taking:
    """Takes offers in as one person; `run` names this run to the import job."""

    def __init__(self, concord: Concord, person: str, run: str, *, submit: bool) -> None:
        self._concord = concord
        self._person = person
        self._run = run
        self._submit = submit
        self.jobs: list[str] = []

    async def take(self, offers: Sequence[Offer], at: Mapping[str, Standing], advance: Advance) -> list[Outcome]:
        """What became of each, in the order given. New ones are first, since others may name them."""
        fresh = [offer for offer in offers if offer.key not in at]
        create = self._import if self._submit else self._create
        outcomes = {outcome.key: outcome for outcome in await create(fresh, advance)}
        for offer in offers:
            if offer.key in at:
                outcomes[offer.key] = await self._update(offer, at[offer.key])
                advance(1)
        return [outcomes[offer.key] for offer in offers]

    async def _create(self, offers: Sequence[Offer], advance: Advance) -> list[Outcome]:
        outcomes = []
        for offer in offers:
            try:
                await authoring.create(self._concord, offer.key, offer.terms, self._person)
                outcomes.append(Outcome(offer.key, "created", 1, "draft"))
            except (AnswerIsNo, SomeoneWasFirst) as error:
                outcomes.append(_refused(offer, error))
            advance(1)
        return outcomes

    async def _import(self, offers: Sequence[Offer], advance: Advance) -> list[Outcome]:
        if not offers:
            return []
        lines = (form.line(offer.key, offer.terms) for offer in offers)
        tally = await Importer(self._concord, importing.OFFERS, self._run, self._person).upload(lines, advance)
        self.jobs += tally.jobs
        return _of_job(offers, tally)

    async def _update(self, offer: Offer, at: Standing) -> Outcome:
        outcome, made = planned(offer, at), None
        try:
            if outcome.what == "added":
                number = await authoring.revise(self._concord, offer.key, offer.terms, self._person)
                outcome = made = Outcome(offer.key, "added", number, "draft")
            if self._submit and outcome.lifecycle == "draft" and outcome.version is not None:
                await authoring.act(self._concord, offer.key, outcome.version, "submit", self._person)
                outcome = Outcome(offer.key, outcome.what, outcome.version, "in_review")
        except (AnswerIsNo, SomeoneWasFirst) as error:
            return _refused(offer, error, made)
        return outcome


def _of_job(offers: Sequence[Offer], tally: Tally) -> list[Outcome]:
    refused = {refusal.line: refusal for refusal in tally.refusals}
    outcomes = []
    for number, offer in enumerate(offers, 1):
        why = refused.get(number)
        if why is None:
            outcomes.append(Outcome(offer.key, "created", 1, "in_review"))
        else:
            outcomes.append(Outcome(offer.key, "refused", None, None, why.sentence, why.errors))
    return outcomes


def _refused(offer: Offer, error: CommandError, made: Outcome | None = None) -> Outcome:
    errors = error.problem.get("errors", [])
    version, lifecycle = (made.version, made.lifecycle) if made else (None, None)
    return Outcome(offer.key, "refused", version, lifecycle, error.detail, errors)
