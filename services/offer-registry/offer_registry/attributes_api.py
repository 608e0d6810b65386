"""Routes of the attribute registry (api §2)."""

from typing import Annotated, Final, Self

from fastapi import Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from concord.decision.attributes import Attribute, Kind
from concord.decision.criteria import AttributeName
from concord.decision.scalars import LINE_PATTERN
from concord.web.auth import Caller, require
from concord.web.etag import set_etag
from concord.web.pagination import Listing, Page, cursor, set_link, split
from concord.web.routing import Router
from offer_registry import examples
from offer_registry.attributes import Registered
from offer_registry.edge import IF_MATCH, READING, Parts, name_after, set_current, unless_changed
from offer_registry.schemas import When

router = Router(tags=["attributes"])
Author = Annotated[Caller, require("offer_author")]
Name = Annotated[AttributeName, Path(description="Dotted, its namespace first.")]
TEXT_LENGTH: Final = 120  # characters
Text = Annotated[str, Field(pattern=LINE_PATTERN, max_length=TEXT_LENGTH)]


class DeclaredAttribute(BaseModel):
    """An attribute's type, and how staff speak of it. An adjective goes with a bool."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [examples.DECLARED]})

    kind: Kind
    noun: Annotated[Text, Field(description="As in: This offer needs {noun} to be at least 12.")]
    question: Annotated[Text, Field(description="As in: We do not know {question}.")]
    adjective: Annotated[Text | None, Field(description="As in: This offer needs {noun} not to be {adjective}.")] = None

    @model_validator(mode="after")
    def _of_a_bool(self) -> Self:
        if self.adjective is not None and self.kind is not Kind.BOOL:
            raise PydanticCustomError("adjective_unfit", "an adjective goes with the kind bool")
        return self

    def attribute(self, name: str) -> Attribute:
        return Attribute(name, self.kind, self.noun, self.question, self.adjective or "")


class AttributeDocument(BaseModel):
    """An attribute of the registry; what is built in was declared by nobody."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [examples.ATTRIBUTE]})

    name: str
    kind: Kind
    noun: str
    question: str
    adjective: str | None
    built_in: bool
    declared_by: str | None = None
    declared_at: When | None = None
    changed_by: str | None = None
    changed_at: When | None = None

    @classmethod
    def of(cls, registered: Registered) -> Self:
        attribute, declaration = registered.attribute, registered.declaration
        return cls(
            name=attribute.name,
            kind=attribute.kind,
            noun=attribute.noun,
            question=attribute.question,
            adjective=attribute.adjective or None,
            built_in=declaration is None,
            **({} if declaration is None else declaration.signed()),
        )


@router.get("/v1/attributes", dependencies=READING, summary="List attributes by name")
async def list_attributes(request: Request, response: Response, parts: Parts, page: Page) -> Listing[AttributeDocument]:
    """The built-in ones and those that authors declared."""
    rows = await parts.attributes.page(name_after(page), page.limit + 1)
    shown, more = split(rows, page.limit)
    following = cursor(shown[-1].attribute.name) if more else None
    set_link(request, response, following)
    return Listing(items=[AttributeDocument.of(row) for row in shown], next=following)


@router.get("/v1/attributes/{name}", dependencies=READING, summary="Read an attribute")
async def show_attribute(name: Name, parts: Parts, response: Response) -> AttributeDocument:
    found = await parts.attributes.read(name)
    if found.declaration is not None:
        set_etag(response, found.declaration.row_version)
    return AttributeDocument.of(found)


@router.put(
    "/v1/attributes/{name}",
    summary="Declare an attribute, or change its texts",
    responses={201: {"model": AttributeDocument, "description": "Declared"}},
    openapi_extra=IF_MATCH,
)
async def declare_attribute(
    request: Request, name: Name, body: DeclaredAttribute, caller: Author, parts: Parts, response: Response
) -> AttributeDocument:
    """Under `customer. household. line. channel.`; `basket.` and `line_item.` belong to the kernel.

    To change texts needs `If-Match` with the ETag that was read; a kind never changes. Versions submitted before keep
    the texts they were submitted with.
    """
    wanted = body.attribute(name)
    declared, new = await parts.attributes.declare(wanted, caller.subject, unless_changed(request))
    await set_current(parts, response)
    response.status_code = 201 if new else 200
    if declared.declaration is not None:
        set_etag(response, declared.declaration.row_version)
    return AttributeDocument.of(declared)
