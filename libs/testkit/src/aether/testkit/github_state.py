"""What a fake GitHub knows, and what is to go wrong with it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Repo:
    """A repository; who may see a private one, or push, stands in `members`."""

    full_name: str
    private: bool
    description: str | None
    pushed_at: datetime
    members: set[str]


@dataclass
class User:
    """Somebody with an account at GitHub. `emails` as GitHub shows them."""

    id: int
    login: str
    name: str | None = None
    emails: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Grant:
    """One living token."""

    user: User
    scopes: tuple[str, ...]
    access: str
    refresh: str | None
    expires_at: datetime | None


@dataclass
class Code:
    """What the browser carries back, once."""

    user: User
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    made_at: datetime


@dataclass
class Fault:
    """What goes wrong with one request. With `done` GitHub does what it was asked, and fails to say so."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "<html>Unicorn!</html>"
    done: bool = False


@dataclass
class Late:
    """Requests that were done when they came, and whose answers wait for `end`."""

    requests: int = 0
    end: asyncio.Event = field(default_factory=asyncio.Event)
