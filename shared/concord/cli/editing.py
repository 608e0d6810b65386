"""`concord offer edit`: the newest terms in an editor, or out of a file, under the ETag that was read."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Self

import typer

from concord.cli import authoring, session
from concord.cli.client import Concord
from concord.cli.errors import AnswerIsNo, CommandError, Misused, SomeoneWasFirst
from concord.cli.naming import Offer
from concord.cli.offerfiles import exporting, form, yamltext
from concord.cli.offerfiles.form import FileRefused
from concord.cli.session import Session

NOTHING: Final = "Nothing was changed."
_HEAD: Final = re.compile(r"\A(?:#.*\n?)*")


@dataclass(frozen=True, slots=True)
class Newest:
    """An offer's newest version as it was read; `etag` is that of a draft, None when a new one is to be added."""

    key: str
    document: dict[str, Any]
    etag: str | None

    @property
    def version(self) -> int:
        return int(self.document["version"])

    @property
    def title(self) -> str:
        return f"{self.key}, " + (f"draft {self.version}" if self.etag else f"a new draft after version {self.version}")


def edit(
    context: typer.Context,
    offer: Offer,
    *,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The terms as YAML or JSON, instead of an editor.")
    ] = None,
    person: session.As = authoring.AUTHOR,
    json: session.Json = False,
) -> None:
    """Give the newest draft other terms, in $EDITOR; when the newest version is no draft, add one."""
    current = session.of(context, json=json)
    newest = current.run(lambda concord: _newest(concord, offer, person))
    if file is None:
        version = _in_editor(current, newest, person)
    else:
        terms = form.terms_for(newest.key, form.read_terms(file))
        version = current.run(lambda concord: _save(concord, newest, terms, person))
    if current.screen.json:
        current.screen.document({"offer": newest.key, "version": version or newest.version})
    elif version is None:
        current.screen.say(NOTHING)
    else:
        current.screen.say(f"Draft {version} of {newest.key}. Next: concord offer submit {newest.key}")


async def _newest(concord: Concord, offer: str, person: str) -> Newest:
    body = await authoring.read(concord, offer)
    if body["lifecycle"] != "draft":
        return Newest(body["key"], body["current"], None)
    path = f"/v1/offers/{body['key']}/versions/{body['version']}"
    answer = await concord.call("registry", "GET", path, person=person)
    return Newest(body["key"], dict(answer.body), answer.headers["etag"])


async def _save(concord: Concord, newest: Newest, terms: dict[str, Any], person: str) -> int:
    """The number of the version that has the terms now.

    Raises:
        SomeoneWasFirst: it is not as it was read.
    """
    if newest.etag is not None:
        path = f"/v1/offers/{newest.key}/versions/{newest.version}"
        headers = {"if-match": newest.etag}
        await concord.call("registry", "PUT", path, person=person, json={"terms": terms}, headers=headers)
        return newest.version
    now = await authoring.read(concord, newest.key)
    if now["version"] != newest.version:
        raise SomeoneWasFirst(f"Version {now['version']} of {newest.key} was added meanwhile.")
    return await authoring.revise(concord, newest.key, terms, person)


def _in_editor(current: Session, newest: Newest, person: str) -> int | None:
    """Let somebody edit until it is taken; None when nothing was changed. What was written is never lost."""
    shown = exporting.exported({"key": newest.key, "current": newest.document})
    sheet, before = Sheet.of(newest), yamltext.written([shown.terms])
    text, why = before, tuple[str, ...]()
    while (edited := sheet.opened(_header(newest, why), text)).strip() and edited != before:
        again, text = edited == text, edited
        try:
            version = current.run(partial(_save, newest=newest, terms=_read(text, newest.key), person=person))
        except (FileRefused, AnswerIsNo) as error:
            if again:
                raise sheet.kept(error) from error
            why = (error.detail, *_pieces(error))
        except CommandError as error:
            raise sheet.kept(error) from error
        else:
            sheet.forget()
            return version
    sheet.forget()
    return None


def _read(text: str, key: str) -> dict[str, Any]:
    found = form.yaml_documents(text, f"{key}.yaml")
    if len(found) != 1:
        raise FileRefused(f"There are {len(found)} documents.", next="Leave one.")
    return form.terms_for(key, form.offer(*found[0], bare=True))


def _header(newest: Newest, why: Sequence[str]) -> str:
    lines = (*why, "Mend it. Saved as it is, it is put aside.") if why else ("Saved as it is, nothing is changed.",)
    return "".join(f"# {' '.join(line.split())}\n" for line in (f"{newest.title}.", *lines))


def _pieces(error: CommandError) -> list[str]:
    """What is wrong, by JSON Pointer into what is edited."""
    errors = error.problem.get("errors", [])
    return [f"{each.get('pointer', '').removeprefix('/terms')} {each.get('detail', '')}" for each in errors]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file in which terms are edited, outside the folder that somebody works in."""

    key: str
    path: Path

    @classmethod
    def of(cls, newest: Newest) -> Self:
        return cls(newest.key, Path(tempfile.mkdtemp(prefix="concord-")) / f"{newest.key}.yaml")

    def opened(self, header: str, text: str) -> str:
        """The text as the editor left it, without the comments at its head.

        Raises:
            Misused: there is no editor.
            AnswerIsNo: it ended badly, so nothing is done.
        """
        self.path.write_text(header + text, encoding="utf-8")
        command = _editor()
        try:
            ended = subprocess.run([*command, str(self.path)], check=False).returncode  # noqa: S603  the user's editor
        except OSError as error:
            raise Misused(
                f"{command[0]} does not start: {error.strerror}.", next="Set EDITOR, or use --file."
            ) from error
        if ended:
            raise AnswerIsNo(f"The editor ended with {ended}. {NOTHING}", next=f"What it left is in {self.path}.")
        return _HEAD.sub("", self.path.read_text(encoding="utf-8", errors="replace"))

    def kept(self, error: CommandError) -> CommandError:
        """The error, saying where the text is."""
        told = f"What you wrote is in {self.path}. Mend it, then: concord offer edit {self.key} --file {self.path}"
        return type(error)(error.detail, problem=error.problem and error.problem | {"next": told}, next=told)

    def forget(self) -> None:
        self.path.unlink()
        self.path.parent.rmdir()


def _editor() -> list[str]:
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not chosen and not sys.stdin.isatty():
        raise Misused("There is no terminal and no EDITOR to edit in.", next="Give the terms with --file.")
    return shlex.split(chosen or "vi")
