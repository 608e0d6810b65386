"""Which offers are in play for a basket, and why others are not (terms §2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from concord.decision.compile import CompiledTerms
from concord.decision.kleene import Test, Truth
from concord.decision.quoting.till import Lines, Till


@dataclass(slots=True, eq=False)
class Candidate:
    """One statement of terms that may apply: today's version of an offer, or what a promise on it pins.

    Attributes:
        lines: places of lines that may be in scope, None where that is still to be found out.
        promises: ids of promises that pin these terms; what gates the customer is then not asked again (terms §6).
        rank: among the terms of one offer: what was promised first, then the newer version.
    """

    key: str
    version: int
    terms: CompiledTerms
    lines: Lines | None = None
    promises: tuple[str, ...] = ()
    rank: int = 0

    @property
    def place(self) -> tuple[int, str, int, int]:
        """Its place in the order in which offers apply (terms §3)."""
        return self.terms.priority, self.key, self.rank, -self.version

    @property
    def gate(self) -> Test | None:
        return self.terms.gates.basket if self.promises else self.terms.gates.whole


@dataclass(slots=True)
class Playing:
    """A candidate whose lines are known and that nothing keeps from applying but its turn.

    Attributes:
        order: its place among those in play.
        kept: what kept it from applying when its turn came last, by what was left to pay then.
    """

    candidate: Candidate
    lines: Lines
    order: int = 0
    kept: "Kept | None" = None


@dataclass(slots=True)
class Kept:
    """A candidate that does not apply, and why, as a reason code; `facts` where they moved while offers applied."""

    candidate: Candidate
    code: str
    facts: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Sorted:
    """What plays, in the order in which offers apply, and what does not."""

    playing: list[Playing]
    kept: list[Kept]


def sort_out(till: Till, candidates: Iterable[Candidate], codes: frozenset[str]) -> Sorted:
    """Judge every candidate by what does not move while offers apply."""
    playing, kept = [], []
    for candidate in candidates:
        judged = _judge(till, candidate, codes)
        if isinstance(judged, str):
            kept.append(Kept(candidate, judged))
        else:
            playing.append(Playing(candidate, judged))
    playing.sort(key=_place)
    for order, each in enumerate(playing):
        each.order = order
    return Sorted(playing, kept)


def _place(playing: Playing) -> tuple[int, str, int, int]:
    candidate = playing.candidate
    return candidate.terms.priority, candidate.key, candidate.rank, -candidate.version


def _judge(till: Till, candidate: Candidate, codes: frozenset[str]) -> Lines | str:
    terms = candidate.terms
    if terms.codes and not candidate.promises and terms.codes.isdisjoint(codes):
        return "code_needed"
    if terms.plan.currencies is not None and till.currency not in terms.plan.currencies:
        return "currency_not_offered"
    gates = terms.gates
    gate = gates.basket if candidate.promises else gates.whole
    if gate is not None:
        truth = till.truth(gate)
        if truth is False or (truth is None and not gates.moves):
            return _unmet(truth)
    if candidate.lines is not None and gates.line is None:
        return candidate.lines or "scope_empty"
    return _scope(till, candidate) or "scope_empty"


def _scope(till: Till, candidate: Candidate) -> Lines:
    """The lines it is about: those of its products, as far as its criteria choose them."""
    terms = candidate.terms
    lines = candidate.lines
    if lines is None:
        lines = till.within(terms.reach, till.offered())
    if terms.gates.line is None:
        return lines
    return [place for place in lines if terms.gates.line(till.facts_of(place))]


def _unmet(truth: Truth) -> str:
    return "fact_missing" if truth is None else "criterion_not_met"


def in_turn(till: Till, playing: Playing) -> bool:
    """Whether it may apply now that its turn has come: what is left to pay may gate it. If not, it is noted why."""
    gate, facts = playing.candidate.gate, till.facts_now()
    truth = gate(facts) if gate is not None else True
    playing.kept = None if truth else Kept(playing.candidate, _unmet(truth), facts)
    return truth is True


def facts_for(till: Till, candidate: Candidate) -> Mapping[str, Any]:
    """What its criteria are explained with."""
    return till.facts_now() if candidate.terms.gates.moves else till.facts
