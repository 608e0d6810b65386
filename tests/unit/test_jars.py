"""Kafka's jars against their lock, with a fetch that brings what the test says."""

import hashlib
from pathlib import Path

import pytest

from concord.engines import jars
from concord.engines.errors import JarsDiffer

RIGHT = b"the jar that was locked"
SUM = hashlib.sha256(RIGHT).hexdigest()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "jars.lock"
    path.write_text(f"# a comment\n{SUM}  org.example:thing:1.2\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "jars"


class Fetch:
    """Brings these bytes and counts how often it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, coordinate: str, folder: Path) -> Path:
        self.asked.append(coordinate)
        path = folder / "fetched.jar"
        path.write_bytes(self.content)
        return path


def test_jar_is_fetched_once(lock: Path, folder: Path) -> None:
    fetch = Fetch(RIGHT)
    assert jars.installed(lock, folder, fetch) == jars.installed(lock, folder, fetch) == [folder / "thing-1.2.jar"]
    assert fetch.asked == ["org.example:thing:1.2"]
    assert (folder / "thing-1.2.jar").read_bytes() == RIGHT


def test_fetched_jar_with_another_sum_is_refused_and_not_kept(lock: Path, folder: Path) -> None:
    with pytest.raises(JarsDiffer) as refused:
        jars.installed(lock, folder, Fetch(b"something else"))
    found = hashlib.sha256(b"something else").hexdigest()
    assert refused.value.detail == f"org.example:thing:1.2 has SHA-256 {found}, but {SUM} is locked."
    assert not (folder / "thing-1.2.jar").exists()


def test_cached_jar_that_was_changed_is_fetched_again(lock: Path, folder: Path) -> None:
    jars.installed(lock, folder, Fetch(RIGHT))
    (folder / "thing-1.2.jar").write_bytes(b"half of it")
    jars.installed(lock, folder, Fetch(RIGHT))
    assert (folder / "thing-1.2.jar").read_bytes() == RIGHT


def test_committed_lock_names_kafka_and_a_log_binding_with_whole_sums() -> None:
    locked = jars.read_lock()
    coordinates = {jar.coordinate for jar in locked}
    assert {f"org.apache.kafka:{part}:4.3.0" for part in ("kafka_2.13", "kafka-clients", "kafka-server")} <= coordinates
    assert any("log4j-slf4j-impl" in jar.coordinate for jar in locked)
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert len({jar.file_name for jar in locked}) == len(locked)
