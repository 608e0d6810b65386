"""Budgets: caps that several offers share, as declared (terms §4). Nothing is counted before there are redemptions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

import asyncpg
from asyncpg import Record
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from concord.clock import Clock
from concord.decision.completeness import own_currencies
from concord.decision.limits import CAP_MOST, Calendar, Per
from concord.decision.terms import Terms
from concord.errors import FieldError, Invalid
from concord.eventlog.outbox import Connection
from concord.money import Money
from concord.storage import postgres
from offer_registry import hours, vocabulary
from offer_registry.declarations import Check, Declaration, Statements, declare
from offer_registry.errors import BudgetUnknown
from offer_registry.store import Q

STATEMENTS: Final = Statements(Q.lock_budget, Q.declare_budget)


def _is_none(value: object) -> bool:
    return value is None


class Cap(BaseModel):
    """The most that is given, in units or in money."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: Annotated[int | None, Field(strict=True, ge=1, le=CAP_MOST, exclude_if=_is_none)] = None
    money: Annotated[Money | None, Field(exclude_if=_is_none)] = None

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if (self.units is None) is (self.money is None):
            raise PydanticCustomError("limit_unclear", "a cap has either units or money")
        return self


@dataclass(frozen=True, slots=True)
class Budget:
    """One cap that offers share, whole or in each period."""

    name: str
    cap: Cap
    per: Per | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A budget, and who declared it."""

    budget: Budget
    declaration: Declaration


@dataclass(frozen=True, slots=True)
class Budgets:
    """The verbs of budgets."""

    pool: asyncpg.Pool
    clock: Clock

    async def read(self, name: str) -> Declared:
        """The budget of that name. Raises BudgetUnknown."""
        async with postgres.connection(self.pool) as connection:
            row = await connection.fetchrow(Q.fetch_budget, name)
        if row is None:
            raise BudgetUnknown
        return _declared(row)

    async def page(self, after: str, limit: int) -> list[Declared]:
        """Budgets by name, after a name."""
        async with postgres.connection(self.pool) as connection:
            return [_declared(row) for row in await connection.fetch(Q.list_budgets, after, limit)]

    async def declare(self, wanted: Budget, by: str, check: Check) -> tuple[Declared, bool]:
        """The budget declared or changed, and whether it is new; said again, it stays as it is.

        Raises:
            Invalid: its period is of a zone that does not exist.
        """
        if errors := _unfit(wanted):
            raise Invalid(errors=errors)
        async with postgres.transaction(self.pool) as connection:
            values = (*_columns(wanted), by, self.clock.now())
            row, new = await declare(connection, STATEMENTS, wanted.name, values, check)
            if _declared(row).budget != wanted:
                check(row["row_version"])
                (row,) = await connection.fetch(Q.change_budget, wanted.name, *values)
        return _declared(row), new


async def fetch(connection: Connection, names: Collection[str]) -> dict[str, Budget]:
    """Those of the budgets that exist."""
    if not names:
        return {}
    return {row["name"]: _declared(row).budget for row in await connection.fetch(Q.fetch_budgets, list(names))}


def broken(terms: Terms, known: Mapping[str, Budget]) -> Iterator[FieldError]:
    """Budgets that do not exist, or count money in which the offer is not made; pointers are below the terms."""
    own = own_currencies(terms)
    for pointer, name in vocabulary.budgets(terms).items():
        budget = known.get(name)
        if budget is None:
            yield FieldError(pointer, f"There is no budget {name}; declare it first.", "budget_unknown")
        elif own and budget.cap.money is not None and budget.cap.money.currency not in own:
            detail = f"The budget {name} counts {budget.cap.money.currency}, which this offer never gives."
            yield FieldError(pointer, detail, "currency_differs")


def _unfit(budget: Budget) -> list[FieldError]:
    return list(hours.check_zone(budget.per.zone, "/per/zone")) if isinstance(budget.per, Calendar) else []


_PER: TypeAdapter[Per | None] = TypeAdapter(Per | None)


def _columns(budget: Budget) -> tuple[Any, Any]:
    per = None if budget.per is None else _PER.dump_python(budget.per, mode="json")
    return budget.cap.model_dump(mode="json"), per


def _declared(row: Record) -> Declared:
    budget = Budget(row["name"], Cap.model_validate(row["cap"]), _PER.validate_python(row["per"]))
    return Declared(budget, Declaration.of(row))
