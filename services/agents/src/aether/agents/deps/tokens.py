"""Agent tokens, for those who let them in; and the watch that ends them when their time has come."""

import asyncio
from collections.abc import Callable

import structlog

from aether.agents.deps.ports import Now
from aether.agents.store import tokens as store
from aether.contracts.ids import AccountId, AgentTokenId, ProjectId
from aether.kit.postgres import Database, DatabaseAway

# Of the five seconds in which what a token opened must be cut, one goes here.
LOOK_SECONDS = 1.0

Refit = Callable[[AccountId, ProjectId | None], None]

log = structlog.get_logger()


class TokenBook:
    """Implements ports.Tokens. `refit` is called for each project whose tokens have expired."""

    def __init__(self, database: Database, now: Now, refit: Refit) -> None:
        self._database = database
        self._now = now
        self._refit = refit

    async def lines(self, project_id: ProjectId) -> list[str]:
        """authorized_keys: the public keys that may enter the project's machine now, with their options."""
        async with self._database.reading() as db:
            found = await store.opening(db, project_id, self._now())
        return [token.authorized_line() for token in found]

    async def expired(self) -> list[tuple[ProjectId, AgentTokenId]]:
        """Tokens whose time has just come; their revocation has been said."""
        async with self._database.transaction() as db:
            gone = await store.close_expired(db, self._now())
            db.publish(*(token.revoked() for token in gone))
        for account_id, project_id in {(token.account_id, token.project_id) for token in gone}:
            self._refit(account_id, project_id)
        return [(token.project_id, token.id) for token in gone]

    async def run(self) -> None:
        """End tokens when their time comes, until cancelled."""
        while True:
            try:
                await self.expired()
            except DatabaseAway:
                log.warning("tokens.look_put_off")
            await asyncio.sleep(LOOK_SECONDS)
