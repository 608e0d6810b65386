"""Producers and consumers with every default that matters stated; some of aiokafka's own lose or skip records."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from concord.contracts.topics import Cleanup, Topic
from concord.eventlog.errors import LogUnavailable

REQUEST_TIMEOUT = 5_000  # ms
METADATA_AGE = 30_000  # ms
BATCH = 256 * 1024  # bytes; one batch a partition is in flight
LARGEST = 4 * 1024 * 1024  # bytes of one record; the largest real offer (14,477 SKUs) has 160 KB
FETCH = 8 * 1024 * 1024  # bytes
COPIES = 3  # of each record, where there are so many brokers
SEND_DEADLINE = 10.0  # s; aiokafka retries for ever by itself

_LOST = (KafkaError, OSError, TimeoutError)


@asynccontextmanager
async def producer(bootstrap: str, *, client_id: str) -> AsyncIterator[AIOKafkaProducer]:
    """A started idempotent producer that waits for all replicas and lingers for nothing.

    Raises:
        LogUnavailable: Kafka does not answer.
    """
    made = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=BATCH,
        max_request_size=LARGEST,
        compression_type=None,
        request_timeout_ms=REQUEST_TIMEOUT,
        retry_backoff_ms=50,
        metadata_max_age_ms=METADATA_AGE,
        connections_max_idle_ms=540_000,
    )
    async with _started(made):
        yield made


@asynccontextmanager
async def consumer(bootstrap: str, *, client_id: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer without a group: assign and seek it.

    Raises:
        LogUnavailable: Kafka does not answer.
    """
    made = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        fetch_min_bytes=1,
        fetch_max_wait_ms=500,
        fetch_max_bytes=FETCH,
        max_partition_fetch_bytes=FETCH,
        request_timeout_ms=REQUEST_TIMEOUT,
        retry_backoff_ms=50,
        metadata_max_age_ms=METADATA_AGE,
        connections_max_idle_ms=540_000,
        check_crcs=True,
    )
    async with _started(made):
        yield made


@asynccontextmanager
async def _started(client: AIOKafkaProducer | AIOKafkaConsumer) -> AsyncIterator[None]:
    try:
        await client.start()
    except _LOST as error:
        await client.stop()
        raise LogUnavailable from error
    except BaseException:  # cancelled: what was opened must be closed all the same
        await client.stop()
        raise
    try:
        yield
    finally:
        # A producer that stops flushes what it holds, for ever if the broker is gone.
        try:
            async with asyncio.timeout(SEND_DEADLINE):
                await client.stop()
        except _LOST:
            pass
        except asyncio.CancelledError:
            # aiokafka awaits the fetches it cancels; of one that was failing the CancelledError comes out here although
            # nobody cancelled this task, and a task that ends so ends without a word.
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise


async def ensure_topics(bootstrap: str, topics: Sequence[Topic]) -> None:
    """Create the topics that are missing; those that are there stay as they are.

    Raises:
        LogUnavailable: Kafka does not answer.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, client_id="concord-topics", request_timeout_ms=REQUEST_TIMEOUT
    )
    try:
        await admin.start()
        brokers = len((await admin.describe_cluster())["brokers"])
        wanted = [_new(topic, copies=min(brokers, COPIES)) for topic in topics]
        answer = await admin.create_topics(wanted, timeout_ms=REQUEST_TIMEOUT)
    except _LOST as error:
        raise LogUnavailable from error
    finally:
        await admin.close()
    for _name, code, *_rest in answer.topic_errors:
        failure = for_code(code)
        if code and failure is not TopicAlreadyExistsError:
            raise LogUnavailable(f"Kafka did not create a topic: {failure.__name__}.")


def _new(topic: Topic, *, copies: int) -> NewTopic:
    settings = {"cleanup.policy": topic.cleanup.value, "max.message.bytes": str(LARGEST)}
    if topic.cleanup is Cleanup.COMPACT:
        # A view that was down longer than delete.retention.ms would keep what was erased.
        settings |= {
            "delete.retention.ms": str(7 * 86_400_000),
            "segment.ms": str(3_600_000),
            "min.compaction.lag.ms": str(60_000),
        }
    return NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=copies, topic_configs=settings)
