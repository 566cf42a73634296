"""The gateway as its API and its handlers have it in hand."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId
from aether.gateway.deps.github import GitHubDesk
from aether.gateway.deps.keyring import Keyring
from aether.gateway.deps.live import Live
from aether.gateway.deps.metrics import Metrics
from aether.gateway.deps.ports import Address, Issuer, Lines, Mailer, Now, Passwords
from aether.gateway.deps.previews import Previews
from aether.gateway.domain.admission import allowed_origins, cookie_name, is_https, preview_cookie_name
from aether.gateway.domain.github import way_cookie_name
from aether.gateway.domain.previews import PreviewDomain
from aether.gateway.domain.rates import Rate, bucket_key
from aether.gateway.errors import TooManyRequests
from aether.gateway.settings import GatewaySettings
from aether.gateway.store import feed, limits
from aether.kit.bus import Bus
from aether.kit.grants import Signer, Verifier
from aether.kit.postgres import Database, Writer

log = structlog.get_logger()


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Gateway:
    """Everything a request or an event may touch."""

    settings: GatewaySettings
    database: Database
    bus: Bus
    signer: Signer
    keyring: Keyring
    mailer: Mailer
    passwords: Passwords
    lines: Lines
    verifier: Verifier
    github: GitHubDesk | None = None
    issuer: Issuer | None = None
    live: Live = field(default_factory=Live)
    metrics: Metrics = field(default_factory=Metrics)
    now: Now = utc_now
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.origins = allowed_origins(self.settings.public_url, self.settings.allowed_origins)
        self.https = is_https(self.settings.public_url)
        self.cookie = cookie_name(self.settings.public_url)
        self.preview_cookie = preview_cookie_name(self.settings.public_url)
        self.way_cookie = way_cookie_name(self.settings.public_url)
        self.previews = Previews(
            self.bus,
            PreviewDomain.of(self.settings.public_url, self.settings.preview_domain),
            Address.parse(self.settings.tunnel) if self.settings.tunnel else None,
        )
        self.streams: Mapping[str, Address] = {
            name: Address.parse(where) for name, where in self.settings.streams.items()
        }

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something the answer must not wait for, nor betray by how long it took."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done_aside)

    def _done_aside(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("aside.failed", exc_info=task.exception())

    async def finish(self) -> None:
        """Wait, at most 3 s, for what is done aside."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=3)

    async def limit(self, kind: str, of: str, rate: Rate) -> None:
        """Count an attempt. Raises TooManyRequests."""
        async with self.database.transaction() as writer:
            wait = await limits.take(writer, bucket_key(kind, of), rate, self.now())
        if wait:
            raise TooManyRequests(wait)

    async def end(self, writer: Writer, person_id: PersonId, credential_id: CredentialId | None) -> None:
        """In the transaction that ends a credential: have every replica close what was opened with it."""
        await feed.cut(writer, person_id, credential_id)

    def cut(self, person_id: PersonId, credential_id: CredentialId | None) -> None:
        """A credential has ended: forget it, and close what was opened with it in this process."""
        self.keyring.forget(person_id, credential_id)
        self.live.cut(person_id, credential_id)

    def look_again(self, project_id: ProjectId | None = None) -> None:
        """A project (None: any) may have changed: judge anew who may be in its previews."""
        self.aside(self.previews.judge_again(project_id))

    def wake(self, account_id: AccountId | None = None) -> None:
        """There may be news of an account; None if any may have been missed."""
        self.live.wake(account_id)
