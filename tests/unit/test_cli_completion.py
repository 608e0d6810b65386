"""Completion: what is known here at once, and offers only when the registry answers in time."""

import io
import json
import time
from typing import Any

import pytest

from concord.cli import completion
from concord.engines import ports
from unit.cli_services import Services, run


def complete(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setenv("_CONCORD_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("concord of", ["offer"]),
        ("concord view show c", ["call_center"]),
        ("concord token an", ["ana"]),
        ("concord offer exp", ["export"]),
    ],
)
def test_completion_knows_commands_channels_and_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, offered: list[str]
) -> None:
    complete(monkeypatch, words)
    assert run(Services()).status == 0
    assert capsys.readouterr().out.split() == offered


def test_completion_offers_keys_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Any, timeout: float) -> io.BytesIO:
        assert timeout <= completion.PATIENCE
        token = {"access_token": "t"}
        listed = {"items": [{"key": "free-handset"}, {"key": "not-free-handset"}]}
        return io.BytesIO(json.dumps(token if "tokens" in request.full_url else listed).encode())

    monkeypatch.setattr(completion.urllib.request, "urlopen", answer)
    assert completion.offers("free") == ["free-handset"]


@pytest.mark.parametrize("verb", ["diff", "edit", "history", "export"])
def test_completion_of_verbs_that_name_offers_offers_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    def ask(url: str, _: float, **__: Any) -> Any:
        return {"access_token": "t"} if "tokens" in url else {"items": [{"key": "free-handset"}]}

    monkeypatch.setattr(completion, "_ask", ask)
    complete(monkeypatch, f"concord offer {verb} fr")
    assert run(Services()).status == 0
    assert capsys.readouterr().out.split() == ["free-handset"]


def test_completion_offers_nothing_when_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with ports.reserved_base() as base:
        monkeypatch.setenv("CONCORD_PORT_BASE", str(base))
        began = time.monotonic()
        assert completion.offers("free") == []
        assert time.monotonic() - began < 2 * completion.PATIENCE
