"""Which certificates an HTTP client believes: reading the authorities' takes 50 ms of CPU, for each client anew."""

import ssl
from functools import cache

import httpx


def trust(url: str) -> ssl.SSLContext:
    """For `httpx.AsyncClient(verify=…)`: the usual authorities for https; for http nobody, so that TLS would fail."""
    return _everybody() if url.startswith("https:") else _nobody()


@cache
def _everybody() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
