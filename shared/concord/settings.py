"""Settings of every process: environment variables beginning with `CONCORD_`, each with a description.

`make docs` writes the reference page, with the settings the services add.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, TypeAdapter, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from concord import ports
from concord.errors import Bug

PREFIX: Final = "CONCORD_"
AUDIENCE: Final = "concord"  # `aud` of every token
LOCAL_SECRET: Final = "local-runs-only"  # noqa: S105  refused unless `local`
LOCAL_LOOKUP_KEY: Final = "local-runs-only-lookup-key"


class LocalSecretInUse(Bug):
    """A secret that is printed in the source is used outside a local run."""

    reason = "local_secret_in_use"
    next = (
        "Set CONCORD_CLIENT_SECRET and CONCORD_LOOKUP_KEY, or CONCORD_LOCAL=true on a machine without real customers."
    )


class ServiceSettings(BaseSettings):
    """What every process of Concord can be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, populate_by_name=True)

    port_base: Annotated[int, Field(ge=1024, le=65_000)] = Field(
        ports.BASE,
        description="First port; every process listens on this plus its own offset (see the table of ports).",
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL, as `postgresql://user:password@host:port/database`; by default the local engine's.",
    )
    kafka_bootstrap: str | None = Field(
        None, description="Kafka brokers, `host:port,host:port`; by default the local engine's."
    )
    issuer_url: str | None = Field(
        None, description="`iss` of the tokens that are accepted, and where services get theirs."
    )
    jwks_url: str | None = Field(
        None, description="Where the issuer's public keys are; by default under the issuer's address."
    )
    client_id: str | None = Field(None, description="Name under which this service asks the issuer for its own token.")
    client_secret: SecretStr = Field(
        SecretStr(LOCAL_SECRET), description="Secret to the client id. The default works only in local runs."
    )
    lookup_key: SecretStr = Field(
        SecretStr(LOCAL_LOOKUP_KEY),
        description="Key of the hashes that stand for numbers and addresses on the log; "
        "the same in the profile and every channel.",
    )
    otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry collector (HTTP), such as `http://127.0.0.1:4318`. None: no export."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    required_locales: Annotated[list[str], NoDecode, Field(min_length=1)] = Field(
        ["en"], description="Locales in which staff cards must exist before an offer can be submitted, comma-separated."
    )
    w2_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        1.0,
        validation_alias="CONCORD_W2",
        description="Seconds a withdrawn or superseded version is still honoured (protocol R2).",
    )
    view_dir: Path = Field(Path(".local/views"), description="Folder of the channels' view files.")
    state_dir: Path = Field(
        Path(".local"), description="Folder of everything a local run keeps: engines, signing key, logs."
    )
    local: bool = Field(
        False,
        description="A run on one machine with made-up people: the issuer hands out anybody's token, "
        "shipped secrets work.",
    )

    @field_validator("required_locales", mode="before")
    @classmethod
    def _comma_separated(cls, given: Any) -> Any:
        return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given

    def refuse_local_secrets(self) -> None:
        """Called before a process serves. Raises LocalSecretInUse."""
        shipped = {LOCAL_SECRET, LOCAL_LOOKUP_KEY}
        if not self.local and shipped & {self.client_secret.get_secret_value(), self.lookup_key.get_secret_value()}:
            raise LocalSecretInUse

    def port(self, name: str) -> int:
        """The port of a process of `concord.ports` under this base."""
        return ports.port(name, self.port_base)

    def url(self, name: str) -> str:
        """The local address of a process of `concord.ports` under this base."""
        return ports.url(name, self.port_base)

    @property
    def issuer(self) -> str:
        """`iss`: as set, else the local issuer."""
        return self.issuer_url or self.url("issuer")

    @property
    def jwks(self) -> str:
        """Where the public keys are."""
        return self.jwks_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"

    @property
    def bootstrap(self) -> str:
        """Kafka brokers: as set, else the local engine."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.port('kafka')}"


def reference(classes: Sequence[type[BaseSettings]] = (ServiceSettings,)) -> str:
    """The settings as Markdown, for `docs/reference/settings.md`; a class lists only what its bases do not."""
    lines = ["# Settings", "", "Environment variables, read once at the start of a process."]
    for cls in classes:
        inherited = {name for base in cls.__bases__ for name in getattr(base, "model_fields", ())}
        rows = [(name, field) for name, field in cls.model_fields.items() if name not in inherited]
        heading = (
            "Every process"
            if cls is ServiceSettings
            else (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")
        )
        lines += ["", f"## {heading}", "", "| variable | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{_variable(name, field)}` | {_default(field)} | {field.description or ''} |" for name, field in rows
        ]
    lines += ["", "## Ports", "", "| process | offset from `CONCORD_PORT_BASE` |", "|---|---|"]
    lines += [f"| {name} | {offset} |" for name, offset in ports.OFFSETS.items()]
    return "\n".join(lines) + "\n"


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=False)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, SecretStr):
        return "for local runs only"
    plain = TypeAdapter(Any).dump_python(value, mode="json")
    return (
        f"`{','.join(plain) if isinstance(plain, list) else str(plain).lower() if isinstance(plain, bool) else plain}`"
    )
