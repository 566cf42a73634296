"""The door of every request and socket: the page that asks must be ours, and the grant good, unused and for this.

The grant comes in `Authorization: Grant …` from the gateway, or as a subprotocol of a socket from a browser that
reaches the service straight.
"""

from urllib.parse import urlsplit
from uuid import UUID

from aether.contracts.problem import NotFound
from aether.files.deps.revocations import Revocations
from aether.files.errors import ForeignOrigin, NotYourRight
from aether.kit.grants import Grant, GrantRefused, Verifier, from_headers

Headers = list[tuple[bytes, bytes]]


class Origins:
    """Which pages may ask. A request without an Origin is no browser's page and needs only its grant."""

    def __init__(self, public_url: str, others: list[str]) -> None:
        self._allowed = {origin_of(url) for url in (public_url, *others)}

    def check(self, headers: Headers) -> None:
        """Raises ForeignOrigin for another page's, and for an Origin that is empty, null or given twice."""
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if origins and (len(origins) > 1 or origins[0] not in self._allowed):
            raise ForeignOrigin("This page may not use files here.")


def origin_of(url: str) -> str:
    """Scheme and authority as a browser writes them: lower case, without the scheme's own port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    own_port = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, own_port) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


class Door:
    """Origin first, so that a foreign page cannot spend a grant; then the grant, its project and its right."""

    def __init__(self, verifier: Verifier, origins: Origins, revocations: Revocations) -> None:
        self._verifier = verifier
        self._origins = origins
        self._revocations = revocations

    async def admit(self, headers: Headers, project_id: UUID, *, writes: bool) -> Grant:
        """Spends the request's grant. Raises ForeignOrigin, GrantRefused, NotFound for another project's,
        NotYourRight, or Unavailable while the database is away."""
        self._origins.check(headers)
        token = from_headers(headers)
        if token is None:
            raise GrantRefused
        grant = await self._verifier.spend(token)
        if self._revocations.holds(grant):
            raise GrantRefused
        if grant.project_id != project_id:
            raise NotFound("There is no such project.")
        if grant.right != "write" and (writes or grant.right != "read"):
            raise NotYourRight("This grant is not for writing." if writes else "This grant is not for files.")
        return grant
