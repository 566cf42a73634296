"""One session on this terminal: its bytes, in order and once, over as many connections as it takes."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from aether.cli.remote.api import Api
from aether.cli.remote.refusals import Refused
from aether.cli.remote.socket import NotNow, open_socket, problem_of

ACK_BYTES = 64 * 1024
BACK_OFF = (0.5, 10.0)
HELD_BYTES = 64 * 1024  # typed while there was no connection
PREFIX, DETACH = b"\x1d", b"d"  # Ctrl-] d
FINAL = {
    4001: Refused("Your sign-in has ended. Run: aether login", 3),
    4003: Refused("You may not open this terminal.", 3),
    4004: Refused("This terminal is gone.", 4),
}


class Screen(Protocol):
    """The person's side."""

    def show(self, data: bytes) -> None: ...
    def clear(self) -> None: ...
    def say(self, sentence: str) -> None: ...
    def size(self) -> tuple[int, int]:
        """Columns and rows."""


@dataclass(frozen=True)
class Ended:
    """How it ended: with the program's exit code, or None if the person detached."""

    exit_code: int | None


class Chord:
    """Takes what is typed apart: what goes to the machine, and whether Ctrl-] d was among it."""

    def __init__(self) -> None:
        self._prefixed = False

    def feed(self, typed: bytes) -> tuple[bytes, bool]:
        """What to send, and whether to detach. Ctrl-] twice sends one."""
        out = bytearray()
        for value in typed:
            key = bytes((value,))
            if self._prefixed:
                self._prefixed = False
                if key == DETACH:
                    return bytes(out), True
                out += key if key == PREFIX else PREFIX + key
            elif key == PREFIX:
                self._prefixed = True
            else:
                out += key
        return bytes(out), False


@dataclass
class Session:
    """A session that is watched and typed into until it ends or the person detaches."""

    api: Api
    terminal_id: str
    screen: Screen
    sleep: Callable[[float], Any] = asyncio.sleep
    epoch: int | None = None
    offset: int = 0
    _acknowledged: int = 0
    _socket: ClientConnection | None = None
    _held: bytearray = field(default_factory=bytearray)
    _detached: asyncio.Event = field(default_factory=asyncio.Event)
    _chord: Chord = field(default_factory=Chord)
    _sending: set["asyncio.Task[None]"] = field(default_factory=set)

    async def run(self) -> Ended:
        """Raises Refused for an end that no further try would change."""
        leaving = asyncio.create_task(self._detached.wait())
        staying = asyncio.create_task(self._stay())
        await asyncio.wait({leaving, staying}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if staying.done():
            return staying.result()
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)
        return Ended(None)

    def typed(self, data: bytes) -> None:
        """What the person typed. Without a connection it is held, up to a bound, and sent after."""
        out, detach = self._chord.feed(data)
        if detach:
            self.detach()
        elif out and self._socket is not None:
            self._send(out)
        elif out and len(self._held) + len(out) <= HELD_BYTES:
            self._held += out

    def detach(self) -> None:
        """Leave; the session goes on."""
        self._detached.set()

    def resized(self) -> None:
        cols, rows = self.screen.size()
        self._tell({"type": "resize", "cols": cols, "rows": rows})

    async def _stay(self) -> Ended:
        failures = 0
        while True:
            try:
                ended = await self._once()
                if ended is not None:
                    return ended
                failures = 0
            except (NotNow, OSError, TimeoutError):
                failures += 1
            if failures == 1 or not failures:
                self.screen.say("reconnecting …")
            longest = min(BACK_OFF[1], BACK_OFF[0] * 2**failures)
            await self.sleep(random.uniform(BACK_OFF[0], longest))  # noqa: S311 - spreads out who comes back

    async def _once(self) -> Ended | None:
        """One connection; None if it ended in a way that passes."""
        cols, rows = self.screen.size()
        query = f"cols={cols}&rows={rows}"
        if self.epoch is not None:
            query += f"&offset={self.offset}&epoch={self.epoch}"
        socket = await open_socket(self.api, f"/stream/terminal/{self.terminal_id}?{query}")
        try:
            async with socket:
                async for message in socket:
                    ended = self._received(socket, message)
                    if ended is not None:
                        return ended
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
            if code in FINAL:
                raise FINAL[code] from closed
        finally:
            self._socket = None
        if socket.close_code in FINAL:
            raise FINAL[socket.close_code]
        return None

    def _received(self, socket: ClientConnection, message: str | bytes) -> Ended | None:
        if isinstance(message, bytes):
            self.screen.show(message)
            self.offset += len(message)
            if self.offset - self._acknowledged >= ACK_BYTES:
                self._acknowledge()
            return None
        told = json.loads(message)
        match told["type"]:
            case "hello":
                self._begin(socket, told)
            case "epoch":
                self._anew(told)
            case "exit":
                return Ended(int(told["code"] or 0))
            case "problem":
                raise problem_of(told)
        return None

    def _begin(self, socket: ClientConnection, told: dict[str, Any]) -> None:
        if told["epoch"] != self.epoch:
            self._anew(told)
        self.offset = self._acknowledged = int(told["offset"])
        self._socket = socket
        if self._held:
            self._send(bytes(self._held))
            self._held.clear()

    def _anew(self, told: dict[str, Any]) -> None:
        """What follows is a whole screen."""
        self.screen.clear()
        self.epoch = told["epoch"]
        self.offset = self._acknowledged = int(told["offset"])

    def _acknowledge(self) -> None:
        self._acknowledged = self.offset
        self._tell({"type": "ack", "offset": self.offset})

    def _tell(self, message: dict[str, Any]) -> None:
        if self._socket is not None:
            self._send(json.dumps(message))

    def _send(self, data: str | bytes) -> None:
        task = asyncio.create_task(self._deliver(data, self._socket))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _deliver(self, data: str | bytes, socket: ClientConnection | None) -> None:
        try:
            if socket is not None:
                await socket.send(data)
        except ConnectionClosed:
            return  # the reader of this connection sees its end and opens another
