"""Links to GitHub: their tokens sealed, kept fresh, lent to machines for a while, and given up when refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from aether.contracts.gateway import GitCredential
from aether.contracts.ids import AccountId, ProjectId, new_id
from aether.contracts.problem import NotFound, Unavailable
from aether.gateway.deps.ports import GitHubApi, Now, TokenRefused
from aether.gateway.deps.spent import SpentTokens
from aether.gateway.domain.credentials import Person
from aether.gateway.domain.github import (
    HANDED_LIFETIME,
    MARGIN,
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
REMEMBERED_MOST = 20  # accounts, each with up to 1,000 repositories
TAKE_BACK_SECONDS = 30.0
# A renewal holds a connection while GitHub is asked, so a GitHub that hangs must leave some to everybody else.
RENEWALS_MOST = 3
FINISH_SECONDS = 8.0  # GitHub's own timeout

log = structlog.get_logger()


@dataclass(frozen=True)
class Search:
    """What an account reaches, as far as it is looked through: found once for all who ask until then."""

    until: datetime
    found: asyncio.Task[list[Repository]]


class GitHubDesk:
    """Everything that is done with somebody's account at GitHub."""

    def __init__(self, api: GitHubApi, database: Database, vault: Vault, web_url: str, now: Now) -> None:
        self.api = api
        self.web_url = web_url
        self.spent = SpentTokens(api, database, vault, now)
        self._database = database
        self._vault = vault
        self._now = now
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._seats = asyncio.Semaphore(RENEWALS_MOST)
        self._renewals: set[asyncio.Task[None]] = set()
        self._searches: dict[tuple[UUID, int], Search] = {}

    async def close(self) -> None:
        """Wait for renewals under way, which would lose their links if they were broken off; then hang up."""
        for search in self._searches.values():
            search.found.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while self._renewals:
                    await asyncio.wait(self._renewals)
        await self.api.close()

    # Linking

    async def link(self, db: Writer, person: Person, account: Account, tokens: Tokens) -> None:
        """Keep what GitHub granted; what nothing needs any more is spent.

        Raises GitHubLinkedAlready or GitHubTaken.
        """
        known = await github.locked_of(db, person.id)
        if known is None:
            if await github.by_github_id(db, account.id) is not None:
                raise GitHubTaken
            known = Link.begun(new_id(), person, account, self._now())
        elif known.github_id != account.id:
            raise GitHubLinkedAlready
        await github.spare_grant(db, account.id)
        spare = await self._keep(db, replace(known, login=account.login), tokens)
        if spare is not None:
            await self.spent.put(db, spare, account.id)

    async def _keep(self, db: Writer, link: Link, tokens: Tokens) -> Tokens | None:
        """Answers the tokens that nothing needs any more: those before, or these if they reach less."""
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

    async def unlink(self, db: Writer, link: Link) -> None:
        """Forget a link that is held, and spend the whole grant."""
        tokens = self._opened(link)
        if tokens is not None:
            await self.spent.put(db, tokens, link.github_id, whole_grant=True)
        await github.delete(db, link.id)

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
        key, now = (link.id, link.version), self._now()
        self._searches = {key: search for key, search in self._searches.items() if search.until > now}
        if key not in self._searches:
            if len(self._searches) >= REMEMBERED_MOST:
                del self._searches[next(iter(self._searches))]
            self._searches[key] = Search(now + REMEMBERED, asyncio.create_task(self._search(account_id, key)))
        # Whoever types on does not end the search that the next word is answered from.
        return await asyncio.shield(self._searches[key].found)

    async def _search(self, account_id: AccountId, key: tuple[UUID, int]) -> list[Repository]:
        try:
            return await self._asking(account_id, self._look_through)
        except BaseException:
            self._searches.pop(key, None)
            raise

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
                link, tokens = await self._current(account_id, MARGIN)
                until = await self._lend(link, project_id)
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
                await self._renew(link, refused=True)
        raise GitHubLost

    async def _find(self, account_id: AccountId) -> Link:
        async with self._database.reading() as reader:
            link = await github.by_account(reader, account_id)
        if link is None:
            raise GitHubNotLinked
        if link.sealed is None:
            raise GitHubLost
        return link

    async def _current(self, account_id: AccountId, lasting: timedelta = timedelta(0)) -> tuple[Link, Tokens]:
        """The link with tokens that last so long yet. Raises GitHubNotLinked, GitHubLost or GitHubAway."""
        link = await self._find(account_id)
        if not link.lasts(self._now() + lasting):
            await self._renew(link)
            link = await self._find(account_id)
        tokens = self._opened(link)
        if tokens is None:
            raise GitHubLost
        return link, tokens

    # Keeping fresh

    async def _renew(self, used: Link, *, refused: bool = False) -> None:
        """Have other tokens than those `used`, unless somebody else has just had some. Raises GitHubAway.

        It goes on when whoever asked is gone: once GitHub has answered, the tokens before are over.
        """
        task = asyncio.create_task(self._replace(used, refused=refused))
        self._renewals.add(task)
        task.add_done_callback(self._renewals.discard)
        await asyncio.shield(task)

    async def _replace(self, used: Link, *, refused: bool) -> None:
        """In the transaction that holds the row: two at once would each end the other's token.

        A loss is written down, and told by `_find`.
        """
        async with self._lock(used.id), self._seats, self._held(used.id) as (db, link):
            if link is None or link.version != used.version:
                return
            try:
                newer = await self._newer(self._opened(link), refused=refused)
            except TokenRefused:
                await self._lose(db, link)
            else:
                await github.put(db, self._sealed(replace(link, scopes=newer.scopes or link.scopes), newer))

    async def _newer(self, tokens: Tokens | None, *, refused: bool) -> Tokens:
        """Raises TokenRefused where there is nothing to have newer ones with."""
        if tokens is not None and tokens.refresh is not None:
            return await self.api.refresh(tokens)
        if tokens is None or refused or tokens.expires_at is not None:
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

    async def _lend(self, used: Link, project_id: ProjectId) -> datetime | None:
        """Until when a machine may use the link's token; None if it has just been replaced."""
        async with self._lock(used.id), self._held(used.id) as (db, link):
            if link is None or link.version != used.version:
                return None
            until = link.ends_at
            if until is None:
                until = self._now() + HANDED_LIFETIME
                await github.put(db, replace(link, handed_until=until))
            if await github.lend(db, link, project_id):
                await self._note(db, link, "github.lent", str(project_id))
        return until

    async def run(self) -> None:
        """For as long as the process lives: take back what machines were lent, and give back what is spent."""
        while True:
            await asyncio.sleep(TAKE_BACK_SECONDS)
            try:
                await self.take_back()
                await self.spent.give_back()
            except Unavailable:
                continue

    async def take_back(self) -> None:
        """Have GitHub replace the tokens whose time in machines is over."""
        async with self._database.reading() as reader:
            due = await github.handed_before(reader, self._now())
        for link in due:
            try:
                await self._renew(link)
            except GitHubAway:
                log.warning("github.take_back_failed", link=str(link.id))

    def _lock(self, link_id: UUID) -> asyncio.Lock:
        """One of this process at a time holds a row: the others wait here, without a connection."""
        return self._locks.setdefault(link_id, asyncio.Lock())

    @asynccontextmanager
    async def _held(self, link_id: UUID) -> AsyncIterator[tuple[Writer, Link | None]]:
        """The row, which nobody else changes until the end of the block."""
        async with self._database.transaction() as writer:
            yield writer, await github.locked(writer, link_id)
