"""The gateway's end of a tunnel."""

import asyncio
import json
from typing import Any

from aether.kit.grants import Right

from .conftest import Box


class Tunnel:
    """One connection to the tunnel's port, and what was answered to its head."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.head = ""

    @classmethod
    async def connect(cls, box: Box) -> "Tunnel":
        return cls(*await asyncio.open_connection("127.0.0.1", box.tunnel_port))

    @classmethod
    async def ask(cls, box: Box, port: int, right: Right = "connect", **grant: Any) -> "Tunnel":
        """With a grant for this port, unless `grant` says otherwise."""
        token = box.grant(right, **{"resource": str(port), **grant})
        return await cls.send(box, head(f"127.0.0.1:{port}", token))

    @classmethod
    async def send(cls, box: Box, data: bytes) -> "Tunnel":
        """With these very bytes, and the answer's head taken."""
        tunnel = await cls.connect(box)
        tunnel.writer.write(data)
        await tunnel.answered()
        return tunnel

    async def answered(self) -> None:
        async with asyncio.timeout(15):
            self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        self.status = int(self.head.split(" ")[1])

    async def problem(self) -> dict[str, Any]:
        """Why there is none; the connection has ended after it."""
        assert "application/problem+json" in self.head
        problem: dict[str, Any] = json.loads(await self.rest())
        assert problem["status"] == self.status
        await self.close()
        return problem

    async def rest(self) -> bytes:
        """Everything until the other side ends."""
        async with asyncio.timeout(30):
            return await self.reader.read()

    async def exchange(self, data: bytes) -> bytes:
        """What comes back for it, as many bytes as were sent."""
        self.writer.write(data)
        async with asyncio.timeout(15):
            return await self.reader.readexactly(len(data))

    async def close(self) -> None:
        self.writer.transport.abort()


def head(target: str, grant: str, *more: str, method: str = "CONNECT") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {target}", *more]
    if grant:
        lines.append(f"Authorization: Grant {grant}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def is_broken(tunnel: Tunnel) -> bool:
    """Whether it has ended without another byte."""
    try:
        return await tunnel.rest() == b""
    except ConnectionResetError:
        return True
    finally:
        await tunnel.close()
