"""Make the README's pictures from a running stack: `make run` in one terminal, `python docs/pictures.py` in another.

ask.svg      Linda, to whom the offer was promised by e-mail, asked about in all four channels
story.svg    scenes 4 and 9 of the story
"""

import subprocess
import sys
from pathlib import Path

from concord.cli.session import Session
from concord.cli.story.stage import Stage

PICTURES = Path(__file__).parent / "pictures"
CONCORD = [sys.executable, "-c", "import sys; from concord.cli.main import run; sys.exit(run())"]


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    ask, story = PICTURES / "ask.svg", PICTURES / "story.svg"
    asked = Session.from_environment().run(_promised)
    questions = [["ask", *asked, "--svg", str(ask)], ["story", "play", "4", "9", "--svg", str(story)]]
    return max(subprocess.run([*CONCORD, *question], check=False).returncode for question in questions)  # noqa: S603  ours


async def _promised(concord: object) -> list[str]:
    """A question about a promise just made."""
    stage = Stage.new(concord, Session.from_environment())  # type: ignore[arg-type]
    await stage.prepare()
    await stage.with_promise()
    return ["--number", stage.lindas_number, "--offer", stage.offer]


if __name__ == "__main__":
    sys.exit(main())
