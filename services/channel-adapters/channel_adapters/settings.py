"""Settings of a channel adapter."""

from pathlib import Path

from pydantic import Field

from concord.settings import ServiceSettings


class AdapterSettings(ServiceSettings):
    """A channel adapter."""

    registry_url: str | None = Field(
        None,
        description="Where the offer registry answers; by default its local address. Asked for what the view lacks.",
    )
    profile_url: str | None = Field(
        None,
        description="Where the customer profile answers; by default its local address. Asked for what the view lacks.",
    )

    @property
    def registry(self) -> str:
        """Where the registry answers: as set, else the local one."""
        return self.registry_url or self.url("registry")

    @property
    def profile(self) -> str:
        """Where the profile answers: as set, else the local one."""
        return self.profile_url or self.url("profile")

    def view_file(self, channel: str) -> Path:
        """The file of a channel's view."""
        return self.view_dir / f"{channel}.sqlite"
