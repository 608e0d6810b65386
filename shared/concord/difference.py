"""What changed between two JSON documents, by JSON Pointer (RFC 6901).

A `removed` pointer leads to its place in the document before, an `added` one to its place in the document after, a
`changed` one to the same place in both. A list whose order means nothing is one change, however long it is: its pointer
leads to the list, `before` has the members that only the list before has, `after` those that only the list after has.
In every other change at least one of the two is no list.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal

Op = Literal["added", "removed", "changed"]
Unordered = Callable[[Mapping[str, Any], str], bool]
"""Whether the list that an object has under a name is a set."""

OTHER_WAY: Mapping[Op, Op] = {"added": "removed", "removed": "added", "changed": "changed"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `before` is None when something was added, `after` when it was removed."""

    op: Op
    pointer: str
    before: Any
    after: Any

    def reversed(self) -> "Change":
        """The same difference, seen from the other document."""
        return replace(self, op=OTHER_WAY[self.op], before=self.after, after=self.before)

    @property
    def of_members(self) -> bool:
        """Whether members of a set came and went."""
        return isinstance(self.before, list) and isinstance(self.after, list)


def _never(_: Mapping[str, Any], __: str) -> bool:
    return False


def difference(before: Any, after: Any, unordered: Unordered = _never) -> list[Change]:
    """Everything that changed, in the order of names and places; nothing for equal documents.

    A list that `unordered` names is compared as a set where both lists hold distinct scalars.
    """
    return list(_Comparison(unordered).values(before, after, ""))


@dataclass(frozen=True, slots=True)
class _Comparison:
    unordered: Unordered

    def values(self, before: Any, after: Any, at: str) -> Iterator[Change]:
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self._objects(before, after, at)
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._lists(before, after, at)
        elif not _same(before, after):
            yield Change("changed", at, before, after)

    def _objects(self, before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[Change]:
        for name in sorted({*before, *after}):
            below = f"{at}/{escaped(name)}"
            if name not in before:
                yield Change("added", below, None, after[name])
            elif name not in after:
                yield Change("removed", below, before[name], None)
            elif sets := self._sets(before, after, name):
                yield from _members(*sets, below)
            else:
                yield from self.values(before[name], after[name], below)

    def _lists(self, before: Sequence[Any], after: Sequence[Any], at: str) -> Iterator[Change]:
        """Ends that are alike are left out, so that an item put in front is one change."""
        start, rest = self._alike_ends(before, after)
        both = min(len(before), len(after)) - rest
        for place in range(start, both):
            yield from self.values(before[place], after[place], f"{at}/{place}")
        for place in range(both, len(before) - rest):
            yield Change("removed", f"{at}/{place}", before[place], None)
        for place in range(both, len(after) - rest):
            yield Change("added", f"{at}/{place}", None, after[place])

    def _alike_ends(self, before: Sequence[Any], after: Sequence[Any]) -> tuple[int, int]:
        """How many items at the start and at the end are alike; of equally long lists each has its own place."""
        shorter = min(len(before), len(after))
        if len(before) == len(after):
            return 0, 0
        start = 0
        while start < shorter and self.alike(before[start], after[start]):
            start += 1
        end = 0
        while end < shorter - start and self.alike(before[-1 - end], after[-1 - end]):
            end += 1
        return start, end

    def alike(self, before: Any, after: Any) -> bool:
        """Whether nothing changed. Apart from `values`, whose look at the ends of lists in lists would grow with 2ⁿ."""
        if isinstance(before, dict) and isinstance(after, dict):
            return before.keys() == after.keys() and all(self._alike_below(before, after, name) for name in before)
        if isinstance(before, list) and isinstance(after, list):
            return len(before) == len(after) and all(map(self.alike, before, after))
        return _same(before, after)

    def _alike_below(self, before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
        if sets := self._sets(before, after, name):
            return sets[0].keys() == sets[1].keys()
        return self.alike(before[name], after[name])

    def _sets(
        self, before: Mapping[str, Any], after: Mapping[str, Any], name: str
    ) -> tuple[Mapping[Any, Any], Mapping[Any, Any]] | None:
        """The two lists as sets, if they are sets: members by what tells them apart."""
        if not (isinstance(before[name], list) and isinstance(after[name], list)):
            return None
        if not (self.unordered(before, name) and self.unordered(after, name)):
            return None
        old, new = _set(before[name]), _set(after[name])
        return None if old is None or new is None else (old, new)


def _members(before: Mapping[Any, Any], after: Mapping[Any, Any], at: str) -> Iterator[Change]:
    gone = [member for key, member in before.items() if key not in after]
    come = [member for key, member in after.items() if key not in before]
    if gone or come:
        yield Change("changed" if gone and come else "removed" if gone else "added", at, gone, come)


def _set(values: Sequence[Any]) -> Mapping[Any, Any] | None:
    """Distinct scalars by what tells them apart; None when they are something else."""
    if any(isinstance(value, dict | list) for value in values):
        return None
    members = {_identity(value): value for value in values}
    return members if len(members) == len(values) else None


def _identity(value: Any) -> tuple[bool, Any]:
    """Python takes True for 1; JSON does not."""
    return isinstance(value, bool), value


def _same(before: Any, after: Any) -> bool:
    return _identity(before) == _identity(after)


def applied(before: Any, changes: Sequence[Change]) -> Any:
    """The document after, out of the one before and `difference` of the two; sets may come in another order."""
    holder = {"": deepcopy(before)}
    # Backwards, so that an item's place is still its own when it is taken out.
    for change in reversed([change for change in changes if change.op == "removed" and not change.of_members]):
        at, name = _parent(holder, change.pointer)
        del at[name]
    for change in changes:
        if change.op != "removed" or change.of_members:
            _put(*_parent(holder, change.pointer), change)
    return holder[""]


def _put(at: Any, name: Any, change: Change) -> None:
    if change.of_members:
        gone = {_identity(member) for member in change.before}
        at[name] = [member for member in at[name] if _identity(member) not in gone] + change.after
    elif change.op == "added" and isinstance(at, list):
        at.insert(name, deepcopy(change.after))
    else:
        at[name] = deepcopy(change.after)


def _parent(holder: Mapping[str, Any], pointer: str) -> tuple[Any, Any]:
    """The object or list that holds what the pointer leads to, and its name or place in there."""
    *above, last = pointer.split("/")
    node: Any = holder
    for token in above:
        node = node[_name(node, token)]
    return node, _name(node, last)


def _name(node: Any, token: str) -> Any:
    return int(token) if isinstance(node, list) else token.replace("~1", "/").replace("~0", "~")


def escaped(name: str) -> str:
    """A name as a JSON Pointer's token."""
    return name.replace("~", "~0").replace("/", "~1")
