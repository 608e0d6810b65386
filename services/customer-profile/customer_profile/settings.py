"""Settings of the customer profile."""

from pydantic import Field

from concord.errors import Bug
from concord.settings import ServiceSettings


class DatabaseUnset(Bug):
    """CONCORD_DATABASE_URL is not set; the profile is the authority for customers and needs a database of its own."""


class ProfileSettings(ServiceSettings):
    """The customer profile."""

    registry_url: str | None = Field(
        None,
        description="The offer registry, by default the local one; asked before a promise is refused.",
    )

    @property
    def registry(self) -> str:
        """Where the registry answers: as set, else the local one."""
        return self.registry_url or self.url("registry")

    @property
    def database(self) -> str:
        """The database. Raises DatabaseUnset."""
        if self.database_url is None:
            raise DatabaseUnset
        return self.database_url.get_secret_value()
