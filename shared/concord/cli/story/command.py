"""`concord story`: scenes told in the terminal against the running services, each step checked."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from concord.cli import ask, comparison, session
from concord.cli.client import Concord
from concord.cli.errors import DONE, NO, Misused
from concord.cli.session import Session
from concord.cli.story.scenes import SCENES, Scene
from concord.cli.story.stage import Stage
from concord.cli.story.steps import Step

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    help="Tell the story's scenes against the running services.",
)
ALL = "all"


@app.callback(invoke_without_command=True)
def story(context: typer.Context) -> None:
    """Tell the story's scenes against the running services; alone, all of them."""
    if context.invoked_subcommand is None:
        play(context)


@app.command()
def play(
    context: typer.Context,
    scenes: Annotated[
        list[str] | None, typer.Argument(metavar="3|4|7|9|all", help="Which scenes; all of them.")
    ] = None,
    *,
    step: Annotated[bool, typer.Option("--step", help="Wait for Enter after each step.")] = False,
    json: session.Json = False,
    svg: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Tell scenes: what was asked, what was answered, and what it proves.

    Each telling makes an offer and households of its own, so it can be told in any order and twice. Exit 1 when
    something is not as the story says.
    """
    current = session.of(context, json=json)
    chosen = _chosen(scenes or [ALL])
    with current.screen.recording(svg, session.typed_command(sys.argv[1:])):
        told = current.run(lambda concord: tell(concord, current, chosen, wait=step))
        holds = all(one.holds for steps in told.values() for one in steps)
        if current.screen.json:
            document = {str(number): [one.document() for one in steps] for number, steps in told.items()}
            current.screen.document({"holds": holds, "scenes": document})
        else:
            _conclude(current, told, holds=holds)
    raise typer.Exit(DONE if holds else NO)


def _chosen(named: Sequence[str]) -> list[Scene]:
    if ALL in named:
        return list(SCENES.values())
    unknown = [name for name in named if not name.isdecimal() or int(name) not in SCENES]
    if unknown:
        known = ", ".join(map(str, SCENES))
        raise Misused(f"Scene {unknown[0]} cannot be told here.", next=f"Choose of {known}, or all.")
    return [SCENES[int(name)] for name in dict.fromkeys(named)]


async def tell(
    concord: Concord, current: Session, scenes: Sequence[Scene], *, wait: bool = False
) -> dict[int, list[Step]]:
    """Tell the scenes on one stage; the steps of each."""
    stage = Stage.new(concord, current)
    await stage.prepare()
    told: dict[int, list[Step]] = {}
    for scene in scenes:
        if not current.screen.json:
            current.screen.title(f"Scene {scene.number}  {scene.title}")
        told[scene.number] = steps = []
        async for step in scene.tell(stage):
            steps.append(step)
            _show(current, step, wait=wait)
    return told


def _show(current: Session, step: Step, *, wait: bool) -> None:
    screen = current.screen
    if screen.json:
        return
    screen.say()
    screen.labelled("asked", step.asked)
    screen.labelled("answered", step.answered)
    for subject in comparison.subjects(step.heard)[:1]:
        ask.table(screen, step.heard, subject)
    for index, claim in enumerate(step.claims):
        screen.labelled("" if index else "proves", f"{'✓' if claim.holds else '✗ not so:'} {claim.sentence}")
    if wait and screen.out.is_terminal:
        typer.prompt("Enter goes on", default="", show_default=False, err=True)


def _conclude(current: Session, told: dict[int, list[Step]], *, holds: bool) -> None:
    claims = [claim for steps in told.values() for step in steps for claim in step.claims]
    current.screen.say()
    if holds:
        current.screen.say(f"= All of it holds: {len(claims)} claims in {len(told)} scenes.")
    else:
        false = sum(not claim.holds for claim in claims)
        current.screen.say(
            f"✗ {false} of {len(claims)} claims do not hold. `concord status` says whether views differ."
        )
