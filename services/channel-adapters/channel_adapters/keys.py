"""The issuer's public keys, kept on disk: a channel that restarts while the issuer is away still knows its people."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from concord.signin import jwks

Fetch = Callable[[str], Awaitable[bytes]]


def kept(path: Path, fetch: Fetch = jwks.fetch) -> Fetch:
    """A fetch that keeps the last good answer in a file and gives it when the issuer does not answer."""

    async def fetch_or_remember(url: str) -> bytes:
        try:
            raw = await fetch(url)
        except (httpx.HTTPError, OSError) as error:
            try:
                return await asyncio.to_thread(path.read_bytes)
            except FileNotFoundError:
                raise error from None
        await asyncio.to_thread(_keep, path, raw)
        return raw

    return fetch_or_remember


def _keep(path: Path, raw: bytes) -> None:
    """Whole or not at all: four channels share the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(f".{id(raw):x}")
    made.write_bytes(raw)
    made.replace(path)
