"""The profile between two logs: offers in, households out, on a real Kafka."""

from datetime import UTC, datetime

import pytest

from concord.contracts.cloudevents import Envelope, encode
from concord.contracts.records import HouseholdRecord, PromiseRecord
from concord.contracts.topics import HOUSEHOLDS, OFFER_CHANGED, OFFERS
from concord.eventlog import client
from concord.eventlog.partition import partition_of
from concord.testkit.log import reading
from customer_profile.catalogue import Catalogue
from integration.profile_client import Client, FakeRegistry, serving


async def publish(bootstrap: str, revision: int, key: str, state: str) -> None:
    """An offer's record, as the registry's relay sends it."""
    told = FakeRegistry()
    told.publish(state, key=key)
    [change] = told.records
    envelope = Envelope(
        id=f"test:{revision}",
        source="/test",
        type=OFFER_CHANGED,
        time=datetime.now(UTC),
        revision=revision,
        log=1,
        epoch=1,
        changeset_end=True,
    )
    await client.ensure_topics(bootstrap, [OFFERS, HOUSEHOLDS])
    async with client.producer(bootstrap, client_id="test") as producer:
        value = change.model_dump_json(include={"value"}).removeprefix('{"value":')[:-1].encode()
        await producer.send_and_wait(OFFERS.name, value, change.key.encode(), partition=0, headers=encode(envelope))


async def knows(profile: Client, key: str, revision: int) -> None:
    """Wait until the profile's copy has the offer at the revision."""
    catalogue: Catalogue = profile.parts.profile.offers.catalogue
    assert await catalogue.reaches(revision, 20)
    assert catalogue.offer(key) is not None


@pytest.mark.timeout(180)
async def test_profile_follows_offers_and_publishes_households(postgres_url: str, kafka_bootstrap: str) -> None:
    key = "profile-log-offer"
    await publish(kafka_bootstrap, 1_000_000_001, key, "LIVE")
    registry = FakeRegistry(down=True)
    async with serving(postgres_url, bootstrap=kafka_bootstrap, registry=registry) as profile:
        await knows(profile, key, 1_000_000_001)
        household = await profile.household()
        made = (await profile.promise(household, offer=key)).json()
        assert (made["offer"], registry.asked) == (key, 0)
        async with reading(kafka_bootstrap, HOUSEHOLDS) as log:
            mine = f"{household['id']}/{made['id']}"
            seen = await log.until(lambda records: any(record.key == mine for record in records))
        [first, second] = [record for record in seen if record.key.startswith(household["id"])]
        assert {first.partition, second.partition} == {partition_of(household["id"], HOUSEHOLDS.partitions)}
        assert (first.envelope.revision, second.envelope.revision) == (1, 2)
        assert first.envelope.source == "/customer-profile"
        assert HouseholdRecord.parse(first.value or b"").id == household["id"]
        assert PromiseRecord.parse(second.value or b"").offer_key == key
        lines = [{"ref": f"hh-{number}", "data": {"members": [{"ref": "one"}]}} for number in range(50)]
        assert (await profile.imported("households", lines))["accepted"] == 50
    async with serving(postgres_url, registry=registry) as profile:
        assert (await profile.promise(household, offer=key)).status_code == 201
        await publish(kafka_bootstrap, 1_000_000_002, key, "SUSPENDED")
    async with serving(postgres_url, bootstrap=kafka_bootstrap, registry=registry) as profile:
        await knows(profile, key, 1_000_000_002)
        refused = await profile.promise(household, offer=key)
        assert (refused.status_code, refused.json()["reason"]) == (503, "not_up_to_bound")
