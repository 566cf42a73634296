"""Credentials that were revoked a moment ago: a grant made before that may still be on its way."""

import time

from aether.contracts.gateway import AccountRevoked
from aether.kit.grants import LIFETIME_SECONDS, Grant

REMEMBERED_SECONDS = 2 * LIFETIME_SECONDS


class Revocations:
    """Remembers for as long as a grant can live. A person revoked as a whole has new credentials to come,
    so for them only what is open is cut."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, event: AccountRevoked) -> None:
        now = time.monotonic()
        self._until = {key: until for key, until in self._until.items() if until > now}
        if event.credential_id is not None:
            self._until[str(event.credential_id)] = now + REMEMBERED_SECONDS

    def holds(self, grant: Grant) -> bool:
        return self._until.get(str(grant.credential_id), 0.0) > time.monotonic()


def concerns(event: AccountRevoked, grant: Grant) -> bool:
    """Whether what was opened with this grant must close."""
    if grant.person_id != event.person_id:
        return False
    return event.credential_id is None or grant.credential_id == event.credential_id
