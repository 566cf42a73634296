"""A consumer may die at any moment: the next one takes over, and no event is lost or has its effect twice."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Callable
from functools import partial
from typing import Any

from aether.testkit.eventually import eventually

EVENTS = 2000


async def started(command: list[str]) -> Process:
    return await asyncio.create_subprocess_exec(*command)


async def has_begun(stage: Any, floor: int) -> bool:
    return bool(await stage.count("effect") >= floor)


async def test_another_takes_over_from_a_consumer_killed_in_the_stream(
    stage: Any, said: Any, program: Callable[[str], list[str]]
) -> None:
    await stage.set_ack_wait(2)
    for start in range(0, EVENTS, 500):
        await stage.say(*(said(generation=n) for n in range(start, start + 500)))
    command = [*program("hear.py"), stage.nats_url, stage.database_url]
    for floor in (1, 500, 1000):
        killed = await started(command)
        await eventually(partial(has_begun, stage, floor), within=30)
        killed.kill()
        await killed.wait()
    assert await stage.unacknowledged() > 0
    heir = await started(command)

    async def all_settled() -> bool:
        return bool(await stage.unacknowledged() == 0)

    await eventually(all_settled, within=60)
    heir.terminate()
    await heir.wait()
    assert sorted(await stage.effects()) == list(range(EVENTS))
    assert await stage.count("dead_letter") == 0
