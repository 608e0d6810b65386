"""What the shell offers after Tab: names known here, and offers asked of the registry, which has 300 ms (pages §8)."""

import json
import os
import time
import urllib.request
from typing import Any

from concord import ports
from concord.signin.people import PEOPLE

PATIENCE = 0.3  # seconds in all
MOST = 50


def people(incomplete: str) -> list[str]:
    """The story's people."""
    return [name for name in PEOPLE if name.startswith(incomplete)]


def offers(incomplete: str) -> list[str]:
    """Keys of offers; none when the registry does not say in time."""
    base = int(os.environ.get("CONCORD_PORT_BASE") or ports.BASE)
    until = time.monotonic() + PATIENCE
    try:
        token = _ask(f"{ports.url('issuer', base)}/v1/tokens", until, body={"person": "operator"})["access_token"]
        listed = _ask(f"{ports.url('registry', base)}/v1/offers?limit={MOST}&q={incomplete}", until, token=token)
    except (OSError, ValueError, KeyError):
        return []
    return [item["key"] for item in listed["items"] if item["key"].startswith(incomplete)]


def _ask(url: str, until: float, *, token: str = "", body: dict[str, str] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    asked = urllib.request.Request(url, data, headers)  # noqa: S310  our own address, http
    with urllib.request.urlopen(asked, timeout=max(until - time.monotonic(), 0.01)) as answer:  # noqa: S310  as above
        return json.load(answer)
