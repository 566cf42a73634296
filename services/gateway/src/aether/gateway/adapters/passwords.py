"""Argon2id, off the loop."""

import asyncio

from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

# One hash takes 64 MiB; more at once would only wait for the same cores.
WIDTH = 2


class Argon2:
    """Hashes in threads, `WIDTH` at a time."""

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65536) -> None:
        self._hasher = Argon2Hasher(time_cost=time_cost, memory_cost=memory_kib)
        self._turn = asyncio.Semaphore(WIDTH)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        if self._nobody is None:
            self._nobody = await self.hash("the password of nobody")
        async with self._turn:
            good = await asyncio.to_thread(self._verify, password, hashed or self._nobody)
        return good and hashed is not None

    def _verify(self, password: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(password, hashed)
        except UnknownHashError:
            return False
