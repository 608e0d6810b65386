"""Settings of the offer registry."""

from concord.errors import Bug
from concord.settings import ServiceSettings


class DatabaseUnset(Bug):
    """CONCORD_DATABASE_URL is not set; the registry is the authority for offers and needs a database of its own."""


class Settings(ServiceSettings):
    """The offer registry."""

    @property
    def database(self) -> str:
        """The database. Raises DatabaseUnset."""
        if self.database_url is None:
            raise DatabaseUnset
        return self.database_url.get_secret_value()
