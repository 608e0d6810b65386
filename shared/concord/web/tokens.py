"""View tokens: `Concord-View` and `Concord-Age` out, `Concord-At-Least` in (api §1, protocol R20).

A token is opaque to callers. Anybody can invent one, so nothing but waiting may follow from it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from concord.web.errors import LostWrite, NotUpToBound, TokenMalformed

__all__ = ["AtLeast", "CatalogueToken", "HouseholdToken", "LostWrite", "NotUpToBound", "TokenMalformed", "ViewToken"]

VIEW: Final = "Concord-View"
AGE: Final = "Concord-Age"
AT_LEAST: Final = "Concord-At-Least"
LONGEST: Final = 8_192  # characters of the header
MOST: Final = 50  # tokens in it
NUMBER: Final = r"(0|[1-9]\d{0,17})"  # below 10¹⁸, so that it fits into 64 bits
CATALOGUE: Final = re.compile(rf"v1\.{NUMBER}\.{NUMBER}", re.ASCII)
HOUSEHOLD: Final = re.compile(rf"h1\.{NUMBER}\.(hh_[0-9a-z]{{1,40}})\.{NUMBER}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class CatalogueToken:
    """A revision of the offers log."""

    epoch: int
    revision: int

    def __str__(self) -> str:
        return f"v1.{self.epoch}.{self.revision}"


@dataclass(frozen=True, slots=True)
class HouseholdToken:
    """A version of one household with its promises."""

    epoch: int
    household: str
    version: int

    def __str__(self) -> str:
        return f"h1.{self.epoch}.{self.household}.{self.version}"


ViewToken = CatalogueToken | HouseholdToken


@dataclass(frozen=True, slots=True)
class AtLeast:
    """What a request asks the view to have reached.

    Of several tokens of one log the one furthest on is kept. `older` holds tokens of epochs before that: what they
    prove may have been lost in a restore, and a newer epoch's token does not say otherwise (R20).
    """

    catalogue: CatalogueToken | None = None
    households: Mapping[str, HouseholdToken] = field(default_factory=dict)
    older: tuple[ViewToken, ...] = ()

    def __bool__(self) -> bool:
        return self.catalogue is not None or bool(self.households)


NOTHING: Final = AtLeast()


def parse(text: str) -> ViewToken:
    """A token as `Concord-View` gives it. Raises TokenMalformed."""
    if match := CATALOGUE.fullmatch(text):
        return CatalogueToken(int(match[1]), int(match[2]))
    if match := HOUSEHOLD.fullmatch(text):
        return HouseholdToken(int(match[1]), match[2], int(match[3]))
    raise TokenMalformed


def parse_at_least(header: str | None) -> AtLeast:
    """What `Concord-At-Least` asks for; nothing when it is absent or empty. Raises TokenMalformed."""
    if not header:
        return NOTHING
    parts = [part.strip() for part in header.split(",")] if len(header) <= LONGEST else []
    if not 0 < len(parts) <= MOST:
        raise TokenMalformed(f"The header holds more than {MOST} tokens or {LONGEST} characters.")
    return _at_least([parse(part) for part in parts])


def _at_least(tokens: Iterable[ViewToken]) -> AtLeast:
    newest: dict[str | None, ViewToken] = {}
    older: list[ViewToken] = []
    for token in tokens:
        log = token.household if isinstance(token, HouseholdToken) else None
        other = newest.get(log)
        if other is not None and other.epoch != token.epoch:
            older.append(min(other, token, key=_position))
        newest[log] = token if other is None else max(other, token, key=_position)
    catalogue = newest.pop(None, None)
    return AtLeast(
        catalogue if isinstance(catalogue, CatalogueToken) else None,
        {token.household: token for token in newest.values() if isinstance(token, HouseholdToken)},
        tuple(older),
    )


def _position(token: ViewToken) -> tuple[int, int]:
    return token.epoch, token.version if isinstance(token, HouseholdToken) else token.revision


def format_view(tokens: Iterable[ViewToken]) -> str:
    """The value of `Concord-View`."""
    return ", ".join(map(str, tokens))


def set_view(response: Response, tokens: Iterable[ViewToken], age_ms: int) -> None:
    """Write `Concord-View` and `Concord-Age` (ms, 0 at an authority)."""
    response.headers[VIEW] = format_view(tokens)
    response.headers[AGE] = str(max(0, age_ms))
