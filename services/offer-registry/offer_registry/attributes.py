"""Attributes that authors declare beside the built-in ones: what criteria and facts may name (api §2).

A declared attribute stays: its kind never changes and it is never deleted, so terms that were saved keep their meaning
and a name that was once known need not be asked for again. Its texts may change; versions keep those of their submit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
from asyncpg import Record

from concord.clock import Clock
from concord.decision.attributes import BUILT_IN, OPEN, Attribute, Kind
from concord.decision.terms import Terms
from concord.errors import FieldError, Invalid
from concord.eventlog.outbox import Connection
from concord.storage import postgres
from offer_registry import vocabulary
from offer_registry.declarations import Check, Declaration, Statements, declare
from offer_registry.errors import AttributeBuiltIn, AttributeKindFixed, AttributeUnknown
from offer_registry.store import Q
from offer_registry.vocabulary import AttributeRegistry

STATEMENTS: Final = Statements(Q.lock_attribute, Q.declare_attribute)


@dataclass(frozen=True, slots=True)
class Registered:
    """An attribute of the registry; a built-in one nobody declared."""

    attribute: Attribute
    declaration: Declaration | None = None


@dataclass(frozen=True, slots=True)
class Attributes:
    """The verbs of the attribute registry."""

    pool: asyncpg.Pool
    clock: Clock

    async def read(self, name: str) -> Registered:
        """The attribute of that name. Raises AttributeUnknown."""
        if name in BUILT_IN:
            return Registered(BUILT_IN[name])
        async with postgres.connection(self.pool) as connection:
            row = await connection.fetchrow(Q.fetch_attribute, name)
        if row is None:
            raise AttributeUnknown
        return _registered(row)

    async def page(self, after: str, limit: int) -> list[Registered]:
        """Attributes by name, after a name."""
        async with postgres.connection(self.pool) as connection:
            rows = await connection.fetch(Q.list_attributes, after, limit)
        found = {each.attribute.name: each for each in map(_registered, rows)}
        found |= {name: Registered(attribute) for name, attribute in BUILT_IN.items() if name > after}
        return [found[name] for name in sorted(found)][:limit]

    async def declare(self, wanted: Attribute, by: str, check: Check) -> tuple[Registered, bool]:
        """The attribute declared, or its texts changed, and whether it is new; said again, it stays as it is.

        Raises:
            AttributeBuiltIn, AttributeKindFixed: it cannot be changed so.
            Invalid: its name is in no namespace where authors declare.
        """
        if wanted.name in BUILT_IN:
            raise AttributeBuiltIn
        check_namespace(wanted.name)
        async with postgres.transaction(self.pool) as connection:
            values = (*_texts(wanted), by, self.clock.now(), wanted.kind)
            row, new = await declare(connection, STATEMENTS, wanted.name, values, check)
            if _attribute(row) != wanted:
                if row["kind"] != wanted.kind:
                    raise AttributeKindFixed(f"{wanted.name} is of kind {row['kind']}, which never changes.")
                check(row["row_version"])
                changed = (wanted.name, *_texts(wanted), by, self.clock.now())
                (row,) = await connection.fetch(Q.change_attribute, *changed)
        return _registered(row), new


def check_namespace(name: str) -> None:
    """Raises Invalid for a name where authors declare nothing."""
    if not name.startswith(OPEN):
        detail = f"declare it under one of {' '.join(OPEN)}; the others belong to the kernel"
        raise Invalid(errors=[FieldError("/path/name", detail, "namespace_closed")])


async def registry(connection: Connection) -> AttributeRegistry:
    """Every attribute there is."""
    declared = map(_attribute, await connection.fetch(Q.declared_attributes))
    return {**{attribute.name: attribute for attribute in declared}, **BUILT_IN}


async def registry_for(connection: Connection, terms: Terms) -> AttributeRegistry:
    """Every attribute there is, or the built-in ones when the terms need no others."""
    return await registry(connection) if vocabulary.not_built_in(terms) else BUILT_IN


def _texts(attribute: Attribute) -> Sequence[str]:
    return attribute.noun, attribute.question, attribute.adjective


def _attribute(row: Record) -> Attribute:
    return Attribute(row["name"], Kind(row["kind"]), row["noun"], row["question"], row["adjective"])


def _registered(row: Record) -> Registered:
    return Registered(_attribute(row), Declaration.of(row))
