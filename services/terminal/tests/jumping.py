"""A jump host and those who come to it: what agents would say of their keys, said by a few lines."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh

from aether.contracts.agents import AgentTokenView
from aether.contracts.ids import AccountId, AgentTokenId, ProjectId, new_id
from aether.contracts.problem import Unavailable
from aether.kit.ssh import MachineConnections
from aether.terminal.adapters import jump
from aether.terminal.deps.jumps import Jumps
from aether.testkit.machine import TestMachine


class Tokens:
    """Says what agents would say of keys, and notes which were used."""

    def __init__(self) -> None:
        self.known: dict[str, AgentTokenView] = {}
        self.used: list[AgentTokenId] = []
        self.away = False

    def give(self, key: asyncssh.SSHKey, project: ProjectId, account: AccountId) -> AgentTokenView:
        line = key.export_public_key().decode().strip()
        token = AgentTokenView(
            id=AgentTokenId(new_id()),
            account_id=account,
            project_id=project,
            name="laptop",
            public_key=line,
            fingerprint=key.get_fingerprint(),
            created_at=datetime.now(UTC),
        )
        self.known[line] = token
        return token

    def take_back(self, token: AgentTokenView) -> None:
        del self.known[token.public_key]

    async def find(self, public_key: str, *, used: bool = False) -> AgentTokenView | None:
        if self.away:
            raise Unavailable
        token = self.known.get(public_key)
        if used and token is not None:
            self.used.append(token.id)
        return token

    async def slug(self, token: AgentTokenView) -> str:
        return "demo"


class Jump:
    """A jump host with one agent that may use it."""

    def __init__(self, machine: TestMachine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.project = ProjectId(new_id())
        self.account = AccountId(new_id())
        self.tokens = Tokens()
        self.token = self.tokens.give(self.key, self.project, self.account)
        self.worked: list[AgentTokenView] = []
        self.jumps = Jumps(self.worked.append)
        self.connections = MachineConnections(machine.issue)
        self.host_key = jump.host_key(folder)

    async def start(self) -> None:
        self.acceptor = await jump.listen(
            ("127.0.0.1", 0), self.host_key, self.tokens, self.connections, self.jumps
        )

    @property
    def port(self) -> int:
        return self.acceptor.get_port()

    async def connect(self, key: asyncssh.SSHKey | None = None, **options: Any) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1",
            self.acceptor.get_port(),
            **{
                "username": "agent",
                "client_keys": [key or self.key],
                "known_hosts": ([self.host_key.convert_to_public()], [], []),
                "config": None,
                "agent_path": None,
                **options,
            },
        )

    async def stop(self) -> None:
        await jump.closed(self.acceptor)
        await self.connections.close()
