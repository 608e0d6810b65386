"""What authors and approvers do at the registry, as calls: from a draft to LIVE and away again (api §2)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from concord.cli.client import Answer, Concord
from concord.cli.errors import AnswerIsNo
from concord.cli.waiting import until

AUTHOR, APPROVER = "marta", "nora"
A_PAGE = 200


async def create(concord: Concord, key: str, terms: dict[str, Any], person: str = AUTHOR) -> dict[str, Any]:
    """A new offer whose version 1 is a draft."""
    answer = await concord.call("registry", "POST", "/v1/offers", person=person, json={"key": key, "terms": terms})
    return dict(answer.body)


async def revise(concord: Concord, offer: str, terms: dict[str, Any], person: str = AUTHOR) -> int:
    """A new draft of an offer; its version number."""
    path = f"/v1/offers/{offer}/versions"
    return int((await concord.call("registry", "POST", path, person=person, json={"terms": terms})).body["version"])


async def act(concord: Concord, offer: str, version: int, verb: str, person: str, **body: Any) -> Answer:
    """`submit`, `approve`, `reject` or `release` one version."""
    path = f"/v1/offers/{offer}/versions/{version}:{verb}"
    return await concord.call("registry", "POST", path, person=person, json=body or None)


async def bring_live(concord: Concord, offer: str, version: int) -> str:
    """Submit, approve by another person, release, and wait until it is LIVE; the token of that."""
    await act(concord, offer, version, "submit", AUTHOR)
    await act(concord, offer, version, "approve", APPROVER)
    await act(concord, offer, version, "release", AUTHOR)
    return await until_state(concord, offer, version, "LIVE")


async def withdraw(concord: Concord, offer: str, reason: str, person: str = AUTHOR) -> Answer:
    path = f"/v1/offers/{offer}/activation:withdraw"
    return await concord.call("registry", "POST", path, person=person, json={"reason": reason})


async def until_state(concord: Concord, offer: str, version: int, *states: str) -> str:
    """Wait until a version is in one of the states; the token of the answer that said so.

    Raises:
        NotUpToBound: it did not get there in time.
    """

    async def look() -> str | None:
        answer = await concord.call("registry", "GET", f"/v1/offers/{offer}/activation", person=AUTHOR)
        found = {row["version"]: row["state"] for row in answer.body["versions"]}
        return answer.view if found.get(version) in states else None

    return await until(look, f"version {version} of {offer} is {' or '.join(states)}")


async def read(concord: Concord, offer: str) -> dict[str, Any]:
    """The offer with its newest version."""
    return dict((await concord.call("registry", "GET", f"/v1/offers/{offer}", person=AUTHOR)).body)


async def fetch(concord: Concord, offer: str) -> dict[str, Any] | None:
    """The offer, or None when there is none of that key."""
    try:
        return await read(concord, offer)
    except AnswerIsNo as error:
        if error.reason == "offer_unknown":
            return None
        raise


async def terms_of(concord: Concord, offer: str, version: int) -> dict[str, Any]:
    answer = await concord.call("registry", "GET", f"/v1/offers/{offer}/versions/{version}", person=AUTHOR)
    return dict(answer.body["terms"])


async def listed(concord: Concord, **query: str) -> AsyncIterator[dict[str, Any]]:
    """Every offer that the filters of `GET /v1/offers` leave."""
    async for item in paged(concord, "/v1/offers", **query):
        yield item


async def paged(concord: Concord, path: str, **query: str) -> AsyncIterator[dict[str, Any]]:
    """Every item of a list of the registry."""
    after: str | None = ""
    while after is not None:
        pairs = {"limit": str(A_PAGE), "after": after} | query
        text = "&".join(f"{name}={value}" for name, value in pairs.items() if value)
        page = (await concord.call("registry", "GET", f"{path}?{text}", person=AUTHOR)).body
        for item in page["items"]:
            yield item
        after = page["next"]


async def release_jobs(concord: Concord, jobs: Sequence[str], approver: str = APPROVER) -> None:
    """Approve and release what import jobs brought or found there, and wait until all of it is past HONOURABLE."""
    for job in jobs:

        async def look(job: str = job) -> bool | None:
            path = f"/v1/jobs/{job}:approve"
            answer = await concord.call("registry", "POST", path, person=approver, json={"release": True})
            return True if answer.body["state"] == "done" else None

        await until(look, f"the offers of {job} are LIVE")
