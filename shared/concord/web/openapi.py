"""The OpenAPI document: each route states its roles, and every refusal is a problem (api §1)."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from concord.web import dialects, problems
from concord.web.dialects import Dialect
from concord.web.routing import Route

OPEN: Final = frozenset({"/healthz/live", "/healthz/ready", "/metrics", "/openapi.json", "/docs"})
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail", "instance", "reason", "next"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "reason": {"type": "string", "description": "Stable, snake_case."},
        "next": {"type": "string", "description": "What to do."},
        "say_this": {"type": "string", "description": "What staff may say to the customer."},
        "trace_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer into the body, or /query/…, /path/…"},
                    "detail": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}


def roles_of(context: RouteContext) -> frozenset[str]:
    """The roles of which a caller needs one; empty for a route without `require`."""
    route = context.original_route
    found = (route.requirements or ()) if isinstance(route, Route) else ()
    return frozenset(role for requirement in found for role in requirement.roles)


def routes(app: FastAPI) -> list[RouteContext]:
    """Every route of the application, those of included routers too."""
    return list(iter_route_contexts(app.routes))


def unprotected_routes(app: FastAPI) -> list[str]:
    """Paths of routes that ask for no role; health, metrics and docs left out."""
    return sorted(
        {context.path or "?" for context in routes(app) if context.path not in OPEN and not roles_of(context)}
    )


def document(app: FastAPI) -> dict[str, Any]:
    """The document FastAPI makes, with roles, the bearer scheme and the problem answers."""
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    schemas.update({dialect.name: dialect.schema for dialect in app.state.dialects})
    for leftover in ("HTTPValidationError", "ValidationError"):
        schemas.pop(leftover, None)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for context in routes(app):
        for method in context.methods or ():
            operation = made["paths"].get(context.path_format, {}).get(method.lower())
            if operation is not None:
                dialect = dialects.spoken_at(context.path_format or "", app.state.dialects)
                _state(operation, roles_of(context), dialect)
    return made


def _state(operation: dict[str, Any], roles: frozenset[str], dialect: Dialect | None) -> None:
    answers = operation.setdefault("responses", {})
    answers.pop("422", None)
    media_type, name = (dialect.media_type, dialect.name) if dialect else (problems.MEDIA_TYPE, "Problem")
    answers["default"] = {
        "description": "A problem",
        "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }
    operation["x-roles"] = sorted(roles)
    if roles:
        operation["security"] = [{"bearer": []}]
        said = f"Roles: {', '.join(sorted(roles))}."
        operation["description"] = f"{operation.get('description', '')}\n\n{said}".strip()
