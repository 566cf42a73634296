"""Posting to webhooks."""

from urllib.parse import urlsplit

from aether.agents.adapters.outside import Outside
from aether.agents.deps.outside import Outcome
from aether.agents.domain.webhooks import names_this_computer
from aether.agents.settings import AgentsSettings


def is_local(settings: AgentsSettings) -> bool:
    """Whether aether itself is of this computer. Elsewhere http to it would be a way inside."""
    return names_this_computer(urlsplit(settings.public_url).hostname or "")


class WebhookPoster:
    """Implements deps.outside.Post."""

    def __init__(self, settings: AgentsSettings, outside: Outside | None = None) -> None:
        self._outside = outside or Outside(local=is_local(settings))

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """One try, ten seconds at most, no redirects. Never raises for what the other side does."""
        own = {"content-type": "application/json", "user-agent": "aether-webhooks"}
        return await self._outside.post(url, {**own, **headers}, body)
