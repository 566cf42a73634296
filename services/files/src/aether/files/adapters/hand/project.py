"""The hand of one project: started when it is needed, ended when it has rested."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aether.contracts.ids import ProjectId
from aether.contracts.problem import Refusal
from aether.files.adapters.hand.bulk import Download, Upload
from aether.files.adapters.hand.resident import Part, Resident
from aether.files.adapters.hand.watches import OneWatch
from aether.files.deps.ports import WatchListener
from aether.kit.ssh import MachineConnections, MachineUnreachable

AT_ONCE = 64


class ProjectHand:
    """Holds the resident program and counts what else runs on the project's connection."""

    def __init__(self, connections: MachineConnections, project_id: ProjectId, rest_seconds: float) -> None:
        self._connections = connections
        self._project_id = project_id
        self._rest_seconds = rest_seconds
        self._resident: Resident | None = None
        self._starting = asyncio.Lock()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._bulks = 0
        self._asking = 0
        self._timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None

    async def ask(
        self, asked: dict[str, Any], payload: bytes = b"", *, part: Part | None = None, again: bool = False
    ) -> tuple[Any, bytes]:
        """An answer of the resident program. `again`: it changes nothing, so it is asked anew if it was lost."""
        self._asking += 1
        try:
            async with self._places:
                try:
                    return await (await self._found()).ask(asked, payload, part)
                except MachineUnreachable:
                    if not again:
                        raise
                return await (await self._found()).ask(asked, payload, part)
        finally:
            self._asking -= 1
            self._rest_later()

    async def download(self, asked: dict[str, Any]) -> Download:
        download = Download(self._bulk_over)
        self._bulks += 1
        await download.start(await self._connected(download), asked)
        return await download.begun()

    async def upload(self, asked: dict[str, Any], pieces: AsyncIterator[bytes]) -> Any:
        upload = Upload(self._bulk_over)
        self._bulks += 1
        await upload.start(await self._connected(upload), asked)
        return await upload.send(pieces)

    async def watch(self, listener: WatchListener) -> OneWatch:
        return (await self._found()).watches.add(listener)

    async def end(self, refusal: Refusal | None = None) -> None:
        """End what runs; whoever waits or watches is told."""
        if self._timer is not None:
            self._timer.cancel()
        resident, self._resident = self._resident, None
        if resident is not None:
            if refusal is not None:
                resident.ended(refusal)
            resident.end()
        await self._connections.drop(self._project_id)

    async def _connected(self, bulk: Download | Upload) -> Any:
        try:
            return await self._connections.get(self._project_id)
        except BaseException:
            bulk.let_go()
            raise

    async def _found(self) -> Resident:
        """The resident program, started if there is none."""
        async with self._starting:
            if self._resident is None or not self._resident.is_open:
                resident = Resident()
                await resident.start(await self._connections.get(self._project_id))
                self._resident = resident
            return self._resident

    def _bulk_over(self) -> None:
        self._bulks -= 1
        self._rest_later()

    def _rest_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._rest_seconds, self._rest)

    def _rest(self) -> None:
        """Nobody has asked for a while. While somebody watches or is sent bytes, look again later."""
        if self._busy:
            self._rest_later()
        else:
            self._resting = asyncio.get_running_loop().create_task(self._end_if_idle())

    async def _end_if_idle(self) -> None:
        async with self._starting:
            if not self._busy:  # nobody has come since
                await self.end()

    @property
    def _busy(self) -> bool:
        watched = self._resident is not None and not self._resident.rests
        return bool(self._asking or self._bulks or watched)
