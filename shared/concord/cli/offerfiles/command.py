"""`concord offer check`, `export` and `import`: offers in files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from concord.cli import authoring, session
from concord.cli.bars import bars
from concord.cli.client import Concord
from concord.cli.errors import DONE, NO, Misused
from concord.cli.naming import Offers
from concord.cli.offerfiles import checking, exporting, form, saying, taking
from concord.cli.offerfiles.exporting import Exported
from concord.cli.offerfiles.taking import Offer, Outcome, Taking
from concord.cli.session import Session

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, help="YAML, JSON or NDJSON, or folders of them.")
]
Format = Literal["yaml", "ndjson"]


def check(
    context: typer.Context,
    files: Files,
    *,
    locales: Annotated[
        str, typer.Option(envvar="CONCORD_REQUIRED_LOCALES", help="Locales in which cards must exist, comma-separated.")
    ] = "en",
    json: session.Json = False,
) -> None:
    """Say everything that offers in files lack before they can be submitted; no service is asked."""
    current = session.of(context, json=json)
    wanted = [locale.strip() for locale in locales.split(",") if locale.strip()]
    checked = checking.examined(files, wanted)
    wrong = [each for each in checked if each.errors]
    if current.screen.json:
        current.screen.document({"items": [saying.finding(each) for each in checked], "next": None})
    else:
        saying.show_findings(current.screen, checked)
        current.screen.say(f"{len(checked) - len(wrong):,} of {saying.counted(len(checked), 'offer')} complete.")
    raise typer.Exit(NO if wrong else DONE)


def export(
    context: typer.Context,
    offers: Offers = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All offers.")] = False,
    format_: Annotated[
        Format | None, typer.Option("--format", help="yaml, unless --out names a .ndjson file.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file, or for YAML a folder with a file for each offer; stdout unless given.")
    ] = None,
    json: session.Json = False,
) -> None:
    """Write the newest version of offers, to be kept in git and given to `concord offer import`."""
    current = session.of(context, json=json)
    lines = _is_lines(format_, out)
    found = _read(current, offers or [], everything=everything)
    if out is not None:
        _write(current, found, out, lines=lines)
    elif json:
        current.screen.document({"items": [{"key": each.key, "terms": each.terms} for each in found], "next": None})
    else:
        current.screen.out.file.write(exporting.text(found, lines=lines).decode())


def _is_lines(said: Format | None, out: Path | None) -> bool:
    """Whether NDJSON is wanted: as said, else as the file is named."""
    suffix = out.suffix if out else ""
    named = "ndjson" if suffix in form.LINES else "yaml" if suffix in form.YAML else None
    if said and named and said != named:
        raise Misused(f"{out} is named as {named}, --format says {said}.", next="Leave --format out.")
    return (said or named) == "ndjson"


def _read(current: Session, names: Sequence[str], *, everything: bool) -> list[Exported]:
    if bool(names) == everything:
        raise Misused("Which offers?", next="Name them, or say --all.")

    async def read(concord: Concord) -> list[Exported]:
        wanted = await exporting.keys(concord) if everything else names
        with bars(current.screen) as shown:
            return await exporting.read(concord, wanted, shown.bar("Offers", len(wanted)).advance)

    return current.run(read)


def _write(current: Session, found: Sequence[Exported], out: Path, *, lines: bool) -> None:
    paths, changed = exporting.write(found, out, lines=lines)
    if current.screen.json:
        items = [
            {"key": each.key, "version": each.version, "content_hash": each.content_hash, "file": str(path)}
            for each, path in zip(found, paths, strict=True)
        ]
        current.screen.document({"items": items, "next": None})
    else:
        current.screen.say(
            f"{saying.counted(len(found), 'offer')} in {out}, {saying.counted(changed, 'file')} changed."
        )


def take(
    context: typer.Context,
    files: Files,
    *,
    submit: Annotated[bool, typer.Option("--submit", help="Also send what is new to review.")] = False,
    dry_run: session.DryRun = False,
    person: session.As = authoring.AUTHOR,
    json: session.Json = False,
) -> None:
    """Create offers from files, and add a draft where the newest version says something else. Releases nothing."""
    current = session.of(context, json=json)
    offers = _valid(current, files)
    at = current.run(lambda concord: taking.standings(concord, [offer.key for offer in offers]))
    if dry_run:
        _report(current, [taking.planned(offer, at.get(offer.key)) for offer in offers], (), dry_run=True)
        return
    run = f"{current.randomness.bits(64):016x}"

    async def take(concord: Concord) -> tuple[list[Outcome], list[str]]:
        doing = Taking(concord, person, run, submit=submit)
        with bars(current.screen) as shown:
            return await doing.take(offers, at, shown.bar("Offers", len(offers)).advance), doing.jobs

    _report(current, *current.run(take), dry_run=False)


def _valid(current: Session, files: Sequence[Path]) -> list[Offer]:
    """What can be saved; when anything cannot be, all that is wrong is said and nothing is imported."""
    checked = [checking.typed(each) for each in form.read(files)]
    wrong = [each for each in checked if each.errors]
    if wrong and current.screen.json:
        current.screen.problem(saying.problem(wrong))
    elif wrong:
        saying.show_findings(current.screen, wrong)
        current.screen.note(saying.NOTHING)
    if wrong:
        raise typer.Exit(NO)
    return [Offer(each.written.key, each.terms.document(), each.terms.content_hash()) for each in checked if each.terms]


def _report(current: Session, outcomes: Sequence[Outcome], jobs: Sequence[str], *, dry_run: bool) -> None:
    if current.screen.json:
        current.screen.document(saying.report(outcomes, jobs))
    else:
        saying.show_outcomes(current.screen, outcomes)
        current.screen.say(saying.sentence(outcomes, dry_run=dry_run))
    raise typer.Exit(NO if any(outcome.what == "refused" for outcome in outcomes) else DONE)
