"""The one job that makes streams, consumers, roles and schemas; services only use them.

    python -m aether.kit.provision

Environment: AETHER_NATS_URL and AETHER_NATS_SEED_FILE (a user that may do all), AETHER_DATABASE_URL and
PGPASSFILE (a superuser), AETHER_SECRETS_DIR (a folder with `<service>.pgpass`, whose last field becomes the
role's password; without it, roles are left as they are). It may be run at any time and any number of times.
A stream that was missing is made, and what the services' outboxes still hold for it is published again.
"""

import asyncio
import os
from pathlib import Path

import asyncpg
import nats
import structlog
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from aether.contracts import catalog
from aether.contracts.service import Service
from aether.contracts.streams import (
    DUPLICATE_WINDOW_SECONDS,
    RETENTION_SECONDS,
    STREAMS,
    Consumer,
    Stream,
    consumers,
)
from aether.kit.consumer import ACK_WAIT_SECONDS

assert catalog.EVENTS, "the streams follow from the contracts, so these are read first"

log = structlog.get_logger()


async def provision_streams(url: str, *, seed_file: Path | None = None) -> list[str]:
    """Create or update every stream and durable consumer. Answers the names of streams that were missing."""
    options = {"nkeys_seed": str(seed_file)} if seed_file else {}
    # A job, unlike a service, fails where it cannot connect, and whoever ran it says so.
    client = await nats.connect(url, connect_timeout=5, allow_reconnect=False, max_reconnect_attempts=1, **options)
    try:
        jetstream = client.jetstream(timeout=10)
        made = [stream.name for stream in STREAMS if await _ensure_stream(jetstream, stream)]
        await asyncio.gather(*(_ensure_consumer(jetstream, consumer) for consumer in consumers()))
        return made
    finally:
        await client.close()


async def _ensure_stream(jetstream: JetStreamContext, stream: Stream) -> bool:
    config = StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_age=RETENTION_SECONDS,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_direct=True,
    )
    try:
        await jetstream.update_stream(config)
    except NotFoundError:
        await jetstream.add_stream(config)
        return True
    return False


async def _ensure_consumer(jetstream: JetStreamContext, consumer: Consumer) -> None:
    await jetstream.add_consumer(
        consumer.stream,
        ConsumerConfig(
            durable_name=consumer.durable,
            filter_subjects=list(consumer.filter_subjects),
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_deliver=-1,  # parking is ours: JetStream would only stop delivering
            max_ack_pending=1024,
        ),
    )


async def provision_database(url: str, secrets: Path | None) -> None:
    """A role and a schema for each service; the role owns its schema and sees no other."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        for service in Service:
            await _ensure_role(connection, service, secrets)
    finally:
        await connection.close()


async def _ensure_role(
    connection: "asyncpg.Connection[asyncpg.Record]", service: Service, secrets: Path | None
) -> None:
    role = f"aether_{service}"
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f'CREATE ROLE "{role}" LOGIN')
    if secrets is not None:
        password = (secrets / f"{service}.pgpass").read_text(encoding="utf-8").strip().rsplit(":", 1)[-1]
        # ALTER ROLE takes no parameters; format() with %L quotes the literal on the server's side.
        order = await connection.fetchval(
            "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", role, password
        )
        await connection.execute(order)
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{service}" AUTHORIZATION "{role}"')


async def refill(url: str, streams: list[str]) -> int:
    """Mark what the outboxes hold for these streams as unpublished; answers how many events that is.

    Consumers that had them before find them in their inbox, so nothing happens twice.
    """
    roots = [s.split(".")[0] for stream in STREAMS if stream.name in streams for s in stream.subjects]
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return sum([await _refill_one(connection, service, roots) for service in Service])
    finally:
        await connection.close()


async def _refill_one(connection: "asyncpg.Connection[asyncpg.Record]", service: Service, roots: list[str]) -> int:
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{service}.outbox"):
        return 0
    tag = await connection.execute(
        f"""
        UPDATE "{service}".outbox SET published_at = NULL
        WHERE published_at IS NOT NULL AND split_part(subject, '.', 1) = ANY($1::text[])""",
        roots,
    )
    return int(tag.rsplit(" ", 1)[-1])


async def provision() -> None:
    seed, secrets = os.environ.get("AETHER_NATS_SEED_FILE"), os.environ.get("AETHER_SECRETS_DIR")
    database_url = os.environ["AETHER_DATABASE_URL"]
    await provision_database(database_url, Path(secrets) if secrets else None)
    made = await provision_streams(os.environ["AETHER_NATS_URL"], seed_file=Path(seed) if seed else None)
    refilled = await refill(database_url, made) if made else 0
    log.info("provisioned", streams_made=made, events_refilled=refilled)


if __name__ == "__main__":
    asyncio.run(provision())
