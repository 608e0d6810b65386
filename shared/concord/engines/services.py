"""The processes of Concord itself: which module, which port, and how each is asked whether it is ready."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from concord.engines import ports
from concord.engines.process import Command
from concord.engines.protocol import http_status

# A shell that forbids bytecode files makes seven processes compile every module at every start: 60 % of their time.
CACHED = {"PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True, slots=True)
class Service:
    """One of them. `database` is its own on the shared server; None for those that keep no data there."""

    name: str
    module: str
    database: str | None = None
    listed: bool = True  # among the six whose readiness is waited for by `make run`'s bar; the issuer is a helper


SERVICES = (
    Service("issuer", "concord.signin", listed=False),
    Service("registry", "offer_registry", database="offer_registry"),
    Service("profile", "customer_profile", database="customer_profile"),
    Service("web", "channel_adapters.web"),
    Service("store_pos", "channel_adapters.store_pos"),
    Service("call_center", "channel_adapters.call_center"),
    Service("sms", "channel_adapters.sms"),
)


class ServiceServer:
    """A service as something to run and ask (`concord.engines.start.Server`)."""

    deadline: ClassVar[float] = 60.0

    def __init__(self, service: Service, port: int, env: Mapping[str, str], log: Path) -> None:
        self.name = service.name
        self._port = port
        self._command = Command(service.name, (sys.executable, "-m", service.module), log, {**CACHED, **env})

    def ports(self) -> list[tuple[str, int]]:
        return [(self.name, self._port)]

    async def prepare(self) -> None:
        """A service makes its own tables, topics and files."""

    def command(self) -> Command:
        return self._command

    async def answers(self) -> bool:
        return await http_status(ports.HOST, self._port, "/healthz/ready") == 200
