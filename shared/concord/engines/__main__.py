"""`python -m concord.engines`: the whole stack; with `--engines-only` PostgreSQL and Kafka alone, in the foreground."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from concord.engines import ports
from concord.engines.servers import engines
from concord.engines.supervisor import STATE, up
from concord.errors import ConcordError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m concord.engines", description="Start engines and services.")
    parser.add_argument("--engines-only", action="store_true", help="PostgreSQL and Kafka, no services")
    parser.add_argument("--no-story", action="store_true", help="do not load the story's household and offer")
    parser.add_argument("--state", type=Path, default=STATE, help="folder of data and logs (.local)")
    parser.add_argument("--port-base", type=int, default=ports.BASE, help=f"first port ({ports.BASE})")
    options = parser.parse_args()
    try:
        if not options.engines_only:
            return up(options.state, options.port_base, story=not options.no_story)
        asyncio.run(_engines_only(options.state, options.port_base))
    except ConcordError as error:
        print(f"{error.detail}\n{error.next}", file=sys.stderr)  # noqa: T201  a command speaks
        return 1
    return 0


async def _engines_only(state: Path, base: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with engines(state, base) as both:
        print(f"CONCORD_DATABASE_URL={both.postgres_url}\nCONCORD_KAFKA_BOOTSTRAP={both.kafka_bootstrap}", flush=True)  # noqa: T201
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
