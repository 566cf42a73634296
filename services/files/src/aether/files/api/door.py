"""The door of every request and socket: the page that asks must be ours, and the grant good, unused and for this.

The grant comes in `Authorization: Grant …` from the gateway, or as a subprotocol of a socket from a browser that
reaches the service straight.
"""

from uuid import UUID

from aether.contracts.problem import NotFound
from aether.files.errors import ForeignOrigin, NotYourRight
from aether.kit.grants import Grant, GrantRefused, Verifier, from_headers
from aether.kit.origins import Origins
from aether.kit.revocations import Revocations

Headers = list[tuple[bytes, bytes]]


class Door:
    """Origin first, so that a foreign page cannot spend a grant; then the grant, its project and its right."""

    def __init__(self, verifier: Verifier, origins: Origins, revocations: Revocations) -> None:
        self._verifier = verifier
        self._origins = origins
        self._revocations = revocations

    async def admit(self, headers: Headers, project_id: UUID, *, writes: bool) -> Grant:
        """Spends the request's grant. Raises ForeignOrigin, GrantRefused, NotFound for another project's,
        NotYourRight, or Unavailable while the database is away."""
        if not self._origins.allow(headers):
            raise ForeignOrigin("This page may not use files here.")
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
