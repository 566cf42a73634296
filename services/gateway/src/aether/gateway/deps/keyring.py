"""Whose credential this is: one query, remembered for seconds where revocation is sure to be heard."""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from aether.contracts.ids import CredentialId, PersonId
from aether.gateway.deps.ports import Now
from aether.gateway.domain.admission import Shown
from aether.gateway.domain.credentials import Caller, hash_secret
from aether.gateway.errors import SignInNeeded
from aether.gateway.store import credentials, previews
from aether.kit.postgres import Database, Reader

REMEMBERED_SECONDS = 5.0
REMEMBERED_MOST = 10_000
FIND: Mapping[str, Callable[[Reader, bytes, datetime], Awaitable[Caller | None]]] = {
    "session": credentials.find_session,
    "token": credentials.find_token,
    "preview": previews.find,
}


class Keyring:
    """Looks up credentials. `may_remember` says whether revocations are being heard right now."""

    def __init__(self, database: Database, now: Now, may_remember: Callable[[], bool]) -> None:
        self._database = database
        self._now = now
        self._may_remember = may_remember
        self._known: dict[bytes, tuple[float, Caller]] = {}
        self._cuts = 0

    async def caller(self, shown: Shown) -> Caller:
        """Raises SignInNeeded for a credential that is not, or no longer, good."""
        key = hash_secret(f"{shown.kind} {shown.secret}")
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic() and self._may_remember():
            return known[1]
        cuts = self._cuts
        caller = await self._look_up(shown)
        if cuts == self._cuts:
            # Had something been revoked since the query began, its answer might be of before.
            self._remember(key, caller)
        return caller

    async def _look_up(self, shown: Shown) -> Caller:
        now = self._now()
        async with self._database.reading() as reader:
            caller = await FIND[shown.kind](reader, hash_secret(shown.secret), now)
        if caller is None:
            raise SignInNeeded("Your session has ended, or the token is not good.")
        if caller.is_stale(now):
            async with self._database.transaction() as writer:
                await credentials.note_use(writer, caller, now)
        return caller

    def _remember(self, key: bytes, caller: Caller) -> None:
        if len(self._known) >= REMEMBERED_MOST:
            self._known.clear()
        left = REMEMBERED_SECONDS
        if caller.expires_at is not None:
            left = min(left, (caller.expires_at - self._now()).total_seconds())
        self._known[key] = (time.monotonic() + left, caller)

    def forget(self, person_id: PersonId, credential_id: CredentialId | None) -> None:
        """A credential has ended or a name has changed: ask the database again."""
        self._cuts += 1
        for key, (_, caller) in list(self._known.items()):
            if caller.person_id == person_id and credential_id in (None, caller.credential_id):
                del self._known[key]

    def forget_all(self) -> None:
        """Revocations may have been missed."""
        self._cuts += 1
        self._known.clear()
