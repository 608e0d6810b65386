"""`/openapi.json`, and `/docs`: every route with its roles on one page without scripts, complete offline."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

import orjson
from fastapi import FastAPI

from concord.web import openapi

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}h2{margin-top:2rem;font-size:1.1rem}"
    "pre{overflow:auto;background:#f4f4f4;padding:.75rem}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}pre{background:#1c1c1c}a{color:#9bf}}"
)


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = openapi.document(app)
    return app.openapi_schema


def json_bytes(app: FastAPI) -> bytes:
    """The OpenAPI document, made once."""
    return orjson.dumps(_described(app))


def page(app: FastAPI) -> str:
    """The routes as HTML."""
    made = _described(app)
    body = "".join(_operations(made))
    title = escape(app.title)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title>"
        f"<style>{STYLE}</style><h1>{title}</h1><p>{escape(app.description)}</p>"
        f'<p><a href="/openapi.json">OpenAPI document</a></p>{body}{_schemas(made)}</html>'
    )


def _operations(made: dict[str, Any]) -> Iterator[str]:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            said = escape(operation.get("description") or operation.get("summary", ""))
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{said}</p>{_body(operation)}"


def _body(operation: dict[str, Any]) -> str:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        reference = content.get("schema", {}).get("$ref", "")
        if reference:
            name = escape(reference.rsplit("/", 1)[-1])
            return f'<p>Body: <a href="#{name}"><code>{name}</code></a></p>'
    return ""


def _schemas(made: dict[str, Any]) -> str:
    parts = []
    for name, schema in sorted(made["components"]["schemas"].items()):
        text = escape(orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode())
        parts.append(
            f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{text}</pre></details>'
        )
    return f"<h2>Schemas</h2>{''.join(parts)}"
