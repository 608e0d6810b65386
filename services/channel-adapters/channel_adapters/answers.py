"""Decides from one snapshot and writes the answer's bytes once (protocol §5, R20, R21)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from channel_adapters.customers import Customers, Met
from channel_adapters.errors import AtOutOfReach, SnapshotMoved
from channel_adapters.questions import DecisionAsked, QuoteAsked
from channel_adapters.view.freshness import Freshness
from channel_adapters.view.households import Household
from channel_adapters.view.live import LiveView
from channel_adapters.view.snapshot import Snapshot
from concord.clock import Clock
from concord.decision.answer import Answer, answer
from concord.decision.attributes import check_facts
from concord.decision.question import Question, Setting, View, setting_at
from concord.decision.quote import QuoteAnswer, quote
from concord.decision.reasons import Verdict
from concord.errors import FieldError, Invalid
from concord.signin.caller import Caller
from concord.telemetry import metrics

T = TypeVar("T")
REACH: Final = timedelta(seconds=2)  # of a caller's `at` around the replica's clock (R21)
MAY_ASK_ANY_INSTANT: Final = ("operator", "auditor", "service")
TRIES: Final = 3  # decided again twice when the snapshot moved meanwhile (§5)


@dataclass(frozen=True, slots=True)
class Ground:
    """What one answer stands on: one snapshot with what was fetched laid over it."""

    snapshot: Snapshot
    freshness: Freshness
    now: datetime  # the replica's clock when it was taken
    view: View
    household: Household | None

    @property
    def present(self) -> datetime:
        """The instant of a question that names none (`concord.decision.question.present`)."""
        if self.household is None:
            return self.now
        return max(self.now, self.household.last_promised)

    @property
    def tokens(self) -> str:
        """`Concord-View`: the catalogue, and the household in the answer."""
        view, household = self.view, self.view.household
        catalogue = f"v1.{view.epoch}.{view.revision}"
        if household is None:
            return catalogue
        return f"{catalogue}, h1.{household.epoch}.{household.id}.{household.version}"


class Answers:
    """The decisions of one channel."""

    def __init__(self, channel: str, live: LiveView, customers: Customers, clock: Clock) -> None:
        self.channel = channel
        self._live = live
        self._customers = customers
        self._clock = clock

    def decide(self, asked: DecisionAsked, met: Met, caller: Caller) -> tuple[Answer, Ground]:
        """The answer, decided from a snapshot that is still the current one.

        Raises:
            Invalid: a fact has no such name or another type.
            AtOutOfReach: this caller may not ask for that instant.
            SnapshotMoved: the view changed each time.
        """
        question = self._question(asked, met, tuple(asked.offers), tuple(asked.products))
        decided, ground = self._from_current(met, asked.at, caller, partial(answer, question))
        _count(decided)
        return decided, ground

    def quote(
        self, asked: QuoteAsked, met: Met, caller: Caller, offers: tuple[str, ...] = ()
    ) -> tuple[QuoteAnswer, Ground]:
        """The basket priced from a snapshot that is still the current one. Raises as `decide`.

        With `offers` the household's promises on other offers stay closed.
        """
        question = self._question(asked, met, offers)
        return self._from_current(met, asked.at, caller, partial(quote, question, asked.ordered))

    def _question(
        self, asked: DecisionAsked | QuoteAsked, met: Met, offers: tuple[str, ...] = (), products: tuple[str, ...] = ()
    ) -> Question:
        known = self._live.snapshot.catalogue.attributes
        if asked.facts and (errors := check_facts(asked.facts, registry=known)):
            raise Invalid(errors=errors)
        whom = met.question
        return Question(whom.household, whom.party, whom.line, whom.code, offers, products, asked.facts)

    def _from_current(
        self, met: Met, at: datetime | None, caller: Caller, decide: Callable[[View, Setting], T]
    ) -> tuple[T, Ground]:
        for _ in range(TRIES):
            ground = self.ground(met)
            decided = decide(ground.view, self.setting(ground, at, caller))
            if self.current(ground):
                return decided, ground
        raise SnapshotMoved

    def ground(self, met: Met) -> Ground:
        """The current snapshot, what was fetched laid over it, and the customer's household."""
        snapshot, now = self._live.snapshot, self._clock.now()
        catalogue, position = met.fetched.over(snapshot)
        household = self._customers.household(met.household, met.fetched) if met.household is not None else None
        known = None if household is None else household.view
        view = View(catalogue, position.epoch, position.revision, known)
        return Ground(snapshot, snapshot.freshness(now), now, view, household)

    def current(self, ground: Ground) -> bool:
        """Whether the snapshot is still the one to answer from, just before the answer is written (§5).

        Today nothing awaits in between; the lease of R11 is judged here too.
        """
        return self._live.snapshot is ground.snapshot

    def setting(self, ground: Ground, at: datetime | None, caller: Caller) -> Setting:
        """The instant of the answer: now, or the caller's `at`.

        Raises:
            AtOutOfReach: it is more than 2 s away and the caller has no role for that.
        """
        fresh = ground.freshness.state
        if at is None:
            return setting_at(self.channel, ground.present, freshness=fresh)
        near = abs(at - ground.now) <= REACH
        if not near and not caller.has(*MAY_ASK_ANY_INSTANT):
            raise AtOutOfReach(errors=[FieldError("/at", "It is more than 2 seconds from now.")])
        return setting_at(self.channel, at, freshness=fresh, hypothetical=not near)


def _count(decided: Answer) -> None:
    for item in decided.items:
        _COUNTS[item.verdict].inc()


_COUNTS: Final = {verdict: metrics.decisions.labels(verdict.value) for verdict in Verdict}
