"""What a part writes is kept, capped, and told where a person must see it."""

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest

from aether.cli.supervisor.logs import CappedLog, Notice, Output, notice_in
from aether.cli.supervisor.screen import notice_lines


def test_a_warning_is_told_with_its_reason() -> None:
    line = json.dumps({"level": "warning", "event": "clone.failed", "error": "no such branch"}).encode()
    assert notice_in("machines", line) == Notice("machines", "warning", "clone.failed: no such branch")


@pytest.mark.parametrize("line", [b'{"level":"info","event":"ready"}', b"plain", b"{not json", b""])
def test_what_is_routine_is_not_told(line: bytes) -> None:
    assert notice_in("gateway", line) is None


def test_a_servers_fatal_error_is_told_but_not_that_it_stops() -> None:
    assert notice_in("postgres", b"2026 [1] FATAL:  could not open file") is not None
    assert notice_in("postgres", b"2026 [1] FATAL:  terminating connection due to administrator command") is None


def test_a_printed_mail_is_shown_whole() -> None:
    mail = {"level": "info", "event": "mail.printed", "to": "a@b.c", "subject": "Hi", "body": "one\ntwo"}
    notice = notice_in("gateway", json.dumps(mail).encode())
    assert notice is not None
    assert notice_lines(notice) == ["mail to a@b.c: Hi", "  one", "  two"]


def test_a_full_log_is_begun_anew_and_one_old_one_is_kept(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "part.log", limit=10)
    for piece in (b"first 12345\n", b"second 1234\n", b"third\n"):
        log.write(piece)
    log.close()
    assert (tmp_path / "part.log").read_text() == "third\n"
    assert (tmp_path / "part.log.1").read_text() == "second 1234\n"
    assert (tmp_path / "part.log").stat().st_mode & 0o777 == 0o600


async def test_a_line_cut_in_two_is_looked_at_whole(tmp_path: Path) -> None:
    told: list[Notice] = []
    log = CappedLog(tmp_path / "nats.log")
    output = Output("nats", log, told.append)
    stream = asyncio.StreamReader()
    following = asyncio.create_task(output.follow(stream))
    stream.feed_data(b"[7] 2026 [ER")
    await asyncio.sleep(0)
    stream.feed_data(b"R] disk full\n")
    stream.feed_eof()
    await following
    log.close()
    assert [notice.text for notice in told] == ["[7] 2026 [ERR] disk full"]
    assert list(output.last_lines) == ["[7] 2026 [ERR] disk full"]


class OnFullDisk(CappedLog):
    def write(self, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_a_full_disk_stops_no_part_from_writing(tmp_path: Path) -> None:
    told: list[Notice] = []
    log = OnFullDisk(tmp_path / "nats.log")
    stream = asyncio.StreamReader()
    stream.feed_data(b"[7] [ERR] disk full\n")
    stream.feed_eof()
    await Output("nats", log, told.append).follow(stream)
    log.close()
    assert [notice.text for notice in told] == ["[7] [ERR] disk full"]
