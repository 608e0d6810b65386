"""Who is asking, as the token says."""

from dataclasses import dataclass
from typing import Final

ROLES: Final = frozenset(
    {
        "offer_author",
        "offer_approver",
        "campaign_tool",
        "agent",
        "supervisor",
        "clerk",
        "customer",
        "operator",
        "auditor",
        "service",
    }
)
CHANNELS: Final = frozenset({"web", "store_pos", "call_center", "sms"})


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a service: `sub`, name, roles and, where they apply, channel, store and team of the token."""

    subject: str
    name: str
    roles: frozenset[str]
    channel: str | None = None
    store: str | None = None
    team: str | None = None

    def has(self, *roles: str) -> bool:
        """Whether the caller has at least one of the roles."""
        return not self.roles.isdisjoint(roles)
