"""Commit→visible as the channels themselves count it: the histogram they serve at /metrics, without HTTP in between."""

import re
from typing import Final

from concord.cli.client import CHANNELS

from . import load
from .stack import Site

BUCKET: Final = re.compile(r'^concord_propagation_seconds_bucket\{.*?le="([^"]+)".*?\} ([0-9.e+]+)$', re.MULTILINE)

Counts = dict[float, float]  # upper bound in seconds → observations up to it


async def read(site: Site) -> dict[str, Counts]:
    """By channel."""
    found = {}
    for channel in CHANNELS:
        async with load.connected(site.port(channel)) as connection:
            answer = await connection.ask(load.request("GET", "/metrics"))
        found[channel] = {float(bound): float(number) for bound, number in BUCKET.findall(answer.body.decode())}
    return found


def quantile(before: Counts, after: Counts, share: float) -> float:
    """Seconds below which `share` of what was counted meanwhile lies, on a straight line within its bucket."""
    counted = [(bound, after[bound] - before.get(bound, 0.0)) for bound in sorted(after)]
    wanted = share * counted[-1][1]
    low, below = 0.0, 0.0
    for bound, number in counted:
        if number >= wanted and number > below:
            return low + (min(bound, 60.0) - low) * (wanted - below) / (number - below)
        low, below = bound, number
    return low


def worst(before: dict[str, Counts], after: dict[str, Counts], share: float) -> float:
    """The quantile of the channel whose quantile is the largest."""
    return max(quantile(before[channel], after[channel], share) for channel in CHANNELS)
