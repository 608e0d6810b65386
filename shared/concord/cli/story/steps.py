"""What a scene is told in: steps, each with what was asked, what was answered, and what it proves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from concord.cli.comparison import Heard


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that must be so, and whether it is."""

    sentence: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange with the running services."""

    asked: str
    answered: str
    claims: tuple[Claim, ...]
    heard: Sequence[Heard] = field(default=())

    @property
    def holds(self) -> bool:
        return all(claim.holds for claim in self.claims)

    def document(self) -> dict[str, Any]:
        claims = [{"sentence": claim.sentence, "holds": claim.holds} for claim in self.claims]
        return {"asked": self.asked, "answered": self.answered, "claims": claims}


def step(asked: str, answered: str, *claims: tuple[str, bool], heard: Sequence[Heard] = ()) -> Step:
    """A step whose claims are pairs of a sentence and whether it holds."""
    return Step(asked, answered, tuple(Claim(sentence, holds) for sentence, holds in claims), heard)
