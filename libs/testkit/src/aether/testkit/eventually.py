"""Waiting for a condition instead of for a time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], *, within: float = 10, every: float = 0.01
) -> None:
    """Return as soon as `condition` holds; fail the test if it does not `within` so many seconds.

    The condition may be a function or a coroutine function.
    """
    end = time.monotonic() + within
    while True:
        answer = condition()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        assert time.monotonic() < end, f"this did not become true within {within} s: {condition}"
        await asyncio.sleep(every)
