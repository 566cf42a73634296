"""The outside as the gateway needs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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
