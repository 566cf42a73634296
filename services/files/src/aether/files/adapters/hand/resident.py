"""The resident program of one machine: many requests at once over one channel."""

import asyncio
from collections.abc import Callable
from typing import Any

from aether.contracts.problem import Refusal
from aether.files.adapters.hand.channel import Channel, begun
from aether.files.adapters.hand.frames import Garbled
from aether.files.adapters.hand.program.frames import frame
from aether.files.adapters.hand.refusals import refusal_of
from aether.files.adapters.hand.watches import Watches
from aether.files.errors import MachineFailed
from aether.kit.ssh import Connected

ANSWER_SECONDS = 150.0

Part = Callable[[Any], None]


class Asked:
    """One request on its way: who waits for it, and who takes its parts."""

    def __init__(self, part: Part | None) -> None:
        self.answer: asyncio.Future[tuple[Any, bytes]] = asyncio.get_running_loop().create_future()
        self.part = part

    def refuse(self, refusal: Refusal) -> None:
        if not self.answer.done():
            self.answer.set_exception(refusal)


class Resident:
    """A running program. Ended, it stays so; the next request starts another."""

    def __init__(self) -> None:
        self.watches = Watches(self._look)
        self._asked: dict[int, Asked] = {}
        self._next = 0
        self._channel: Channel | None = None

    async def start(self, connected: Connected) -> None:
        """Raises a refusal if there can be no channel."""
        self._channel = await begun(connected, self, "serve")

    @property
    def is_open(self) -> bool:
        return self._channel is not None and self._channel.is_open

    @property
    def rests(self) -> bool:
        return not self._asked and not self.watches

    async def ask(self, asked: dict[str, Any], payload: bytes, part: Part | None) -> tuple[Any, bytes]:
        """The answer and its payload. Whoever stops waiting has the request cancelled in the machine."""
        number = self._next = self._next + 1
        waiting = self._asked[number] = Asked(part)
        self._send({"id": number, **asked}, payload)
        if not self.is_open:
            del self._asked[number]
            raise MachineFailed("The program that works on files in the machine has just ended. Try again.")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await waiting.answer
        except TimeoutError:
            raise MachineFailed("The machine took too long for this.") from None
        finally:
            if self._asked.pop(number, None) is not None and not _answered(waiting):
                self._send({"cancel": number})

    def end(self) -> None:
        if self._channel is not None:
            self._channel.end()

    # What the channel tells.

    def heard(self, header: Any, payload: bytes) -> None:
        if not isinstance(header, dict):
            raise Garbled
        if "id" in header:
            self._answer(header, payload)
        else:
            self.watches.heard(header)

    def ended(self, refusal: Refusal) -> None:
        for waiting in list(self._asked.values()):
            waiting.refuse(refusal)
        self.watches.ended(refusal)

    def pause_sending(self) -> None:
        """What is sent here is small, and bounded by how many may ask."""

    def resume_sending(self) -> None:
        """See pause_sending."""

    def _answer(self, header: dict[str, Any], payload: bytes) -> None:
        waiting = self._asked.get(header["id"])
        if waiting is None or waiting.answer.done():
            return  # nobody waits any more
        if "part" in header:
            if waiting.part is not None:
                waiting.part(header["part"])
        elif "refused" in header:
            waiting.refuse(refusal_of(header))
        else:
            waiting.answer.set_result((header.get("said"), payload))

    def _look(self, look: dict[str, Any]) -> None:
        self._send({"look": look})

    def _send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        if self._channel is not None:
            self._channel.send(frame(header, payload))


def _answered(waiting: Asked) -> bool:
    """Whether an answer has come, or a refusal; a wait that was given up has only been cancelled."""
    return waiting.answer.done() and not waiting.answer.cancelled()
