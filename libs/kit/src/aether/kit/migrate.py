"""Migrations: numbered SQL files, each run once, in order, in a transaction, under an advisory lock."""

import hashlib
from pathlib import Path

import asyncpg

OWN = Path(__file__).parent / "migrations"


class MigrationChanged(Exception):
    """A file that has been run is not the file that was run. Add a new one instead."""


async def migrate(url: str, schema: str, *folders: Path) -> list[str]:
    """Bring a schema up to date: first the kit's tables, then the service's. Answers what was run."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", f"migrate {schema}")
        await _prepare(connection, schema)
        files = [file for folder in (OWN, *folders) for file in sorted(folder.glob("*.sql"))]
        return [file.name for file in files if await _run_once(connection, schema, file)]
    finally:
        await connection.close()


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> None:
    if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", schema):
        await connection.execute(f'CREATE SCHEMA "{schema}"')
    await connection.execute(
        f"""
        CREATE TABLE IF NOT EXISTS "{schema}".migration (
            name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
        )"""
    )


async def _run_once(connection: "asyncpg.Connection[asyncpg.Record]", schema: str, file: Path) -> bool:
    sql = file.read_text(encoding="utf-8")
    checksum = hashlib.sha256(sql.encode()).hexdigest()
    name = f"{'kit' if file.parent == OWN else 'own'}/{file.name}"
    known = await connection.fetchval(
        f'SELECT checksum FROM "{schema}".migration WHERE name = $1',
        name,
    )
    if known == checksum:
        return False
    if known is not None:
        raise MigrationChanged(f"{schema}: {file.name} was changed after it had been run")
    async with connection.transaction():
        await connection.execute(f'SET LOCAL search_path = "{schema}"')
        await connection.execute(sql)
        await connection.execute(
            f'INSERT INTO "{schema}".migration (name, checksum) VALUES ($1, $2)',
            name,
            checksum,
        )
    return True
