"""Kafka's class cache: what the JVM learned in one training run, so that later starts take 1.3 s instead of 3.4 s.

A JDK 25 AOT cache (JEP 483, JEP 514). It depends on the runtime, its options and the jars, which name its file; a JVM
that finds a cache unfit says so in its log and runs without.
"""

import asyncio
import hashlib
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from concord.engines import cache, ports
from concord.engines.errors import EngineFailed
from concord.engines.process import spawn
from concord.engines.start import until_answering

if TYPE_CHECKING:
    from concord.engines.kafka import Kafka

KEPT = 14 * 86_400  # seconds a cache nobody uses is kept
DUMP = 120.0  # seconds the JVM may take to write it at its end

logger = logging.getLogger(__name__)


def use(made: Path) -> list[str]:
    """The options with which the JVM uses the cache."""
    return [f"-XX:AOTCache={made}", "-Xlog:aot=off", "-Xlog:aot+codecache+stubs=off"]


async def ready(
    java: Path, options: Sequence[str], jars: Sequence[Path], trainee: "Callable[[Path, int, int], Kafka]"
) -> Path | None:
    """The cache for this runtime, these options and these jars, trained when there is none; None when that failed."""
    made = path(java, options, jars)
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        async with _alone(made.parent / ".lock"):
            if not made.exists():
                await _train(made, trainee)
    if not made.exists():
        return None
    made.touch()
    return made


@asynccontextmanager
async def _alone(lock: Path) -> AsyncIterator[None]:
    held = cache.locked(lock)
    await asyncio.to_thread(held.__enter__)  # another process may be training for 12 s
    try:
        yield
    finally:
        held.__exit__(None, None, None)


async def _train(goal: Path, trainee: "Callable[[Path, int, int], Kafka]") -> None:
    _forget_unused(goal.parent)
    with tempfile.TemporaryDirectory(dir=goal.parent) as staging, ports.reserved_base() as base:
        made = Path(staging) / "made.aot"
        kafka = trainee(Path(staging), ports.port("kafka", base), ports.port("kafka_controller", base))
        try:
            await kafka.prepare(train=False)
            child = await spawn(kafka.command(f"-XX:AOTCacheOutput={made}", "-Xlog:aot=off"))
            try:
                await until_answering(kafka, child)
                child.terminate()
                await asyncio.wait_for(child.wait(), DUMP)
            finally:
                child.kill()
        except (EngineFailed, TimeoutError):
            logger.warning("class cache not made", extra={"action": "class_cache_training"})
            return
        with suppress(FileNotFoundError):
            made.replace(goal)


def path(java: Path, options: Sequence[str], jars: Sequence[Path]) -> Path:
    """Where the cache for them is or will be."""
    modules = java.parent.parent / "lib" / "modules"
    facts = [str(java), str(modules.stat().st_mtime_ns), *options, *(f"{jar} {jar.stat().st_mtime_ns}" for jar in jars)]
    name = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    return cache.folder() / "classes" / f"kafka-{name}.aot"


def _forget_unused(folder: Path) -> None:
    for old in folder.glob("kafka-*.aot"):
        if time.time() - old.stat().st_mtime > KEPT:
            old.unlink(missing_ok=True)
