"""What `concord replay completejourney` does: all baskets in this process, or a sample of them in all channels."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from concord.cli.bars import Bars
from concord.cli.client import Concord
from concord.cli.completejourney import authorities, baskets, page
from concord.cli.completejourney.channels import Asking, Compared
from concord.cli.completejourney.figures import Figures, figures
from concord.cli.completejourney.frames import Frames
from concord.cli.completejourney.replaying import Ledger, replay
from concord.cli.completejourney.standing import standing

EACH = 500  # baskets between two movements of the bar


@dataclass(frozen=True, slots=True)
class Replayed:
    """All baskets in one process: the figures, and the seconds that quoting took, without reading the data."""

    shift: int
    seconds: float
    figures: Figures


def in_process(frames: Frames, shift: int, shown: Bars, seconds: Callable[[], float]) -> Replayed:
    """Quote every basket; `seconds` is a clock that only goes on."""
    stand, every = standing(frames, shift), list(baskets.visits(frames, shift))
    ledger, bar, began = Ledger(), shown.bar("Baskets", len(every)), seconds()
    for number, _ in enumerate(replay(every, stand, ledger), start=1):
        if number % EACH == 0:
            bar.advance(EACH)
    bar.advance(len(every) % EACH)
    return Replayed(shift, seconds() - began, figures(frames, ledger, shift))


def write(replayed: Replayed, to: Path) -> list[Path]:
    """The report, with its pictures; gives the files."""
    return page.write(replayed.figures, to)


@dataclass(slots=True)
class Count:
    """How many of the sample are the same in all channels, and as the kernel says."""

    asked: int = 0
    reached: int = 0  # with an offer that applies or a promise in the answer
    everywhere: int = 0
    kernel: int = 0
    different: list[int] = field(default_factory=list)  # baskets

    @property
    def whole(self) -> bool:
        return not self.different

    def enter(self, compared: Compared) -> None:
        """Count one basket."""
        self.asked += 1
        self.reached += compared.reached
        self.everywhere += compared.same_everywhere
        self.kernel += compared.same_as_kernel
        if not (compared.same_everywhere and compared.same_as_kernel):
            self.different.append(compared.visit.basket)


async def in_channels(concord: Concord, frames: Frames, shift: int, chosen: tuple[int, int], shown: Bars) -> Count:
    """Ask for a sample, `chosen` as number and seed, in all channels.

    The promises are those of the authorities: an import makes them at its own instant, so they stand from then on.

    Raises:
        CommandError: the data was not imported, or a service does not answer.
    """
    visits = baskets.sample(list(baskets.visits(frames, shift)), *chosen)
    asking, count = Asking(concord, await authorities.offers(concord)), Count()
    bar = shown.bar("Baskets", len(visits))
    async for compared in asking.compare(visits):
        count.enter(compared)
        bar.advance(1)
    return count
