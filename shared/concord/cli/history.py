"""`concord offer history` and `diff`: what people did to an offer, and what its terms said before."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
import typer

from concord.cli import authoring, session
from concord.cli.client import Concord
from concord.cli.naming import Offer
from concord.cli.screen import Screen

LONGEST: Final = 60  # characters of a value
MEMBERS: Final = 3  # of a set that are told
ABSENT: Final = "–"


def diff(
    context: typer.Context,
    offer: Offer,
    version: Annotated[int | None, typer.Argument(metavar="N", help="The newest.", show_default=False)] = None,
    *,
    against: Annotated[
        int | None, typer.Option(metavar="M", help="The version to start from; the one before.", show_default=False)
    ] = None,
    json: session.Json = False,
) -> None:
    """Show what changed in the terms from one version to another."""
    current = session.of(context, json=json)

    async def read(concord: Concord) -> dict[str, Any]:
        number = version or (await authoring.read(concord, offer))["version"]
        query = f"?against={against}" if against is not None else ""
        path = f"/v1/offers/{offer}/versions/{number}/diff{query}"
        return dict((await concord.call("registry", "GET", path, person=authoring.AUTHOR)).body)

    found = current.run(read)
    if current.screen.json:
        current.screen.document(found)
    else:
        _show_difference(current.screen, found)


def _show_difference(screen: Screen, found: Mapping[str, Any]) -> None:
    changes = found["changes"]
    told = "no changes" if not changes else "1 change" if len(changes) == 1 else f"{len(changes):,} changes"
    screen.title(f"{found['key']}, version {found['from']} → {found['to']}: {told}")
    if changes:
        screen.rows(["where", "before", "after"], [_row(change) for change in changes])


def _row(change: Mapping[str, Any]) -> list[str]:
    before, after = change["before"], change["after"]
    if isinstance(before, list) and isinstance(after, list):  # members of a set that went and came
        return [change["pointer"], _members("−", before), _members("+", after)]
    return [
        change["pointer"],
        ABSENT if change["op"] == "added" else _value(before),
        ABSENT if change["op"] == "removed" else _value(after),
    ]


def _members(sign: str, members: list[Any]) -> str:
    told = ", ".join(_value(member) for member in members[:MEMBERS])
    more = f" and {len(members) - MEMBERS:,} more" if len(members) > MEMBERS else ""
    return f"{sign} {told}{more}" if members else ""


def _value(value: Any) -> str:
    text = value if isinstance(value, str) and value.isprintable() else orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def history(context: typer.Context, offer: Offer, *, json: session.Json = False) -> None:
    """Show who did what to an offer, when and why, newest first."""
    current = session.of(context, json=json)

    async def read(concord: Concord) -> list[dict[str, Any]]:
        return [item async for item in authoring.paged(concord, f"/v1/offers/{offer}/history")]

    items = current.run(read)
    if current.screen.json:
        current.screen.document({"items": items, "next": None})
        return
    rows = [
        [_instant(each["at"]), str(each["version"]), _verb(each), each["by"], each["after"][:8], _why(each)]
        for each in items
    ]
    current.screen.rows(["at", "version", "what", "by", "terms", "why"], rows)


def _instant(at: str) -> str:
    """`2026-06-01 08:00:00`, UTC."""
    return at[:19].replace("T", " ")


def _verb(entry: Mapping[str, Any]) -> str:
    return str(entry["verb"]).replace("_", " ")


def _why(entry: Mapping[str, Any]) -> str:
    """The reason given; else what an edit changed, or the job that it belongs to."""
    if entry["reason"]:
        return str(entry["reason"])
    if entry["changes"]:
        pointers = [change["pointer"] for change in entry["changes"]]
        more = f" and {len(pointers) - MEMBERS} more" if len(pointers) > MEMBERS else ""
        return ", ".join(pointers[:MEMBERS]) + more
    return entry["job"] or ABSENT
