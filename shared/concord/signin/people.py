"""The story's people and the services' own names, for local runs (api §1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or an application, that the local issuer knows."""

    subject: str
    name: str
    roles: tuple[str, ...]
    channel: str | None = None
    store: str | None = None
    team: str | None = None

    def claims(self) -> dict[str, Any]:
        """The claims that say who it is."""
        optional = {"channel": self.channel, "store": self.store, "team": self.team}
        given = {name: value for name, value in optional.items() if value is not None}
        return {"sub": self.subject, "name": self.name, "roles": list(self.roles), **given}


def _by_subject(*people: Person) -> Mapping[str, Person]:
    return {person.subject: person for person in people}


PEOPLE: Final = _by_subject(
    Person("marta", "Marta", ("offer_author",)),
    Person("nora", "Nora", ("offer_approver",)),
    Person("ana", "Ana", ("agent",), channel="call_center", team="retention"),
    Person("tom", "Tom", ("clerk",), channel="store_pos", store="12"),
    Person("linda", "Linda", ("customer",), channel="web"),
    Person("sam", "Sam", ("customer",), channel="web"),
    Person("supervisor", "Supervisor", ("supervisor",), channel="call_center", team="retention"),
    Person("campaign", "Campaign tool", ("campaign_tool",)),
    Person("operator", "Operator", ("operator",)),
    Person("auditor", "Auditor", ("auditor",)),
    Person("web", "Web application", ("service",), channel="web"),
    Person("sms", "SMS application", ("service",), channel="sms"),
)

# What each service is when it calls another (`client_id`).
CLIENTS: Final = _by_subject(
    Person("registry", "Offer registry", ("service",)),
    Person("profile", "Customer profile", ("service",)),
    PEOPLE["web"],
    Person("store_pos", "Store application", ("service",), channel="store_pos"),
    Person("call_center", "Call centre application", ("service",), channel="call_center"),
    PEOPLE["sms"],
)
