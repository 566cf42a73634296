"""The connections this process keeps: one for each machine that runs and that no other process has taken."""

import asyncio
import contextlib
import platform
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog

from aether.agents.adapters.machine.keeper import AppFor, Keeper
from aether.agents.adapters.machine.link import MachineLink
from aether.agents.deps.agents import Agents
from aether.agents.deps.ports import Link, Machine
from aether.agents.settings import AgentsSettings
from aether.agents.store import machines as store
from aether.contracts.ids import AccountId, ProjectId
from aether.kit.postgres import DatabaseAway, Writer
from aether.kit.ssh import Issue, MachineConnections, MachineUnreachable

# A process that is gone for this long has lost its machines to whoever looks next.
LEASE = timedelta(seconds=8)
LOOK_SECONDS = 2.0
# How long someone who asks for a link waits for it to stand.
READY_SECONDS = 15.0
STOP_SECONDS = 1.0

log = structlog.get_logger()


def identity(settings: AgentsSettings) -> UUID:
    """Of the process at this host's port: one that is started again there has what the one before it had."""
    return uuid5(NAMESPACE_URL, f"agents://{platform.node()}:{settings.port}")


class SshLinks:
    """See ports.Links. `app_for` makes what a machine is answered by."""

    def __init__(self, agents: Agents, issue: Issue, app_for: AppFor) -> None:
        self._agents = agents
        self._app_for = app_for
        self._connections = MachineConnections(issue)
        self._me = identity(agents.settings)
        self._keepers: dict[ProjectId, tuple[Keeper, asyncio.Task[None]]] = {}
        self._wished = asyncio.Event()
        self._came = asyncio.Condition()
        self._wishes: set[asyncio.Task[None]] = set()
        self._closing = False
        self._moving = asyncio.Lock()  # one change at a time of which machines are ours

    async def run(self) -> None:
        """Keep what is ours, and take what nobody keeps."""
        while True:
            self._wished.clear()
            try:
                await self.look()
            except DatabaseAway:
                log.warning("links.not_claimed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wished.wait(), LOOK_SECONDS)

    async def close(self) -> None:
        """Leave the machines to whoever comes, once what they asked has been answered."""
        self._closing = True
        keepers = [keeper for keeper, _ in self._keepers.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(keeper.stop() for keeper in keepers))
        async with self._moving:
            for project_id in list(self._keepers):
                await self._let_go(project_id)
        await self._connections.close()
        async with self._agents.transaction() as db:
            await store.release(db, self._me)

    async def begin(self, db: Writer, machine: Machine) -> None:
        row = store.Row(machine.project_id, machine.account_id, machine.machine_id, machine.generation)
        await store.begin(db, row, self._me, LEASE)

    async def end(self, db: Writer, project_id: ProjectId, generation: int | None = None) -> None:
        await store.end(db, project_id, generation)

    async def get(self, project_id: ProjectId) -> Link:
        try:
            async with asyncio.timeout(READY_SECONDS):
                return await self._standing(project_id)
        except TimeoutError:
            raise self._refusal(project_id) from None

    def refit(self, account_id: AccountId, project_id: ProjectId | None = None) -> None:
        wish = asyncio.create_task(self._wish(account_id, project_id))
        self._wishes.add(wish)
        wish.add_done_callback(self._wishes.discard)

    async def _wish(self, account_id: AccountId, project_id: ProjectId | None) -> None:
        """Said in the database, so that it reaches a machine that another process keeps."""
        try:
            async with self._agents.transaction() as db:
                await store.wish_fit(db, account_id, project_id)
        except DatabaseAway:
            await asyncio.sleep(LOOK_SECONDS)
            self.refit(account_id, project_id)
        self._wished.set()

    async def _standing(self, project_id: ProjectId) -> Link:
        """The link, whoever keeps it. Waits until there is one."""
        link: Link | None
        while True:
            if project_id in self._keepers:
                link = await self._kept(*self._keepers[project_id])
            else:
                link = await self._elsewhere(project_id)
                if link is None:
                    await self._more()
            if link is not None:
                return link

    @staticmethod
    async def _kept(keeper: Keeper, task: "asyncio.Task[None]") -> Link | None:
        """None if the machine was let go of before it stood."""
        ready = asyncio.create_task(keeper.link())
        try:
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
            return ready.result() if ready.done() else None
        finally:
            ready.cancel()

    async def _elsewhere(self, project_id: ProjectId) -> Link | None:
        """The machine that another process keeps, over a connection of our own."""
        async with self._agents.reading() as db:
            row = await store.get(db, project_id)
        if row is None or row.port is None:
            return None
        connected = await self._connections.get(project_id)
        machine = Machine(row.project_id, row.account_id, row.machine_id, row.generation)
        return MachineLink(machine, connected, self._connections, row.port)

    async def _more(self) -> None:
        """Until a machine has come to us, or for half a second, in which another process may have got it ready."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5), self._came:
                await self._came.wait()

    def _refusal(self, project_id: ProjectId) -> Exception:
        if project_id in self._keepers:
            return self._keepers[project_id][0].refusal
        return MachineUnreachable("The project's machine does not run, or has just begun to.")

    async def look(self) -> None:
        async with self._moving:
            if self._closing:
                return
            async with self._agents.transaction() as db:
                rows = {row.project_id: row for row in await store.claim(db, self._me, LEASE)}
            for project_id in self._keepers.keys() - rows.keys():
                await self._let_go(project_id)
            for row in rows.values():
                await self._keep(row)
        async with self._came:
            self._came.notify_all()

    async def _keep(self, row: store.Row) -> None:
        present = self._keepers.get(row.project_id)
        if present is not None and present[0].machine.generation == row.generation:
            present[0].wish(row.fit)
            return
        await self._let_go(row.project_id)
        keeper = Keeper(row, self._agents, self._connections, self._app_for)
        self._keepers[row.project_id] = keeper, asyncio.create_task(keeper.run(), name=f"link {row.project_id}")

    async def _let_go(self, project_id: ProjectId) -> None:
        _, task = self._keepers.pop(project_id, (None, None))
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        await self._connections.drop(project_id)
