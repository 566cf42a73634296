"""The only place where the agents service is put together."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"


async def main() -> None:
    raise NotImplementedError
