"""One request with bytes without end, on a channel of its own, no faster than they are taken."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from aether.contracts.problem import Refusal
from aether.files.adapters.hand.channel import Channel, begun
from aether.files.adapters.hand.frames import Garbled
from aether.files.adapters.hand.program.frames import body, frame
from aether.files.adapters.hand.refusals import refusal_of
from aether.kit.ssh import Connected

PIECE = 256 * 1024
# How much of a stream waits here before the machine has to wait.
HIGH, LOW = 1024 * 1024, 512 * 1024


class Bulk:
    """A channel whose program does one thing. `over` is called once, when it has ended or was let go."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        self._channel: Channel | None = None
        self._answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._let_go = False

    async def start(self, connected: Connected, asked: dict[str, Any]) -> None:
        try:
            self._channel = await begun(connected, self, "once", frame(asked))
        except BaseException:
            self.let_go()
            raise

    def let_go(self) -> None:
        """Whatever is unfinished will not be finished. May be called again."""
        if self._channel is not None:
            self._channel.end()
        if not self._let_go:
            self._let_go = True
            self._over()
        if self._answer.done() and not self._answer.cancelled():
            self._answer.exception()  # nobody may be left who asks for it
        else:
            self._answer.cancel()

    def heard(self, header: Any, payload: bytes) -> None:
        if header is None:
            self._piece(payload)
        elif not isinstance(header, dict) or self._answer.done():
            raise Garbled
        elif "refused" in header:
            self._answer.set_exception(refusal_of(header))
        else:
            self._answer.set_result(header.get("said"))

    def ended(self, refusal: Refusal) -> None:
        if not self._answer.done():
            self._answer.set_exception(refusal)

    def pause_sending(self) -> None: ...
    def resume_sending(self) -> None: ...

    def _piece(self, payload: bytes) -> None:
        raise Garbled


class Download(Bulk):
    """See ports.Stream."""

    def __init__(self, over: Callable[[], None]) -> None:
        super().__init__(over)
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._paused = False
        self._complete = False
        self._failed: Refusal | None = None
        self._came = asyncio.Event()

    async def begun(self) -> "Download":
        """Itself, once the program has said that the bytes will come. Raises its refusal."""
        try:
            await self._answer
        except BaseException:
            self.let_go()
            raise
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._complete:
                self.let_go()
                raise StopAsyncIteration
            if self._failed is not None:
                self.let_go()
                raise self._failed
            self._came.clear()
            await self._came.wait()
        return self._take()

    async def aclose(self) -> None:
        self.let_go()

    def ended(self, refusal: Refusal) -> None:
        super().ended(refusal)
        if not self._complete:
            self._failed = refusal
        self._came.set()

    def _take(self) -> bytes:
        piece = self._pieces.popleft()
        self._waiting -= len(piece)
        if self._paused and self._waiting <= LOW and self._channel is not None:
            self._paused = False
            self._channel.resume()
        return piece

    def _piece(self, payload: bytes) -> None:
        if payload:
            self._pieces.append(payload)
            self._waiting += len(payload)
        else:
            self._complete = True
        if self._waiting > HIGH and not self._paused and self._channel is not None:
            self._paused = True
            self._channel.pause()
        self._came.set()


class Upload(Bulk):
    """Sends a body and returns the answer."""

    def __init__(self, over: Callable[[], None]) -> None:
        super().__init__(over)
        self._may_send = asyncio.Event()
        self._may_send.set()

    async def send(self, pieces: AsyncIterator[bytes]) -> Any:
        """The answer, which may be a refusal before everything is sent. What `pieces` raises goes through."""
        self._answer.add_done_callback(lambda _: self._may_send.set())
        try:
            if await self._send_all(pieces):
                assert self._channel is not None
                self._channel.send(body(0))
            return await self._answer
        finally:
            self.let_go()

    async def _send_all(self, pieces: AsyncIterator[bytes]) -> bool:
        """False if the answer came before the end. Of a body that breaks off, what is on its way arrives."""
        try:
            async for piece in pieces:
                await self._send_piece(piece)
                if self._answer.done():
                    return False
        except BaseException:
            if self._channel is not None:
                self._channel.end_input()
                self._channel = None
            raise
        return True

    async def _send_piece(self, piece: bytes) -> None:
        assert self._channel is not None
        for at in range(0, len(piece), PIECE):
            await self._may_send.wait()
            if self._answer.done():
                return
            part = piece[at : at + PIECE]
            self._channel.send(body(len(part)), part)

    def pause_sending(self) -> None:
        if not self._answer.done():
            self._may_send.clear()

    def resume_sending(self) -> None:
        self._may_send.set()
