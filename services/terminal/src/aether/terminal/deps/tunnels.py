"""The connections into machines that are open, so that they can be counted, cut and closed."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

from aether.contracts.ids import ProjectId
from aether.kit.grants import Grant
from aether.terminal.errors import TooManyTunnels


class Tunnel(Protocol):
    """One connection; `grant` is what it was opened with."""

    grant: Grant

    def close(self) -> None:
        """After what was written has been sent."""
        ...

    def abort(self) -> None: ...


class Tunnels:
    """All of this process. `limit` is for one project."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: dict[ProjectId, set[Tunnel]] = defaultdict(set)
        self._left = asyncio.Event()

    def enter(self, tunnel: Tunnel) -> None:
        """Take a place. Raises TooManyTunnels if there is none."""
        project_id = tunnel.grant.project_id
        if self.count(project_id) >= self._limit:
            raise TooManyTunnels(self._limit)
        self._open[project_id].add(tunnel)

    def leave(self, tunnel: Tunnel) -> None:
        project_id = tunnel.grant.project_id
        there = self._open.get(project_id)
        if there is not None:
            there.discard(tunnel)
            if not there:
                del self._open[project_id]
        self._left.set()

    def count(self, project_id: ProjectId) -> int:
        return len(self._open.get(project_id, ()))

    def drop(self, project_id: ProjectId) -> None:
        """The machine is gone, so who waits for it is told at once."""
        for tunnel in list(self._open.get(project_id, ())):
            tunnel.abort()

    def cut(self, condition: Callable[[Grant], bool]) -> None:
        for tunnel in self._all():
            if condition(tunnel.grant):
                tunnel.abort()

    async def stop(self, patience: float = 1.5) -> None:
        """Close all of them, and break off those that take longer than `patience` seconds."""
        for tunnel in self._all():
            tunnel.close()
        try:
            async with asyncio.timeout(patience):
                await self._all_left()
        except TimeoutError:
            for tunnel in self._all():
                tunnel.abort()

    async def _all_left(self) -> None:
        while self._all():
            self._left.clear()
            await self._left.wait()

    def _all(self) -> list[Tunnel]:
        return [tunnel for there in self._open.values() for tunnel in there]
