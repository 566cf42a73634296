"""Programs that run inside the machine, started through SSH and ended with the block that needs them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncssh

from aether.cli.embedded.ports import any_free_port

LISTEN = """
import ctypes, socket, sys, threading
name, address, port = {name!r}, {address!r}, {port}
if name:
    ctypes.CDLL(None).prctl(15, name.encode()[:15], 0, 0, 0)
server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((address, port))
server.listen(100)
print("ready", flush=True)
"""

# What a program may go on with that listens.
ECHO = """
def serve(client):
    while data := client.recv(65536):
        client.sendall(data)
    client.close()
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""


@dataclass
class Program:
    """One that runs; `port` is the one that it was told to listen on."""

    process: asyncssh.SSHClientProcess[str]
    port: int = 0

    async def says(self) -> str:
        """Its next line."""
        return (await self.process.stdout.readline()).strip()

    async def tell(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        await self.process.stdin.drain()

    @classmethod
    @asynccontextmanager
    async def python(
        cls, inside: asyncssh.SSHClientConnection, code: str, port: int = 0
    ) -> "AsyncIterator[Program]":
        """Code that says `ready` when it is."""
        # The code goes by stdin and not by argument, so that it may read what follows it.
        command = "exec python3 -c 'import sys; exec(sys.stdin.read(int(sys.stdin.readline())))'"
        process = await inside.create_process(command)
        process.stdin.write(f"{len(code)}\n{code}")
        program = cls(process, port)
        try:
            said = await program.says()
            assert said == "ready", said + str(await process.stderr.read())
            yield program
        finally:
            # Where there is no PTY a channel that closes is no signal; the end of its input is, for `watch`.
            process.kill()
            process.close()
            await process.wait_closed()

    @classmethod
    @asynccontextmanager
    async def listening(
        cls, inside: asyncssh.SSHClientConnection, address: str, *, then: str = "", port: int = 0, name: str = ""
    ) -> "AsyncIterator[Program]":
        """Listens, and then does what `then` says with its `server`; else it waits for the end of its input."""
        port = port or any_free_port()
        code = LISTEN.format(name=name, address=address, port=port) + (then or "sys.stdin.read()")
        async with cls.python(inside, code, port) as program:
            yield program

    @classmethod
    @asynccontextmanager
    async def http(cls, inside: asyncssh.SSHClientConnection) -> "AsyncIterator[Program]":
        """`python3 -m http.server` in its workspace."""
        port = any_free_port()
        process = await inside.create_process(f"cd; exec python3 -u -m http.server --bind 127.0.0.1 {port}")
        try:
            assert "Serving HTTP" in await process.stdout.readline()
            yield cls(process, port)
        finally:
            process.kill()
            process.close()
            await process.wait_closed()
