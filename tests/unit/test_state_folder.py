"""What a local run keeps about itself."""

import os
from pathlib import Path

import pytest

from concord.engines.errors import AlreadyRunning
from concord.engines.state import Running, StateFolder, born, is_alive


def test_folder_is_held_by_one_and_free_again_after(tmp_path: Path) -> None:
    with StateFolder(tmp_path).held():
        other = StateFolder(tmp_path)
        other.publish([Running("web", 12, 8301, 0, "ready")], 8000)
        with pytest.raises(AlreadyRunning) as refused, other.held():
            pass
    assert refused.value.detail.splitlines() == [
        f"Concord is running already on {tmp_path}, as pid {os.getpid()}.",
        "  web          127.0.0.1:8301  ready",
    ]
    with StateFolder(tmp_path).held():
        pass


def test_secrets_are_made_once_and_the_issuer_sees_sums_only(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    first = folder.secrets(["web"])
    later = folder.secrets(["web", "sms"])
    assert (later.lookup_key, later.clients["web"]) == (first.lookup_key, first.clients["web"])
    assert first.clients["web"] not in folder.clients_file.read_text()
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_publication_is_read_back(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    assert folder.running() == []
    processes = [Running("web", 12, 8301, 2, "ready", "345"), Running("sms", None, 8304, 0, "restarting")]
    folder.publish(processes, 8000)
    assert folder.running() == processes


def test_a_process_is_told_from_another_with_its_pid() -> None:
    assert born(os.getpid()) == born(os.getpid())
    assert is_alive(os.getpid())
    assert born(4_000_000_000) is None
    assert not is_alive(4_000_000_000)
