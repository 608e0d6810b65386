"""`concord ask`: one question to all four channels, side by side."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from concord.cli import asking, comparison, completion, naming, session
from concord.cli.asking import Question
from concord.cli.comparison import Heard, Subject
from concord.cli.errors import NO, Misused, Unreachable
from concord.cli.screen import Screen
from concord.cli.words import CHANNEL_NAMES

app = typer.Typer(rich_markup_mode=None, add_completion=False)

SHOWN = 5  # offers that channels merely show, when none was asked for by name


@app.command()
def ask(
    context: typer.Context,
    *,
    party: naming.Party = None,
    number: naming.Number = None,
    code: naming.Code = None,
    email: naming.Email = None,
    household: naming.Household = None,
    line: naming.Line = None,
    offer: Annotated[
        list[str] | None, typer.Option(help="An offer asked for; may be repeated.", autocompletion=completion.offers)
    ] = None,
    product: Annotated[list[str] | None, typer.Option(help="A product asked for; may be repeated.")] = None,
    json: session.Json = False,
    svg: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Ask all four channels one question and compare what they say.

    Without --offer and --product: the customer's promises and the first offers that channels show. Exit 0 when all say
    the same terms and none says no, 1 otherwise, 3 when a channel does not answer.
    """
    current = session.of(context, json=json)
    names = {"party": party, "number": number, "code": code, "email": email, "household": household, "line": line}
    question = Question(naming.customer(current, names), tuple(offer or ()), tuple(product or ()))
    if question.empty:
        raise Misused("Nothing is asked.", next="Name a customer, an --offer or a --product.")
    heard = current.run(lambda concord: asking.ask_all(concord, question, current.clock))
    failed = [answer.error for answer in heard if answer.error]
    if len(failed) == len(heard):
        raise failed[0]
    present(current.screen, heard, svg, most=None if question.named else SHOWN)
    raise typer.Exit(exit_status(heard))


def present(screen: Screen, heard: list[Heard], svg: str | None = None, most: int | None = None) -> None:
    """The tables, of no more than `most` offers that are merely shown; or the answers as one JSON document."""
    if screen.json:
        screen.document(document(heard))
        return
    with screen.recording(svg, session.typed_command(sys.argv[1:])):
        show(screen, heard, most)


def document(heard: list[Heard]) -> dict[str, Any]:
    """`{"same_terms": true, "channels": {"web": {"age_ms": 120, "answer": {…}} | {"problem": {…}}}}`."""
    channels = {
        answer.channel: {"problem": answer.error.document("")}
        if answer.error
        else {"age_ms": answer.age_ms, "answer": answer.body}
        for answer in heard
    }
    return {"same_terms": comparison.same_terms(heard), "channels": channels}


def show(screen: Screen, heard: list[Heard], most: int | None = None) -> None:
    """One table per offer or promise spoken of, digests and ages below the last, and the conclusion."""
    found = comparison.subjects(heard)
    subjects = found if most is None else comparison.shortened(found, most)
    if not subjects:
        screen.title("Nothing is shown and nothing was promised.")
        screen.rows(_columns(heard), comparison.closing_rows(heard))
    for subject in subjects:
        screen.title(comparison.heading(heard, subject))
        table(screen, heard, subject, closing=subject is subjects[-1])
    if left_out := len(found) - len(subjects):
        screen.say(f"Other offers that channels show: {left_out}. Name one with --offer, or see all with --json.")
    screen.say(comparison.conclusion(heard))
    for answer in heard:
        if answer.error:
            screen.note(f"{CHANNEL_NAMES[answer.channel]}: {answer.error.detail} Next: {answer.error.next}")


def table(screen: Screen, heard: Sequence[Heard], subject: Subject, *, closing: bool = True) -> None:
    """What each channel says of one offer or promise; closing, with digests and ages."""
    rows = comparison.rows(heard, subject) + (comparison.closing_rows(heard) if closing else [])
    screen.rows(_columns(heard), rows)


def _columns(heard: Sequence[Heard]) -> list[str]:
    return ["", *(CHANNEL_NAMES[answer.channel] for answer in heard)]


def exit_status(heard: list[Heard]) -> int:
    """0 the same terms and no no; 1 otherwise; when a channel did not answer, why: 3 before all others."""
    failed = [answer.error.exit_status for answer in heard if answer.error]
    if failed:
        return Unreachable.exit_status if Unreachable.exit_status in failed else failed[0]
    return 0 if comparison.same_terms(heard) and comparison.is_yes(heard) else NO
