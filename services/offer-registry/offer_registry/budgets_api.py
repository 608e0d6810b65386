"""Routes of budgets (api §2)."""

from typing import Annotated, Self

from fastapi import Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from concord.decision.limits import BudgetName, Per
from concord.web.auth import Caller, require
from concord.web.etag import set_etag
from concord.web.pagination import Listing, Page, cursor, set_link, split
from concord.web.routing import Router
from offer_registry import examples
from offer_registry.budgets import Budget, Cap, Declared
from offer_registry.edge import IF_MATCH, READING, RUN, Parts, name_after, set_current, unless_changed
from offer_registry.schemas import When

router = Router(tags=["budgets"])
Runner = Annotated[Caller, require(*RUN)]
Name = Annotated[BudgetName, Path(description="A slug of its own.")]


class DeclaredBudget(BaseModel):
    """The most that the offers of a budget give together, whole or in each period."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [examples.DECLARED_BUDGET]})

    cap: Cap
    per: Annotated[Per | None, Field(description="A calendar period, of UTC unless a zone is named, or rolling")] = None


class BudgetDocument(BaseModel):
    """A budget as it was declared. What is used of it is known once there are redemptions."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [examples.BUDGET]})

    name: str
    cap: Cap
    per: Per | None
    declared_by: str
    declared_at: When
    changed_by: str
    changed_at: When

    @classmethod
    def of(cls, declared: Declared) -> Self:
        budget = declared.budget
        return cls(name=budget.name, cap=budget.cap, per=budget.per, **declared.declaration.signed())


@router.get("/v1/budgets", dependencies=READING, summary="List budgets by name")
async def list_budgets(request: Request, response: Response, parts: Parts, page: Page) -> Listing[BudgetDocument]:
    rows = await parts.budgets.page(name_after(page), page.limit + 1)
    shown, more = split(rows, page.limit)
    following = cursor(shown[-1].budget.name) if more else None
    set_link(request, response, following)
    return Listing(items=[BudgetDocument.of(row) for row in shown], next=following)


@router.get("/v1/budgets/{name}", dependencies=READING, summary="Read a budget")
async def show_budget(name: Name, parts: Parts, response: Response) -> BudgetDocument:
    found = await parts.budgets.read(name)
    set_etag(response, found.declaration.row_version)
    return BudgetDocument.of(found)


@router.put(
    "/v1/budgets/{name}",
    summary="Declare a budget, or change it",
    responses={201: {"model": BudgetDocument, "description": "Declared"}},
    openapi_extra=IF_MATCH,
)
async def declare_budget(
    request: Request, name: Name, body: DeclaredBudget, caller: Runner, parts: Parts, response: Response
) -> BudgetDocument:
    """To change one needs `If-Match` with the ETag that was read."""
    wanted = Budget(name, body.cap, body.per)
    declared, new = await parts.budgets.declare(wanted, caller.subject, unless_changed(request))
    await set_current(parts, response)
    response.status_code = 201 if new else 200
    set_etag(response, declared.declaration.row_version)
    return BudgetDocument.of(declared)
