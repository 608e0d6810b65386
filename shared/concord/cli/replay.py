"""`concord replay`: baskets that were really bought, quoted again."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from concord.cli import session
from concord.cli.bars import bars
from concord.cli.completejourney.loading import Data, read, shift_of
from concord.cli.errors import DONE, NO, Misused
from concord.cli.session import Session

if TYPE_CHECKING:
    from concord.cli.client import Concord
    from concord.cli.completejourney.runs import Count, Replayed

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Quote baskets that were really bought."
)
SEED = 4
DIFFERENT_SHOWN = 10


@app.callback()
def replay() -> None:
    """Quote baskets that were really bought."""


@app.command()
def completejourney(
    context: typer.Context,
    *,
    channels: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Instead: N of the baskets, in all four channels of a running stack."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="With --channels: which of the baskets.")] = SEED,
    shift: Annotated[
        int | None,
        typer.Option(help="Weeks to add to all dates; 0 keeps them. Default: as `concord import completejourney`."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write the report there, its pictures in ../pictures."),
    ] = None,
    json: session.Json = False,
) -> None:
    """Quote the 155,848 baskets of dunnhumby's "The Complete Journey", each as on the day it was bought.

    All of them in this process, with the offers and the household's promises in force at that instant. With --channels
    some of them over HTTP, and each answer is held against this process's own: exit 0 when all are the same, else 1.
    """
    current = session.of(context, json=json)
    if channels is not None and page is not None:
        raise Misused("The report is about all baskets.", next="Leave --channels or --page out.")
    data = read()
    if channels is None:
        _in_process(current, data, shift, page)
        return
    count = current.run(lambda concord: _in_channels(current, concord, data, shift, (channels, seed)))
    _say_count(current, count)
    raise typer.Exit(DONE if count.whole else NO)


def _in_process(current: Session, data: Data, shift: int | None, page: Path | None) -> None:
    from concord.cli.completejourney import runs  # noqa: PLC0415  pandas comes with the extra, which `read` asks for

    weeks = shift if shift is not None else int(data.mapping.weeks_to_latest_sunday(current.clock.now().date()))
    with bars(current.screen) as shown:
        replayed = runs.in_process(data.frames, weeks, shown, current.clock.boot)
    _say_replayed(current, replayed)
    for path in runs.write(replayed, page) if page is not None else ():
        current.screen.note(f"Wrote {path}")


async def _in_channels(
    current: Session, concord: "Concord", data: Data, shift: int | None, chosen: tuple[int, int]
) -> "Count":
    from concord.cli.completejourney import runs  # noqa: PLC0415  as above

    weeks = await shift_of(concord, data, shift, current.clock.now())
    with bars(current.screen) as shown:
        return await runs.in_channels(concord, data.frames, weeks, chosen, shown)


def _say_replayed(current: Session, replayed: "Replayed") -> None:
    of = replayed.figures
    if current.screen.json:
        said = {"shift_weeks": replayed.shift, "seconds": round(replayed.seconds, 1)}
        current.screen.document(said | asdict(of))
        return
    screen, rate = current.screen, of.quoted / max(replayed.seconds, 0.001)
    screen.say(f"{of.baskets:,} baskets; {of.baskets - of.quoted:,} hold only lines of quantity 0.")
    screen.say(f"Quoted {of.quoted:,} with {of.lines:,} lines in {replayed.seconds:.1f} s, {rate:,.0f} a second.")
    screen.say(f"{of.reached:,} had an offer in reach, and {of.reached_by_promise:,} used a promise.")
    screen.say(
        f"Off {_usd(of.gross)}: {_usd(of.saved)}, of it {_usd(of.promised)} by promises to the household. "
        f"The data has {_usd(of.coupons)} of coupons."
    )


def _usd(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02} USD"


def _say_count(current: Session, count: "Count") -> None:
    screen = current.screen
    if screen.json:
        screen.document(asdict(count))
        return
    screen.say(f"Asked for {count.asked:,} baskets in four channels; {count.reached:,} have an offer or a promise.")
    for number, what in (
        (count.everywhere, "the same sums, promises and terms digest in all four"),
        (count.kernel, "every answer as the kernel gives it here from the authorities' records"),
    ):
        screen.say(f"{'=' if number == count.asked else '≠'} {number:,} of {count.asked:,}: {what}.")
    for basket in count.different[:DIFFERENT_SHOWN]:
        screen.say(f"  basket {basket} differs")
