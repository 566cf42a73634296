"""Links to GitHub: their tokens sealed, kept fresh, lent to machines for a while, and given up when refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog

from aether.contracts.gateway import GitCredential
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.problem import NotFound, Unavailable
from aether.gateway.deps.ports import GitHubApi, Now, TokenRefused
from aether.gateway.domain.credentials import Person
from aether.gateway.domain.github import (
    HANDED_LIFETIME,
    USERNAME,
    Account,
    Link,
    Repository,
    Tokens,
    is_narrower,
    serves,
)
from aether.gateway.errors import GitHubAway, GitHubLinkedAlready, GitHubLost, GitHubNotLinked, GitHubTaken
from aether.gateway.store import feed, github, limits
from aether.kit.postgres import Database, Writer
from aether.kit.vault import Vault, VaultRefused

T = TypeVar("T")

PER_PAGE = 30
SEARCHED_PAGES, SEARCHED_PER_PAGE = 10, 100  # how much of an account is looked through for words
REMEMBERED = timedelta(seconds=60)
REMEMBERED_MOST = 200
TAKE_BACK_SECONDS = 30.0

log = structlog.get_logger()


class GitHubDesk:
    """Everything that is done with somebody's account at GitHub."""

    def __init__(self, api: GitHubApi, database: Database, vault: Vault, web_url: str, now: Now) -> None:
        self.api = api
        self.web_url = web_url
        self._database = database
        self._vault = vault
        self._now = now
        self._busy: dict[UUID, asyncio.Lock] = {}
        self._seen: dict[tuple[UUID, int], tuple[float, list[Repository]]] = {}

    # Linking

    async def link(self, db: Writer, person: Person, account: Account, tokens: Tokens) -> Tokens | None:
        """Keep what GitHub granted. Answers tokens that nothing needs any more, to be dropped at GitHub.

        Raises GitHubLinkedAlready or GitHubTaken.
        """
        known = await github.by_person(db, person.id)
        if known is None:
            if await github.by_github_id(db, account.id) is not None:
                raise GitHubTaken
            known = Link.begun(new_id(), person, account, self._now())
        elif known.github_id != account.id:
            raise GitHubLinkedAlready
        return await self._keep(db, replace(known, login=account.login), tokens)

    async def _keep(self, db: Writer, link: Link, tokens: Tokens) -> Tokens | None:
        before = self._opened(link)
        if before is not None and is_narrower(tokens.scopes, link.scopes):
            await github.put(db, link)
            return tokens
        await github.put(db, self._sealed(replace(link, lost_at=None, scopes=tokens.scopes), tokens))
        return None if before is not None and before.access == tokens.access else before

    def _sealed(self, link: Link, tokens: Tokens) -> Link:
        """The link with new tokens, which no machine has been given yet."""
        newer = replace(link, version=link.version + 1, expires_at=tokens.expires_at, handed_until=None)
        return replace(newer, sealed=self._vault.seal(tokens.packed(), *newer.context))

    def _opened(self, link: Link) -> Tokens | None:
        """None where there are no tokens, or none that open: then it is linked anew, as after a loss."""
        if link.sealed is None:
            return None
        try:
            return link.tokens(self._vault.open(link.sealed, *link.context))
        except VaultRefused:
            log.error("github.sealed_elsewhere", link=str(link.id))
            return None

    async def unlink(self, db: Writer, link: Link) -> Tokens | None:
        """Forget a link; answers its tokens, to be revoked at GitHub once this is kept."""
        await github.delete(db, link.id)
        return self._opened(link)

    async def revoke(self, tokens: Tokens) -> None:
        """Have GitHub forget the whole grant. What fails is logged: the tokens are forgotten here already."""
        try:
            await self.api.revoke(tokens.access)
        except GitHubAway:
            log.warning("github.revoke_failed")

    async def drop(self, tokens: Tokens) -> None:
        """Have GitHub forget tokens that nothing needs."""
        try:
            await self.api.drop(tokens.access)
        except GitHubAway:
            log.warning("github.drop_failed")

    # Using

    async def repositories(
        self, account_id: AccountId, page: int, words: str
    ) -> tuple[list[Repository], int | None]:
        """A page of what the account reaches. Raises GitHubNotLinked, GitHubLost or GitHubAway."""
        if not words.strip():
            return await self._asking(account_id, lambda token: self.api.repositories(token, page, PER_PAGE))
        found = [r for r in await self._all(account_id) if r.matches(words)]
        shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        return shown, page + 1 if len(found) > page * PER_PAGE else None

    async def _all(self, account_id: AccountId) -> list[Repository]:
        """As far as is looked through; remembered for a minute, as somebody is typing."""
        link = await self._find(account_id)
        key, seconds = (link.id, link.version), self._now().timestamp()
        known = self._seen.get(key)
        if known is not None and known[0] > seconds:
            return known[1]
        found = await self._asking(account_id, self._look_through)
        if len(self._seen) >= REMEMBERED_MOST:
            self._seen.clear()
        self._seen[key] = (seconds + REMEMBERED.total_seconds(), found)
        return found

    async def _look_through(self, token: str) -> list[Repository]:
        found: list[Repository] = []
        page: int | None = 1
        while page is not None and page <= SEARCHED_PAGES:
            more, page = await self.api.repositories(token, page, SEARCHED_PER_PAGE)
            found += more
        return found

    async def credential(
        self, account_id: AccountId, project_id: ProjectId, protocol: str, host: str
    ) -> GitCredential:
        """What git is told. Raises NotFound for another host or without a link, GitHubAway."""
        if not serves(self.web_url, protocol, host):
            raise NotFound
        try:
            for _ in range(2):
                link, tokens = await self._current(account_id)
                until = await self._hand_out(link, project_id)
                if until is not None:
                    return GitCredential(username=USERNAME, password=tokens.access, expires_at=until)
        except (GitHubNotLinked, GitHubLost) as error:
            raise NotFound from error
        raise GitHubAway

    async def _asking(self, account_id: AccountId, ask: Callable[[str], Awaitable[T]]) -> T:
        """Ask GitHub with the account's token; once more if that has just been replaced, or can be."""
        for _ in range(2):
            link, tokens = await self._current(account_id)
            try:
                return await ask(tokens.access)
            except TokenRefused:
                await self._refused(link)
        raise GitHubLost

    async def _refused(self, used: Link) -> None:
        """Raises GitHubLost unless there is, or can be had, a newer token than the one refused."""
        async with self._locked(used.id) as (db, link):
            if link is None or link.version != used.version:
                return
            tokens = self._opened(link)
            if tokens is not None and tokens.refresh is not None:
                await self._renew(db, link, tokens)
                return
            await self._lose(db, link)
        raise GitHubLost

    async def _find(self, account_id: AccountId) -> Link:
        async with self._database.reading() as reader:
            link = await github.by_account(reader, account_id)
        if link is None:
            raise GitHubNotLinked
        if link.sealed is None:
            raise GitHubLost
        return link

    async def _current(self, account_id: AccountId) -> tuple[Link, Tokens]:
        """The link with tokens that are good for a while. Raises GitHubNotLinked, GitHubLost or GitHubAway."""
        link = await self._find(account_id)
        if link.is_due(self._now()):
            await self._freshen(link.id)
            link = await self._find(account_id)
        tokens = self._opened(link)
        if tokens is None:
            raise GitHubLost
        return link, tokens

    # Keeping fresh

    async def _freshen(self, link_id: UUID) -> None:
        """Another token, unless somebody else has just had one. A loss is written down, and told by `_find`."""
        async with self._locked(link_id) as (db, link):
            if link is None or not link.is_due(self._now()):
                return
            tokens = self._opened(link)
            if tokens is None:
                await self._lose(db, link)
            else:
                await self._renew(db, link, tokens)

    async def _renew(self, db: Writer, link: Link, tokens: Tokens) -> None:
        """In the transaction that holds the row: two at once would each end the other's token."""
        try:
            newer = await self._newer(tokens)
        except TokenRefused:
            await self._lose(db, link)
            return
        await github.put(db, self._sealed(replace(link, scopes=newer.scopes or link.scopes), newer))

    async def _newer(self, tokens: Tokens) -> Tokens:
        if tokens.refresh is not None:
            return await self.api.refresh(tokens)
        if tokens.expires_at is not None:
            raise TokenRefused
        return replace(tokens, access=await self.api.reset(tokens.access))

    async def _lose(self, db: Writer, link: Link) -> None:
        """GitHub takes our tokens no more: forget them, and tell the account's pages."""
        await github.put(
            db,
            replace(link, sealed=None, version=link.version + 1, lost_at=self._now(), handed_until=None),
        )
        await feed.tell(db, link.account_id, "github.changed", json.dumps({"login": link.login, "lost": True}))
        await self._note(db, link, "github.lost", link.login)

    async def _note(self, db: Writer, link: Link, what: str, target: str) -> None:
        """A line of the audit log, about what nobody asked for by a request of their own."""
        await limits.note(db, what, account_id=link.account_id, person_id=link.person_id, target=target, ip="")

    async def _hand_out(self, link: Link, project_id: ProjectId) -> datetime | None:
        """Until when a machine may use the link's token; None if it has just been replaced."""
        known = link.expires_at or link.handed_until
        if known is not None:
            return known
        until = self._now() + HANDED_LIFETIME
        async with self._locked(link.id) as (db, current):
            if current is None or current.version != link.version:
                return None
            if current.handed_until is not None:
                return current.handed_until
            await github.put(db, replace(current, handed_until=until))
            await self._note(db, link, "github.lent", str(project_id))
        return until

    async def run(self) -> None:
        """For as long as the process lives: take back what machines were lent."""
        while True:
            await asyncio.sleep(TAKE_BACK_SECONDS)
            try:
                await self.take_back()
            except Unavailable:
                continue

    async def take_back(self) -> None:
        """Have GitHub replace the tokens whose time in machines is over."""
        async with self._database.reading() as reader:
            due = await github.handed_before(reader, self._now())
        for link in due:
            try:
                await self._freshen(link.id)
            except GitHubAway:
                log.warning("github.take_back_failed", link=str(link.id))

    @asynccontextmanager
    async def _locked(self, link_id: UUID) -> AsyncIterator[tuple[Writer, Link | None]]:
        """The row, held. Those of this process wait without a connection; those of another wait for the row."""
        lock = self._busy.setdefault(link_id, asyncio.Lock())
        try:
            async with lock, self._database.transaction() as writer:
                yield writer, await github.locked(writer, link_id)
        finally:
            if not lock.locked():
                self._busy.pop(link_id, None)
