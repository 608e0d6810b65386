"""The attributes that facts may have: the built-in ones, and those the registry told of (api §2).

None is ever deleted and a kind never changes, so what was told once holds for good. The registry is asked for all of
them at once, so that a body full of made-up names costs one question.
"""

from collections.abc import Iterable, Mapping

from concord.decision.attributes import BUILT_IN, OPEN, Attribute
from customer_profile.registry import Registry

ASK = 0.5  # s for the registry's answer


class Attributes:
    """What is known of the attribute registry, in memory."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: Mapping[str, Attribute] = BUILT_IN

    async def learn(self, names: Iterable[str]) -> Mapping[str, Attribute]:
        """All that is known, once the registry was asked if one of the names is not among it.

        Raises:
            NotUpToBound: the registry does not answer in time.
        """
        if any(name.startswith(OPEN) and name not in self._known for name in names):
            told = await self._registry.attributes(ASK)
            self._known = {**self._known, **{attribute.name: attribute for attribute in told}, **BUILT_IN}
        return self._known
