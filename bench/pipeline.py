"""P9: a state change in one service until its effect in another, one transaction on each side.

The two sides are two processes, as two services are; the clock is the machine's own, shared by both.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uvloop

from aether.contracts.event import consumed_by
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.service import Service
from aether.contracts.terminal import ActivitySeen
from aether.kit.bus import Bus
from aether.kit.consumer import Ear
from aether.kit.migrate import migrate
from aether.kit.outbox import Relay
from aether.kit.postgres import Database
from aether.kit.provision import provision_streams
from bench.figures import Figure, percentile


async def pipeline(nats_url: str, database_url: str, count: int) -> list[Figure]:
    await provision_streams(nats_url)
    await migrate(database_url, "terminal")
    await migrate(database_url, "machines")
    burst = await _run(nats_url, database_url, count, rate=None)
    steady = await _run(nats_url, database_url, 200 * 10, rate=200)
    rate, p99 = count / burst["seconds"], percentile(steady["delays"], 99) * 1e3
    return [
        Figure("P9", f"event pipeline, {count} at once", f"{rate:.0f}/s", reach="≥ 1,500/s", reached=rate >= 1500),
        Figure("P9", "event pipeline at 200/s, p99", f"{p99:.0f} ms", reach="≤ 250 ms", reached=p99 <= 250),
    ]


async def _run(nats_url: str, database_url: str, count: int, rate: float | None) -> dict[str, Any]:
    hearer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.pipeline", nats_url, database_url, str(count),
        stdout=asyncio.subprocess.PIPE, env={**os.environ}, limit=2**24,
    )  # fmt: skip
    assert hearer.stdout is not None
    assert await hearer.stdout.readline() == b"listening\n"
    async with (
        Database.connect(database_url, "terminal", size=8) as database,
        Bus.connect(nats_url, Service.TERMINAL) as bus,
    ):
        relay = asyncio.create_task(Relay(database, bus).run())
        began = time.time()
        await _tell(database, count, rate)
        told = json.loads(await hearer.stdout.readline())
        relay.cancel()
    await hearer.wait()
    return {"seconds": told["last"] - began, "delays": told["delays"]}


async def _tell(database: Database, count: int, rate: float | None) -> None:
    """`count` transactions, each with one event; eight at a time, or evenly at `rate` a second."""
    account = AccountId(new_id())

    async def one() -> None:
        async with database.transaction() as writer:
            event = ActivitySeen(
                account_id=account, project_id=ProjectId(new_id()), kind="input", seen_at=datetime.now(UTC)
            )
            writer.publish(event)

    async def some(number: int) -> None:
        for _ in range(number):
            await one()

    if rate is None:
        await asyncio.gather(*(some(count // 8) for _ in range(8)))
        return
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
            await asyncio.sleep(1 / rate)


async def hear(nats_url: str, database_url: str, count: int) -> None:
    """The other process: prints when it listens, and then what it saw, as JSON."""
    delays: list[float] = []
    done = asyncio.Event()
    async with (
        Database.connect(database_url, "machines", size=16) as database,
        Bus.connect(nats_url, Service.MACHINES) as bus,
    ):

        async def effect(event: Any, _deps: Any) -> None:
            async with database.transaction(event) as writer:
                await writer.fetchval("SELECT $1::uuid", UUID(str(event.event_id)))
            delays.append(time.time() - event.occurred_at.timestamp())
            if len(delays) >= count:
                done.set()

        ear = asyncio.create_task(
            Ear(bus, database, dict.fromkeys(consumed_by(Service.MACHINES), effect), None).run()
        )
        await asyncio.sleep(0.5)
        print("listening", flush=True)
        await asyncio.wait_for(done.wait(), 120)
        print(json.dumps({"last": time.time(), "delays": delays}), flush=True)
        ear.cancel()


if __name__ == "__main__":
    uvloop.run(hear(sys.argv[1], sys.argv[2], int(sys.argv[3])))
