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
from aether.kit.origins import Origins
from aether.terminal.api.socket import Talk
from aether.terminal.errors import ForeignOrigin

Query = dict[str, str]
Maker = Callable[[UUID, Query, Grant], Talk]

UUID_TEXT = "([0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"


def check_page(origins: Origins, headers: list[tuple[bytes, bytes]]) -> None:
    """Raises ForeignOrigin."""
    if not origins.allow(headers):
        raise ForeignOrigin("This page may not open terminals here.")


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
        check_page(self._origins, headers)
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
