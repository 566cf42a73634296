"""The outside as the gateway needs it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aether.contracts.ids import ProjectId
from aether.gateway.domain.external import Identity
from aether.gateway.domain.github import Account, EmailAddress, Repository, Tokens

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Mail:
    """One mail in plain text."""

    to: str
    subject: str
    body: str


class Mailer(Protocol):
    """Sends mail. Does not raise: what fails is logged, without the body."""

    async def send(self, mail: Mail) -> None: ...


class Passwords(Protocol):
    """Hashes and checks passwords without blocking the loop."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """False for None, after as long as for a wrong password."""


class TokenRefused(Exception):
    """GitHub takes this token no more."""


class GitHubApi(Protocol):
    """GitHub, for one app. Every call raises GitHubAway if there is no answer that can be used."""

    client_id: str

    async def exchange(self, code: str, verifier: str, back: str) -> Tokens:
        """Raises GitHubCodeRefused."""

    async def refresh(self, tokens: Tokens) -> Tokens:
        """The tokens before are over. Raises TokenRefused."""

    async def reset(self, token: str) -> str:
        """Another in its place, which is over at once. Raises TokenRefused."""

    async def revoke(self, token: str) -> None:
        """The whole grant."""

    async def drop(self, token: str) -> None:
        """This one token."""

    async def account(self, token: str) -> Account:
        """Raises TokenRefused."""

    async def addresses(self, token: str) -> list[EmailAddress]:
        """Raises TokenRefused."""

    async def repositories(self, token: str, page: int, per_page: int) -> tuple[list[Repository], int | None]:
        """A page, and the number of the next. Raises TokenRefused."""

    async def close(self) -> None: ...


class Issuer(Protocol):
    """Another issuer whose tokens sign people in."""

    issuer: str

    async def identity(self, token: str) -> Identity:
        """Raises ExternalRefused, or Unavailable while its keys cannot be had."""

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Address:
    """Where a stream service listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """From "host:port"; IPv6 hosts stand in brackets. Raises ValueError."""
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Headers = list[tuple[bytes, bytes]]


class Broken(Exception):
    """The other side of a connection went away, or said what is not HTTP."""


@dataclass(frozen=True)
class Head:
    """How an answer begins."""

    status: int
    headers: Headers


@dataclass(frozen=True)
class Door:
    """A port of one run of a machine: what listened there before the last start is another's."""

    project_id: ProjectId
    generation: int
    port: int


class Exchange(Protocol):
    """One request and its answer on a connection. All that waits raises Broken if the other side fails."""

    is_used: bool

    @property
    def is_idle(self) -> bool:
        """Open, and nothing came that nobody asked for."""

    def renewed(self) -> bool:
        """Make ready for another request. False if the connection cannot carry one."""

    async def ask(self, method: bytes, target: bytes, headers: Headers) -> None: ...

    async def give(self, piece: bytes) -> None: ...

    async def end(self) -> None: ...

    async def answer(self) -> Head: ...

    def pieces(self) -> AsyncGenerator[bytes, None]: ...

    def hand_over(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """After a switch: the connection is `protocol`'s from now on. Answers it, and what came on it already."""

    def abort(self) -> None: ...


class Lines(Protocol):
    """The way to whoever answers, with connections that are kept for a while."""

    async def to_service(self, address: Address, *, fresh: bool) -> Exchange:
        """Raises Unavailable. `fresh` asks for a connection that was never used."""

    async def to_port(self, tunnel: Address, door: Door, sign: Callable[[], str], *, fresh: bool) -> Exchange:
        """To a port in a machine, with a grant where one is needed. Raises Unavailable or the tunnel's refusal."""

    def keep(self, key: Hashable, exchange: Exchange) -> None:
        """The exchange is over: keep the connection if it can serve again."""
