"""An example made smaller, step by step, as long as it stays one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from concord.decision.quoting.basket import Basket, BasketLine
from offer_registry.counterexample.sides import Example

STEPS_MOST: Final = 500  # smaller examples that are tried


def smallest(example: Example, still: Callable[[Example], bool]) -> Example:
    """The smallest example that can be reached, `still` being whether one serves."""
    left = STEPS_MOST
    while left > 0:
        for smaller in _smaller(example):
            left -= 1
            if left < 0:
                return example
            if still(smaller):
                example = smaller
                break
        else:
            return example
    return example


def _smaller(example: Example) -> Iterator[Example]:
    """With something less: a fact, a code, a line, the delivery, units, a category."""
    for name in sorted(example.facts):
        yield replace(example, facts={known: value for known, value in example.facts.items() if known != name})
    if example.codes:
        yield replace(example, codes=())
    yield from (replace(example, basket=basket) for basket in _smaller_baskets(example.basket))


def _smaller_baskets(basket: Basket) -> Iterator[Basket]:
    lines = basket.lines
    if basket.delivery is not None:
        yield basket.model_copy(update={"delivery": None})
    for place, line in enumerate(lines):
        if len(lines) > 1:
            yield basket.model_copy(update={"lines": [*lines[:place], *lines[place + 1 :]]})
        for less in _less(line):
            yield basket.model_copy(update={"lines": [*lines[:place], less, *lines[place + 1 :]]})


def _less(line: BasketLine) -> Iterator[BasketLine]:
    """Fewer units, by halves and by one, and without a category."""
    for quantity in sorted({1, line.quantity // 2, line.quantity - 1}):
        if 0 < quantity < line.quantity:
            yield line.model_copy(update={"quantity": quantity})
    for category in line.categories:
        yield line.model_copy(update={"categories": [each for each in line.categories if each != category]})
