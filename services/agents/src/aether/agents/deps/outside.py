"""What attention asks of the outside: a browser's push service, and whoever listens at a webhook."""

from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

Urgency = Literal["normal", "high"]


@dataclass(frozen=True)
class Outcome:
    """What came of a try. `error` is a sentence of ours, empty if it is there; nothing of the answer's body."""

    status: int | None = None
    error: str = ""

    @property
    def taken(self) -> bool:
        return not self.error


@dataclass(frozen=True)
class Subscription:
    """A browser's: whoever knows it can call that browser. The keys are raw bytes."""

    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)


class Push(Protocol):
    """Web Push."""

    async def send(
        self, subscription: Subscription, message: bytes, *, seconds: int, urgency: Urgency, topic: UUID | None
    ) -> Outcome:
        """One message, kept for so many seconds for a browser that is away; a newer one of the same topic takes
        its place there. Never raises for what the other side does. 404 and 410: the subscription has ended."""


class Post(Protocol):
    """Signed posting."""

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """One try, ten seconds at most, no redirects. Never raises for what the other side does."""
