"""Keeps the connection to one machine standing, with its socket and its way to the broker."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncssh
import structlog
from starlette.types import ASGIApp

from aether.agents.adapters.machine import link, scripts
from aether.agents.adapters.machine.channels import WINDOW, ChannelServer, Share
from aether.agents.adapters.machine.link import MachineLink
from aether.agents.deps.agents import Agents
from aether.agents.deps.ports import Machine
from aether.agents.store import machines as store
from aether.contracts.problem import Refusal
from aether.kit.postgres import DatabaseAway
from aether.kit.ssh import Connected, MachineConnections, MachineUnreachable

PROGRAM = (Path(__file__).parent / "program" / "aether.py").read_bytes()
FIRST_WAIT, LAST_WAIT = 0.1, 5.0
# Below those that a system gives to whoever asks for any, so that it stays ours while the connection is away.
PORTS = range(20_000, 32_000)
# How long the port of before is asked for, while the machine may not have noticed that the connection broke.
KEPT_PORT_TRIES, KEPT_PORT_WAIT = 20, 0.25
LOOPBACK = "127.0.0.1"

log = structlog.get_logger()


class AppFor(Protocol):
    """What a machine is answered by: all of it on its socket, or what its loopback port serves."""

    def __call__(self, machine: Machine, *, port_only: bool) -> ASGIApp: ...


class Keeper:
    """One machine of this process. `run` goes on until it is cancelled."""

    def __init__(self, row: store.Row, agents: Agents, connections: MachineConnections, app_for: AppFor) -> None:
        self.machine = Machine(row.project_id, row.account_id, row.machine_id, row.generation)
        self._agents = agents
        self._connections = connections
        self._apps = [app_for(self.machine, port_only=port_only) for port_only in (False, True)]
        self._servers: list[ChannelServer] = []
        self._port = row.port
        self._fit = row.fit
        self._changed = asyncio.Event()  # it is to be fitted anew
        self._ready: asyncio.Future[MachineLink] = asyncio.get_running_loop().create_future()
        self.refusal: Refusal = MachineUnreachable("The machine is not connected yet. Try again in a moment.")

    async def link(self) -> MachineLink:
        """The link, as soon as everything stands."""
        return await asyncio.shield(self._ready)

    def wish(self, fit: int) -> None:
        """The machine is to have what it may have by now; `fit` counts how often that was said."""
        if fit > self._fit:
            self._fit = fit
            self._changed.set()

    async def run(self) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                await self._stand()
                wait = FIRST_WAIT
            except Refusal as refusal:
                self._put_off(refusal)
            except Exception:
                # Whatever one machine does, it is tried again; the others are not concerned.
                log.exception("link.failed", project_id=str(self.machine.project_id))
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads the tries, hides nothing
            wait = min(2 * wait, LAST_WAIT)

    async def stop(self) -> None:
        """Let what is being answered be answered; ask for no more."""
        for server in self._servers:
            server.stop()
        for server in self._servers:
            await server.wait_idle()

    def _put_off(self, refusal: Refusal) -> None:
        if type(refusal) is not type(self.refusal):
            log.info("link.put_off", project_id=str(self.machine.project_id), because=refusal.type)
        self.refusal = refusal

    async def _stand(self) -> None:
        """Returns when the connection is lost. Raises a refusal if it cannot be made."""
        connected = await self._connect()
        lost = asyncio.ensure_future(connected.connection.wait_closed())
        try:
            await self._bring(connected, anew=True)
            async with self._serving(connected):
                log.info("link.stands", project_id=str(self.machine.project_id), port=self._port)
                while not lost.done():
                    await self._watch(connected, lost)
        except asyncssh.Error as error:
            raise MachineUnreachable("The machine does not let itself be connected.") from error
        finally:
            lost.cancel()
            connected.connection.abort()

    async def _connect(self) -> Connected:
        connected = await self._connections.get(self.machine.project_id)
        there = connected.machine
        if (there.machine_id, there.generation) != (self.machine.machine_id, self.machine.generation):
            await self._connections.drop(self.machine.project_id)
            raise MachineUnreachable("The machine has been replaced; the new one is not known yet.")
        return connected

    async def _watch(self, connected: Connected, lost: "asyncio.Future[None]") -> None:
        changed = asyncio.create_task(self._changed.wait())
        either: set[asyncio.Future[Any]] = {lost, changed}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        if self._changed.is_set() and not lost.done():
            await self._bring_anew(connected)

    async def _bring_anew(self, connected: Connected) -> None:
        """What stands does not fall because the database is away; it is brought when that is back."""
        try:
            await self._bring(connected)
        except DatabaseAway:
            await asyncio.sleep(FIRST_WAIT)
            self._changed.set()

    async def _bring(self, connected: Connected, *, anew: bool = False) -> None:
        """Folders, the program, and what the account's keys and the project's tokens let the machine have."""
        self._changed.clear()
        machine, home = self.machine, connected.machine.home_dir
        env = await self._agents.keys.injected(machine.account_id, machine.project_id)
        tokens = await self._agents.tokens.lines(machine.project_id)
        files = [
            (f"{home}/.aether/bin/aether", PROGRAM, 0o755),
            (f"{home}/.aether/authorized_keys", "".join(f"{line}\n" for line in tokens).encode(), 0o600),
            (f"{scripts.place(machine.machine_id)}/env", scripts.environment(env), 0o600),
        ]
        await link.run_whole(connected, scripts.fit(machine.machine_id, machine.generation, files, anew=anew))

    @asynccontextmanager
    async def _serving(self, connected: Connected) -> AsyncIterator[None]:
        """Socket and port answer, and the link is there for whoever waits for it."""
        share = Share()
        self._servers = [ChannelServer(app, share) for app in self._apps]
        connection, (on_socket, on_port) = connected.connection, self._servers
        path = f"{scripts.socket_folder(self.machine.machine_id)}/aether.sock"
        try:
            await connection.create_unix_server(on_socket.unix_session, path, encoding=None, window=WINDOW)
            port = await self._listen(connection, on_port)
            await self._note(port)
            self._ready.set_result(MachineLink(self.machine, connected, self._connections, port))
            yield
        finally:
            if self._ready.done():
                self._ready = asyncio.get_running_loop().create_future()
            self._servers = []

    async def _listen(self, connection: asyncssh.SSHClientConnection, server: ChannelServer) -> int:
        """The port of before, or one that is free. Raises asyncssh.ChannelListenError if there is none."""
        for _ in range(KEPT_PORT_TRIES if self._port else 0):
            assert self._port is not None
            if await self._listens(connection, server, self._port):
                return self._port
            await asyncio.sleep(KEPT_PORT_WAIT)
        for port in random.sample(PORTS, 20):
            if await self._listens(connection, server, port):
                return port
        raise asyncssh.ChannelListenError("No port is free")

    @staticmethod
    async def _listens(connection: asyncssh.SSHClientConnection, server: ChannelServer, port: int) -> bool:
        try:
            await connection.create_server(server.tcp_session, LOOPBACK, port, encoding=None, window=WINDOW)
        except asyncssh.ChannelListenError:
            return False
        return True

    async def _note(self, port: int) -> None:
        if port != self._port:
            self._port = port
            async with self._agents.transaction() as db:
                await store.set_port(db, self.machine.project_id, self.machine.generation, port)
