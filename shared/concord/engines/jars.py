"""The jars of Apache Kafka: resolved by jgo, checked against the sums in deploy/kafka/jars.lock, kept in a cache.

    python -m concord.engines.jars           fetch what the cache lacks
    python -m concord.engines.jars --lock    resolve anew and write the lock file

Only the first start on a machine needs the network. A cached jar that differs from its sum is fetched again; a fetched
one that differs is refused.
"""

import argparse
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concord.engines import cache
from concord.engines.errors import EngineFailed, JarsDiffer, JarsMissing

DEPLOY = Path(__file__).parents[3] / "deploy" / "kafka"
LOCK = DEPLOY / "jars.lock"
WANTED = (
    "org.apache.kafka:kafka_2.13:4.3.0",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",  # binds Kafka's slf4j 1.7 to the log4j it brings
)
ATTEMPTS = 3
AT_ONCE = 6

Fetch = Callable[[str, Path], Path]
"""Fetches a coordinate into a folder and says where the file is."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked jar: `group:artifact:version` and the SHA-256 of its file in hex."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """The locked jars in class path order. Raises EngineFailed when there is no lock file."""
    if not lock.exists():
        raise EngineFailed("kafka", f"needs {lock}, which a checkout of Concord has; an installed wheel has not.")
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    return [Jar(coordinate, sha256) for sha256, coordinate in lines]


def installed(lock: Path = LOCK, folder: Path | None = None, fetch: Fetch | None = None) -> list[Path]:
    """The checked jars in class path order, fetched when they are missing. Raises JarsDiffer, JarsMissing."""
    folder = folder or cache.folder() / "jars"
    missing = _differing(read_lock(lock), folder)
    if missing:
        with cache.locked(folder / ".lock"):
            _fetch_all(_differing(missing, folder), folder, fetch or fetch_by_jgo)
    return paths(lock, folder)


def paths(lock: Path = LOCK, folder: Path | None = None) -> list[Path]:
    """Where the jars are or will be, in class path order; unchecked."""
    folder = folder or cache.folder() / "jars"
    return [folder / jar.file_name for jar in read_lock(lock)]


def at_hand() -> bool:
    """Whether nothing has to be fetched, unless a cached jar was changed."""
    return all(path.exists() for path in paths())


def _differing(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    return [jar for jar in jars if _sum(folder / jar.file_name) != jar.sha256]


def _fetch_all(jars: Sequence[Jar], folder: Path, fetch: Fetch) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(_fetch_one, jar, folder, fetch) for jar in jars]:
            done.result()


def _fetch_one(jar: Jar, folder: Path, fetch: Fetch) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as staging:
        path = fetch(jar.coordinate, Path(staging))
        found = _sum(path)
        if found != jar.sha256:
            raise JarsDiffer(f"{jar.coordinate} has SHA-256 {found}, but {jar.sha256} is locked.")
        path.replace(folder / jar.file_name)  # never a half-written jar in place


def _sum(path: Path) -> str | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch_by_jgo(coordinate: str, folder: Path) -> Path:
    """Fetch one jar, without what it depends on. Raises JarsMissing after three attempts."""
    from jgo.maven import MavenContext  # noqa: PLC0415  only the first start on a machine needs it

    cause: Exception | None = None
    for _ in range(ATTEMPTS):
        shutil.rmtree(folder / "maven", ignore_errors=True)
        try:
            context = MavenContext(repo_cache=folder / "maven", timeout=30)
            return Path(context.create_dependency(coordinate).artifact.resolve())
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            cause = error
    raise JarsMissing(f"{coordinate} could not be fetched: {type(cause).__name__}.") from cause


def write_lock(lock: Path = LOCK, wanted: Sequence[str] = WANTED) -> list[Jar]:
    """Resolve what is wanted with all it depends on, and write coordinates and sums in class path order."""
    with tempfile.TemporaryDirectory() as staging:
        jars: dict[str, Jar] = {}
        for coordinate in wanted:
            # One at a time: resolved together, jgo takes versions for one from what the other manages (its test
            # dependencies too), and Kafka 4.3.0 got a client of 3.9.1.
            for jar in _resolved(coordinate, Path(staging)):
                jars.setdefault(jar.coordinate.rpartition(":")[0], jar)
    head = "# SHA-256 and coordinate of each jar Kafka runs on, in class path order.\n"
    head += "# Written by: python -m concord.engines.jars --lock\n"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(head + "".join(f"{jar.sha256}  {jar.coordinate}\n" for jar in jars.values()))
    return list(jars.values())


def _resolved(coordinate: str, folder: Path) -> list[Jar]:
    from jgo.maven import MavenContext  # noqa: PLC0415  as above

    context = MavenContext(repo_cache=folder, timeout=30)
    roots, others = context.resolver.resolve([context.create_dependency(coordinate)])
    needed = [*roots, *(one for one in others if one.scope in {"compile", "runtime"})]
    return [_locked(dependency.artifact) for dependency in needed]


def _locked(artifact: Any) -> Jar:
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return Jar(coordinate, _sum(artifact.resolve()) or "")


def main() -> None:
    parser = argparse.ArgumentParser(description="The jars of Apache Kafka.")
    parser.add_argument("--lock", action="store_true", help="resolve anew and write deploy/kafka/jars.lock")
    if parser.parse_args().lock:
        print(f"{len(write_lock())} jars locked in {LOCK}.")  # noqa: T201  a command speaks
    else:
        print(f"{len(installed())} jars are in the cache and have the locked sums.")  # noqa: T201


if __name__ == "__main__":
    main()
