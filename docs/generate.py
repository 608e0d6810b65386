"""Write every reference that is built from code, or with --check say which of them is not as the code makes it.

python docs/generate.py            write
python docs/generate.py --check    compare, exit 1 when one differs
"""

import difflib
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

REFERENCE = Path(__file__).parent / "reference"


def asyncapi() -> str:
    from concord.contracts.asyncapi import document

    return _json(document())


def reasons() -> str:
    from concord.decision.reasons import reference

    return reference()


def problems() -> str:
    from concord.web.reference import page

    for package in ("channel_adapters.main", "concord.signin.issuer", "customer_profile.main", "offer_registry.main"):
        importlib.import_module(package)  # each brings its errors
    return page()


def settings() -> str:
    from channel_adapters.settings import AdapterSettings
    from concord.settings import ServiceSettings, reference
    from concord.signin.issuer import IssuerSettings
    from customer_profile.settings import ProfileSettings

    return reference([ServiceSettings, ProfileSettings, AdapterSettings, IssuerSettings])


def metrics() -> str:
    from concord.telemetry.metrics import reference

    return reference()


def activation() -> str:
    from offer_registry.activation import AUTOMATIC, LEAVING, TABLE, Event, Place

    def name(place: Place | None) -> str:
        return "absent" if place is None else "LEAVING" if place == LEAVING else place.state.value

    def by_itself(place: Place | None, event: Event) -> bool:
        return place is not None and AUTOMATIC.get(place) is event

    steps = [
        (name(place), event.value, name(target), by_itself(place, event)) for (place, event), target in TABLE.items()
    ]
    rows = [f"| {place} | {event} | {target} | {'yes' if alone else ''} |" for place, event, target, alone in steps]
    edges = [f"    {'[*]' if place == 'absent' else place} --> {target}: {event}" for place, event, target, _ in steps]
    return "\n".join([ACTIVATION, "```mermaid", "stateDiagram-v2", *edges, "```", "", *COLUMNS, *rows, ""])


ACTIVATION = """# Activation of an offer version

Made from `offer_registry.activation.TABLE`. LEAVING is SUSPENDED with `leaving` set: nothing but time ends it.
A version is shown in LIVE only, and honoured on request in HONOURABLE, LIVE and SUSPENDED (protocol R1).
"""
COLUMNS = ("| from | event | to | by itself |", "|---|---|---|---|")


def registry_openapi() -> str:
    from offer_registry.main import build
    from offer_registry.settings import Settings

    return _served(build(Settings()))


def profile_openapi() -> str:
    from customer_profile.main import build
    from customer_profile.settings import ProfileSettings

    return _served(build(ProfileSettings(lookup_key=SecretStr("made-up"))))


def channel_openapi() -> str:
    from channel_adapters.main import build
    from channel_adapters.settings import AdapterSettings

    return _served(build("web", AdapterSettings(lookup_key=SecretStr("made-up"))))


def _served(app: FastAPI) -> str:
    """What the service has under /openapi.json: with roles and problems, unlike FastAPI's own document."""
    from concord.web.openapi import document

    return _json(document(app))


GENERATED: dict[str, Callable[[], str]] = {
    "asyncapi.json": asyncapi,
    "reasons.md": reasons,
    "problems.md": problems,
    "settings.md": settings,
    "metrics.md": metrics,
    "activation.md": activation,
    "openapi/offer-registry.json": registry_openapi,
    "openapi/customer-profile.json": profile_openapi,
    "openapi/channel-adapters.json": channel_openapi,
}


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def differences() -> Iterator[str]:
    """A diff for each committed file that is not what the code makes."""
    for name, make in GENERATED.items():
        path = REFERENCE / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = make()
        if before != after:
            lines = difflib.unified_diff(
                before.splitlines(),
                after.splitlines(),
                f"{name} as committed",
                f"{name} as the code makes it",
                lineterm="",
                n=1,
            )
            yield "\n".join(list(lines)[:40])


def main() -> int:
    if "--check" in sys.argv:
        found = list(differences())
        print(
            "\n".join([*found, "Run `make docs` and commit what it writes."])
            if found
            else f"{len(GENERATED)} generated references are as the code makes them."
        )
        return 1 if found else 0
    for name, make in GENERATED.items():
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
