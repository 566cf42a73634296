"""Agent tokens, as the agents service knows them, and the projects they are for."""

from typing import Any, Protocol

from aether.contracts.agents import AgentTokenView, FindAgentToken
from aether.contracts.command import Command
from aether.contracts.machines import GetProject
from aether.contracts.problem import NotFound, RefusedElsewhere


class Requests(Protocol):
    """The part of the bus that asks."""

    async def request(self, command: Command[Any]) -> Any: ...


class BusTokens:
    """The port's adapter; see ports.AgentTokens."""

    def __init__(self, bus: Requests) -> None:
        self._bus = bus

    async def find(self, public_key: str, *, used: bool = False) -> AgentTokenView | None:
        try:
            token: AgentTokenView = await self._bus.request(FindAgentToken(public_key=public_key, used=used))
        except RefusedElsewhere as refusal:
            if refusal.status == NotFound.status:
                return None
            raise
        return token

    async def slug(self, token: AgentTokenView) -> str:
        project = await self._bus.request(GetProject(account_id=token.account_id, project_id=token.project_id))
        return str(project.slug)
