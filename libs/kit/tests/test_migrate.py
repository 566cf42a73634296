"""Each numbered file is run once, in order, by one process at a time, and never changes after."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from aether.kit.migrate import MigrationChanged, migrate


def written(folder: Path, **files: str) -> Path:
    for name, sql in files.items():
        (folder / f"{name}.sql").write_text(sql)
    return folder


async def test_files_are_run_once_and_in_order(database_url: str, tmp_path: Path) -> None:
    folder = written(tmp_path, _0002_b="ALTER TABLE a ADD c int", _0001_a="CREATE TABLE a (b int)")
    assert await migrate(database_url, "machines", folder) == ["0001_messages.sql", "_0001_a.sql", "_0002_b.sql"]
    assert await migrate(database_url, "machines", folder) == []


async def test_a_changed_file_is_refused_and_nothing_more_is_run(database_url: str, tmp_path: Path) -> None:
    folder = written(tmp_path, _0001_a="CREATE TABLE a (b int)")
    await migrate(database_url, "machines", folder)
    written(tmp_path, _0001_a="CREATE TABLE a (b text)", _0002_b="CREATE TABLE never (b int)")
    with pytest.raises(MigrationChanged, match=r"_0001_a\.sql was changed"):
        await migrate(database_url, "machines", folder)
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT to_regclass('machines.never')") is None
    await connection.close()


async def test_a_file_that_fails_leaves_nothing_behind(database_url: str, tmp_path: Path) -> None:
    folder = written(tmp_path, _0001_a="CREATE TABLE a (b int); SELECT 1/0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database_url, "machines", folder)
    written(tmp_path, _0001_a="CREATE TABLE a (b int)")
    assert await migrate(database_url, "machines", folder) == ["_0001_a.sql"]


async def test_processes_that_start_at_once_run_each_file_once(database_url: str, tmp_path: Path) -> None:
    folder = written(tmp_path, _0001_a="CREATE TABLE a (b int); SELECT pg_sleep(0.2)")
    ran = await asyncio.gather(*(migrate(database_url, "machines", folder) for _ in range(8)))
    assert sorted(name for names in ran for name in names) == ["0001_messages.sql", "_0001_a.sql"]


async def test_services_have_a_schema_each(database_url: str, tmp_path: Path) -> None:
    folder = written(tmp_path, _0001_a="CREATE TABLE a (b int)")
    assert "_0001_a.sql" in await migrate(database_url, "machines", folder)
    assert "_0001_a.sql" in await migrate(database_url, "terminal", folder)
