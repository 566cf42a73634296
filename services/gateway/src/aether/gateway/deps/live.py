"""What is open right now in this process: event streams and spliced sockets, by whom and with what."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from aether.contracts.ids import AccountId, CredentialId, PersonId


class Open(Protocol):
    """Something that is open and can be told that its credential has ended."""

    @property
    def person_id(self) -> PersonId | None: ...

    @property
    def credential_id(self) -> CredentialId | None: ...

    def revoke(self) -> None:
        """End within 5 s."""

    def stop(self) -> None:
        """The process stops: end now, in order."""


class Live:
    """The register of open things, and who waits for news of which account."""

    def __init__(self) -> None:
        self._open: dict[PersonId | None, set[Open]] = defaultdict(set)
        self._waiting: dict[AccountId, set[asyncio.Event]] = defaultdict(set)

    def add(self, thing: Open) -> None:
        """Its person must be known by now."""
        self._open[thing.person_id].add(thing)

    def remove(self, thing: Open) -> None:
        """Nothing happens if it is not there."""
        there = self._open.get(thing.person_id, set())
        there.discard(thing)
        if not there:
            self._open.pop(thing.person_id, None)

    @contextmanager
    def holding(self, thing: Open) -> Iterator[None]:
        """In the register for the length of a block."""
        self.add(thing)
        try:
            yield
        finally:
            self.remove(thing)

    def cut(self, person_id: PersonId, credential_id: CredentialId | None) -> None:
        """End what was opened with a credential; None means with any of the person's."""
        for thing in list(self._open.get(person_id, ())):
            if credential_id is None or thing.credential_id == credential_id:
                thing.revoke()

    def stop(self) -> None:
        """The process stops: everything ends."""
        for things in list(self._open.values()):
            for thing in list(things):
                thing.stop()

    @contextmanager
    def waiting(self, account_id: AccountId, sign: asyncio.Event) -> Iterator[None]:
        """Have `sign` set at news of the account."""
        self._waiting[account_id].add(sign)
        try:
            yield
        finally:
            self._waiting[account_id].discard(sign)
            if not self._waiting[account_id]:
                del self._waiting[account_id]

    def count(self, account_id: AccountId) -> int:
        """How many wait for news of the account."""
        return len(self._waiting.get(account_id, ()))

    def wake(self, account_id: AccountId | None = None) -> None:
        """There is news of an account, or of any (None)."""
        chosen = list(self._waiting.values()) if account_id is None else [self._waiting.get(account_id, set())]
        for signs in chosen:
            for sign in signs:
                sign.set()
