"""An embedded nats-server: JetStream on disk, one loopback port, an nkey user for each service."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aether.cli.embedded.identities import Identity
from aether.cli.embedded.ports import LOOPBACK


@dataclass(frozen=True)
class NatsUser:
    """Who may connect, by the public half of an nkey, and the subjects they may use.

    `None` means every subject; an empty tuple means none.
    """

    public_key: str
    publish: Sequence[str] | None = None
    subscribe: Sequence[str] | None = None

    def entry(self) -> dict[str, Any]:
        """The user in the server's configuration."""
        if self.publish is None and self.subscribe is None:
            return {"nkey": self.public_key}
        permissions = {"publish": _allowed(self.publish), "subscribe": _allowed(self.subscribe)}
        return {"nkey": self.public_key, "permissions": permissions}


def _allowed(subjects: Sequence[str] | None) -> dict[str, list[str]]:
    if subjects is None:
        return {"allow": [">"]}
    return {"allow": list(subjects)} if subjects else {"deny": [">"]}


@dataclass(frozen=True)
class NatsServer:
    """Where the server's store lies, who runs it and whom it lets in; with no users, anybody.

    `durable=False` is for tests: what was acknowledged survives kill -9, not power loss.
    """

    program: Path
    folder: Path
    port: int
    identity: Identity
    users: Sequence[NatsUser] = field(default=(), repr=False)
    durable: bool = True

    @property
    def url(self) -> str:
        """Where clients connect; no credential is in it."""
        return f"nats://{LOOPBACK}:{self.port}"

    def configuration(self) -> dict[str, Any]:
        """The whole configuration; the server reads JSON as well as its own form."""
        store: dict[str, Any] = {"store_dir": str(self.folder / "store")}
        if self.durable:
            store["sync_interval"] = "always"
        configuration: dict[str, Any] = {
            "listen": f"{LOOPBACK}:{self.port}",
            "server_name": "aether",
            "jetstream": store,
            "max_payload": 1024 * 1024,
            "lame_duck_duration": "30s",
        }
        if self.users:
            configuration["authorization"] = {"users": [user.entry() for user in self.users]}
        return configuration

    def write(self) -> None:
        """Write the configuration, readable by the server's identity alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.identity.own(self.folder, 0o700)
        path = self._configuration_file
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.configuration(), indent=2))
        self.identity.own(path, 0o600)

    @property
    def _configuration_file(self) -> Path:
        return self.folder / "nats.conf"

    def command(self) -> list[str]:
        """What runs the server in the foreground. SIGTERM stops it."""
        return [str(self.program), "--config", str(self._configuration_file)]

    async def accepts(self) -> bool:
        """Whether the server greets a client and says JetStream is there.

        It opens its port only after the store was recovered, so a greeting means ready.
        """
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
                greeting = await reader.readline()
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError):
            return False
        return greeting.startswith(b"INFO ") and bool(json.loads(greeting[5:]).get("jetstream"))

    async def wait_until_accepting(self, deadline: float) -> bool:
        """Poll until the server answers or `deadline` seconds passed; says which."""
        end = time.monotonic() + deadline
        while not await self.accepts():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.02)
        return True
