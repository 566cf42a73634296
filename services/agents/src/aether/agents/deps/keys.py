"""The account's keys, opened for those who use them: the broker, sessions, and programs in a machine."""

from collections.abc import Mapping

import structlog

from aether.agents.deps.ports import Now, VendorKey
from aether.agents.domain.keys import KEY_OF, Key
from aether.agents.errors import KeyDoesNotOpen, NoSuchKey, NotHere
from aether.agents.store import keys as store
from aether.contracts.agents import KeyMode
from aether.contracts.ids import AccountId, ProjectId
from aether.kit.postgres import Database
from aether.kit.vault import Vault, VaultRefused

log = structlog.get_logger()


def place(key: Key) -> tuple[str, str, str, str]:
    """Where a value is sealed for: moved to another account, name or version, it does not open."""
    return (str(key.account_id), "key", key.name, str(key.version))


class KeyRing:
    """Implements ports.Keys."""

    def __init__(self, database: Database, vault: Vault, now: Now) -> None:
        self._database = database
        self._vault = vault
        self._now = now

    async def for_vendor(self, account_id: AccountId, project_id: ProjectId, vendor: str) -> VendorKey:
        """The brokered key of a vendor. Raises NoSuchKey, KeyDoesNotOpen, or NotHere if it is not for this
        project."""
        key, sealed = await self._allowed(account_id, project_id, KEY_OF.get(vendor, ""))
        if key.mode != "brokered":
            raise NoSuchKey(f"{key.name} is put into the machine's sessions; it is not brokered.")
        return VendorKey(account_id, key.name, self._open(key, sealed), key.version)

    async def vendors(self, account_id: AccountId, project_id: ProjectId) -> Mapping[str, KeyMode]:
        """For which vendors the project has a key, and how it comes."""
        async with self._database.reading() as db:
            found = await store.sealed_of_project(db, account_id, project_id)
        return {key.vendor: key.mode for key, _ in found if key.vendor}

    async def injected(self, account_id: AccountId, project_id: ProjectId) -> Mapping[str, str]:
        """Name → value of the keys that stand in the environment of the project's sessions."""
        async with self._database.reading() as db:
            found = await store.sealed_of_project(db, account_id, project_id)
        values: dict[str, str] = {}
        for key, sealed in found:
            if key.mode == "injected":
                try:
                    values[key.name] = self._open(key, sealed)
                except KeyDoesNotOpen:
                    continue  # the others are still wanted
        return values

    async def readable(self, account_id: AccountId, project_id: ProjectId, name: str) -> str:
        """A key's value for a program in the machine. Raises NoSuchKey, KeyDoesNotOpen; NotHere for a brokered
        key."""
        key, sealed = await self._allowed(account_id, project_id, name)
        if key.mode == "brokered":
            raise NotHere(f"{name} is brokered: it never enters a machine.")
        value = self._open(key, sealed)
        await self._note(key.account_id, key.name, key.version, refused=False)
        return value

    async def noted(self, key: VendorKey, *, refused: bool) -> None:
        """The vendor took the key, or refused it. Written at most once a minute while it is the same."""
        await self._note(key.account_id, key.name, key.version, refused=refused)

    async def _allowed(self, account_id: AccountId, project_id: ProjectId, name: str) -> tuple[Key, bytes]:
        async with self._database.reading() as db:
            found = await store.sealed(db, account_id, name)
        if found is None:
            raise NoSuchKey
        if not found[0].is_for(project_id):
            raise NotHere(f"{name} is not for this project.")
        return found

    def _open(self, key: Key, sealed: bytes) -> str:
        """Raises KeyDoesNotOpen."""
        try:
            return self._vault.open(sealed, *place(key)).decode()
        except VaultRefused:
            log.error("keys.does_not_open", account_id=str(key.account_id), key_name=key.name)
            raise KeyDoesNotOpen from None

    async def _note(self, account_id: AccountId, name: str, version: int, *, refused: bool) -> None:
        async with self._database.transaction() as db:
            await store.note(db, account_id, name, version, refused=refused, now=self._now())
