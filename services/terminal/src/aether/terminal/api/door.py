"""The door of every stream: the page that asks must be ours, and the grant good, unused and for this.

The grant comes in `Authorization: Grant …` from the gateway, or as a subprotocol from a browser that reaches
the service straight. A request without one is refused before it becomes a socket.
"""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from aether.contracts.problem import NotFound
from aether.kit.grants import Grant, GrantRefused, Verifier, from_headers
from aether.terminal.api.socket import Talk
from aether.terminal.errors import ForeignOrigin

Query = dict[str, str]
Maker = Callable[[UUID, Query, Grant], Talk]

UUID_TEXT = "([0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"


class Origins:
    """Which pages may ask. A request without an Origin is no browser's page and needs only its grant."""

    def __init__(self, public_url: str, others: list[str]) -> None:
        self._allowed = {origin_of(url) for url in (public_url, *others)}

    def check(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Raises ForeignOrigin for another page's, and for an Origin that is empty, null or given twice."""
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if origins and (len(origins) > 1 or origins[0] not in self._allowed):
            raise ForeignOrigin("This page may not open terminals here.")


def origin_of(url: str) -> str:
    """Scheme and authority as a browser writes them: lower case, without the scheme's own port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    own_port = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, own_port) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


class StreamDoor:
    """The door of all WebSockets: routes by path, then Origin, then grant."""

    def __init__(
        self,
        verifier: Verifier,
        origins: Origins,
        routes: dict[str, Maker],
        revoked: Callable[[Grant], bool],
    ) -> None:
        self._verifier = verifier
        self._origins = origins
        self._routes = [(re.compile(pattern + r"\Z"), make) for pattern, make in routes.items()]
        self._revoked = revoked

    async def admit(self, path: str, headers: list[tuple[bytes, bytes]]) -> Talk:
        """Raises a refusal: 404 for another path, 403 for another page, 401 for a bad grant."""
        self._origins.check(headers)
        url = urlsplit(path)
        for pattern, make in self._routes:
            if match := pattern.match(url.path):
                grant = await granted(self._verifier, headers)
                if self._revoked(grant):
                    raise GrantRefused
                query = {name: values[-1] for name, values in parse_qs(url.query).items()}
                return make(UUID(match.group(1)), query, grant)
        raise NotFound


async def granted(verifier: Verifier, headers: list[tuple[bytes, bytes]]) -> Grant:
    """Spend the request's grant. Raises GrantRefused, or Unavailable while the database is away."""
    token = from_headers(headers)
    if token is None:
        raise GrantRefused
    return await verifier.spend(token)
