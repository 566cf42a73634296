"""The agents who are connected to the jump host, and what cuts them off.

Whether a token still opens anything is asked every few seconds for as long as somebody is in with it: the word
that it does not may have gone to another process of this service, and its time ends without a word.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from aether.contracts.agents import AgentTokenView
from aether.contracts.ids import AgentTokenId
from aether.contracts.problem import Refusal
from aether.terminal.deps.ports import AgentTokens

ASK_SECONDS = 3.0
AT_ONCE = 16
STRANGERS_AT_ONCE = 8  # keys looked up at the same time for those who have proven nothing

log = structlog.get_logger()


class Jump(Protocol):
    """One connection; `token` is whose it is; None until it has been let in."""

    token: AgentTokenView | None

    def abort(self) -> None: ...


class Jumps:
    """All of this process."""

    def __init__(self, worked: Callable[[AgentTokenView], None]) -> None:
        self.worked = worked  # told again and again while somebody is at work over a connection
        self.asking = asyncio.Semaphore(STRANGERS_AT_ONCE)
        self._open: set[Jump] = set()

    def enter(self, jump: Jump) -> None:
        self._open.add(jump)

    def leave(self, jump: Jump) -> None:
        self._open.discard(jump)

    def count(self) -> int:
        return len(self._open)

    def insiders(self) -> int:
        """Connections that have been let in."""
        return sum(jump.token is not None for jump in self._open)

    def strangers(self) -> int:
        """Connections that have not."""
        return self.count() - self.insiders()

    def cut(self, condition: Callable[[AgentTokenView], bool]) -> None:
        """Break off every connection of such a token."""
        for jump in list(self._open):
            if jump.token is not None and condition(jump.token):
                log.info("jump.cut", token_id=str(jump.token.id))
                jump.abort()

    async def watch(self, tokens: AgentTokens) -> None:
        """Until cancelled, look whether those who are in may still be."""
        while True:
            await asyncio.sleep(ASK_SECONDS)
            await self.ask(tokens)

    async def ask(self, tokens: AgentTokens) -> None:
        """Cut those whose tokens open nothing any more. While nobody knows, everyone stays."""
        places = asyncio.Semaphore(AT_ONCE)

        async def ask_of(token: AgentTokenView) -> None:
            try:
                async with places:
                    found = await tokens.find(token.public_key)
            except Refusal as refusal:
                log.info("jump.not_asked", why=refusal.type)
                return
            if found is None or found.id != token.id:
                self.cut(lambda other: other.id == token.id)

        await asyncio.gather(*(ask_of(token) for token in self._tokens()))

    def _tokens(self) -> Iterable[AgentTokenView]:
        held: dict[AgentTokenId, AgentTokenView] = {}
        for jump in self._open:
            if jump.token is not None:
                held[jump.token.id] = jump.token
        return held.values()
