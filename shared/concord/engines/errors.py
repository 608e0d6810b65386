"""What can go wrong while starting, running or stopping the engines and the services.

ConcordError
├── Unavailable
│   ├── EngineFailed      a process did not start, or died too often
│   └── JarsMissing       the first start had no network
└── Refused
├── PortInUse         somebody else listens there
├── AlreadyRunning    the state directory is another run's
└── JarsDiffer        a fetched jar is not the one that was locked
"""

from collections.abc import Sequence

from concord.errors import Conflict, Refused, Unavailable


class EngineFailed(Unavailable):
    """A process did not start, or died too often. Its detail is the cause and the log's last lines."""

    reason = "engine_failed"
    next = "Mend what the log's last lines name and run it again."

    def __init__(self, name: str, cause: str, tail: Sequence[str] = (), log: object = None) -> None:
        self.name = name
        self.cause = cause
        lines = [f"{name} {cause}"]
        if tail:
            lines += [f"The last lines of {log}:", *(f"  {line}" for line in tail)]
        super().__init__("\n".join(lines))


class PortInUse(Conflict):
    """Another process listens on a port that is needed here."""

    reason = "port_in_use"
    next = "Stop that process, or choose other ports: CONCORD_PORT_BASE=9000 make run."


class AlreadyRunning(Conflict):
    """Another run holds this state directory."""

    reason = "already_running"
    next = "Use the running one, or stop it with Ctrl-C where it was started."


class JarsDiffer(Refused):
    """A fetched jar is not the one whose SHA-256 is locked."""

    reason = "jars_differ"
    next = "Do not use it. Ask who changed deploy/kafka/jars.lock or the repository that serves the jars."


class JarsMissing(Unavailable):
    """The jars of Kafka are neither in the cache nor could they be fetched."""

    reason = "jars_missing"
    next = "The first start needs the network once. Run it again when there is one."
