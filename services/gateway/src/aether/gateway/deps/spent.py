"""Tokens that GitHub is to forget: written down by what made them spent, and told until GitHub has heard it."""

from datetime import timedelta

import structlog

from aether.contracts.ids import new_id
from aether.gateway.deps.ports import GitHubApi, Now
from aether.gateway.domain.github import SpentToken, Tokens, spent_context
from aether.gateway.errors import GitHubAway
from aether.gateway.store import github
from aether.kit.postgres import Database, Writer
from aether.kit.vault import Vault, VaultRefused

# The first pause between two tries. Each is twice as long as the one before; all of them last 34 hours.
FIRST_PAUSE = timedelta(minutes=1)
TRIES_MOST = 12

log = structlog.get_logger()


class SpentTokens:
    """What is given back to GitHub, in the background."""

    def __init__(self, api: GitHubApi, database: Database, vault: Vault, now: Now) -> None:
        self._api = api
        self._database = database
        self._vault = vault
        self._now = now

    async def put(self, db: Writer, tokens: Tokens, github_id: int | None, *, whole_grant: bool = False) -> None:
        """In the transaction after which nothing needs these tokens; `give_back` does the rest."""
        spent_id = new_id()
        sealed = self._vault.seal(tokens.access.encode(), *spent_context(spent_id))
        await github.put_spent(db, SpentToken(spent_id, github_id, sealed, whole_grant), self._now())

    async def drop(self, tokens: Tokens) -> None:
        """Have GitHub forget tokens that were granted for nothing; later, if it does not answer now."""
        try:
            await self._api.drop(tokens.access)
        except GitHubAway:
            async with self._database.transaction() as db:
                await self.put(db, tokens, None)

    async def give_back(self) -> None:
        """All that is due, one after the other. Another replica may do the same at the same time."""
        while (spent := await self._claimed()) is not None:
            if await self._is_over(spent):
                async with self._database.transaction() as db:
                    await github.forget_spent(db, spent.id)

    async def _claimed(self) -> SpentToken | None:
        """Its next try is put off already, so that no connection is held while GitHub is asked."""
        async with self._database.transaction() as db:
            return await github.claim_spent(db, self._now(), FIRST_PAUSE)

    async def _is_over(self, spent: SpentToken) -> bool:
        """Whether it is to be tried no more: because GitHub has heard of it, or never will."""
        try:
            access = self._vault.open(spent.sealed, *spent_context(spent.id)).decode()
            await (self._api.revoke(access) if spent.whole_grant else self._api.drop(access))
        except VaultRefused:
            log.error("github.sealed_elsewhere", spent=str(spent.id))
        except GitHubAway:
            if spent.tries < TRIES_MOST:
                log.warning("github.give_back_failed", spent=str(spent.id), tries=spent.tries)
                return False
            log.error("github.give_back_ended", spent=str(spent.id))
        return True
