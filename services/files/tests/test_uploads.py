"""Uploads in pieces: where they stopped, they go on."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from aether.contracts.ids import ProjectId, new_id
from aether.testkit.eventually import eventually

from .conftest import Box

KB, MB = 1024, 1024 * 1024


async def offset(box: Box, upload: UUID) -> int:
    return int((await box.get(f"files/uploads/{upload}")).json()["offset"])


async def test_a_file_arrives_in_pieces_with_its_time(box: Box) -> None:
    content = os.urandom(700 * KB)
    upload = await box.upload("/new/a.bin", len(content), mtime="2020-01-02T03:04:05Z")
    first = await box.send(upload, 0, content[: 300 * KB])
    assert (first.status_code, first.json()["offset"], first.json()["complete"]) == (200, 300 * KB, False)
    assert first.headers["upload-offset"] == str(300 * KB)
    assert not box.workspace.at("/new/a.bin").exists()
    last = await box.send(upload, 300 * KB, content[300 * KB :])
    assert last.json()["complete"] is True
    file = box.workspace.at("/new/a.bin")
    assert file.read_bytes() == content
    assert file.stat().st_mtime == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    assert last.json()["etag"] == (await box.get("files/stat", path="/new/a.bin")).json()["etag"]


async def test_an_empty_file_arrives_with_an_empty_piece(box: Box) -> None:
    upload = await box.upload("/empty", 0)
    assert (await box.send(upload, 0, b"")).json()["complete"] is True
    assert box.workspace.at("/empty").read_bytes() == b""


async def test_a_piece_for_elsewhere_is_told_where_to_go_on(box: Box) -> None:
    upload = await box.upload("/a", 10)
    await box.send(upload, 0, b"01234")
    for wrong in (0, 3, 7):
        refused = await box.send(upload, wrong, b"56789"[: 10 - wrong])
        assert (refused.status_code, refused.json()["type"], refused.json()["offset"]) == (409, "wrong-offset", 5)
        assert refused.headers["upload-offset"] == "5"
    assert (await box.send(upload, 5, b"56789")).json()["complete"] is True
    assert box.workspace.at("/a").read_text() == "0123456789"


async def test_more_than_was_announced_is_refused_and_the_rest_kept(box: Box) -> None:
    upload = await box.upload("/a", 10)
    await box.send(upload, 0, b"01234")
    refused = await box.send(upload, 5, b"567890")
    assert (refused.status_code, refused.json()["type"]) == (413, "too-large")
    assert await offset(box, upload) == 5
    assert (await box.send(upload, 5, b"56789")).json()["complete"] is True


async def test_what_came_before_the_network_broke_is_kept(box: Box) -> None:
    content = os.urandom(4 * MB)
    upload = await box.upload("/a.bin", len(content))

    async def broken() -> AsyncIterator[bytes]:
        yield content[: 3 * MB]
        await eventually(lambda: box.staged() == 3 * MB)
        raise ConnectionError("the network is gone")

    with pytest.raises(ConnectionError):
        await box.send(upload, 0, broken())
    await eventually(lambda: box.files.requests.count(box.project) == 0)
    there = await offset(box, upload)
    assert there == 3 * MB
    assert (await box.send(upload, there, content[there:])).json()["complete"] is True
    assert box.workspace.at("/a.bin").read_bytes() == content


async def test_who_comes_back_need_not_wait_for_the_piece_that_hangs(box: Box) -> None:
    content = os.urandom(4 * MB)
    upload = await box.upload("/a", len(content))
    go = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield content[: 3 * MB]
        await go.wait()

    hangs = asyncio.create_task(box.send(upload, 0, hanging()))
    await eventually(lambda: box.staged() == 3 * MB)
    second = await box.send(upload, 3 * MB, content[3 * MB :])
    assert second.json()["complete"] is True
    assert box.workspace.at("/a").read_bytes() == content
    go.set()
    answer = await hangs
    assert (answer.status_code, answer.json()["type"]) == (409, "upload-busy")


async def test_nothing_is_overwritten_unasked_and_the_question_can_be_answered_later(box: Box) -> None:
    box.workspace.write("/a", "old")
    upload = await box.upload("/a", 3)
    refused = await box.send(upload, 0, b"new")
    assert (refused.status_code, refused.json()["type"]) == (409, "exists")
    assert box.workspace.at("/a").read_text() == "old"
    assert await offset(box, upload) == 3
    assert (await box.send(upload, 3, b"", "?overwrite=1")).json()["complete"] is True
    assert box.workspace.at("/a").read_text() == "new"
    second = await box.upload("/a", 5, overwrite=True)
    assert (await box.send(second, 0, b"third")).json()["complete"] is True


async def test_an_upload_may_be_for_one_version_only(box: Box) -> None:
    box.workspace.write("/a", "old")
    etag = (await box.get("files/stat", path="/a")).json()["etag"]
    good, late = await box.upload("/a", 3, if_match=etag), await box.upload("/a", 3, if_match=f'"{etag}"')
    assert (await box.send(good, 0, b"new")).json()["complete"] is True
    refused = await box.send(late, 0, b"too")
    assert (refused.status_code, refused.json()["type"]) == (412, "changed-meanwhile")
    assert (
        await box.ask("POST", "files/uploads", json={"path": "/a", "size": 1, "if_match": '"'})
    ).status_code == 422


async def test_a_complete_upload_says_so_to_whoever_missed_it(box: Box) -> None:
    upload = await box.upload("/a", 3)
    etag = (await box.send(upload, 0, b"abc")).json()["etag"]
    told = (await box.get(f"files/uploads/{upload}")).json()
    assert (told["complete"], told["offset"], told["etag"]) == (True, 3, etag)
    assert (await box.send(upload, 0, b"abc")).json()["complete"] is True
    head = await box.ask("HEAD", f"files/uploads/{upload}")
    assert (head.status_code, head.headers["upload-offset"]) == (200, "3")


async def test_one_whose_end_the_service_did_not_see_is_found_complete(box: Box) -> None:
    """As if it had died after the file was in its place and before that was written down."""
    upload = await box.upload("/a", 3)
    await box.send(upload, 0, b"abc")
    async with box.database.transaction() as db:
        await db.execute("UPDATE files.upload SET state = 'finishing', etag = NULL")
    told = (await box.get(f"files/uploads/{upload}")).json()
    assert (told["complete"], told["offset"]) == (True, 3)
    async with box.database.transaction() as db:
        await db.execute("UPDATE files.upload SET state = 'finishing', etag = NULL")
    box.workspace.at("/a").unlink()
    told = (await box.get(f"files/uploads/{upload}")).json()
    assert (told["complete"], told["offset"]) == (False, 0)


async def test_what_is_given_up_leaves_nothing(box: Box) -> None:
    upload = await box.upload("/a", 10)
    await box.send(upload, 0, b"01234")
    assert (await box.ask("DELETE", f"files/uploads/{upload}")).status_code == 204
    assert box.staged() == 0
    assert (await box.get(f"files/uploads/{upload}")).status_code == 404
    assert (await box.send(upload, 5, b"56789")).status_code == 404
    assert await box.rows("upload") == 0


async def test_uploads_expire(box: Box) -> None:
    upload = await box.upload("/a", 10)
    await box.files.clear_old(datetime.now(UTC) + timedelta(hours=23))
    assert (await box.get(f"files/uploads/{upload}")).status_code == 200
    await box.files.clear_old(datetime.now(UTC) + timedelta(hours=25))
    assert (await box.get(f"files/uploads/{upload}")).status_code == 404


async def test_anothers_upload_is_as_missing_as_none(box: Box) -> None:
    upload = await box.upload("/a", 10)
    other = ProjectId(new_id())
    address = f"/stream/files/{other}/files/uploads/{upload}"
    for method in ("GET", "PATCH", "DELETE"):
        headers = {**box.authorized(project_id=other), "Upload-Offset": "0"}
        answer = await box.client.request(method, address, headers=headers)
        assert answer.status_code == 404
    assert await box.rows("upload") == 1


async def test_unfinished_uploads_are_limited(box: Box) -> None:
    box.files.uploads_per_project = 2
    first = await box.upload("/a", 1)
    await box.upload("/b", 1)
    refused = await box.ask("POST", "files/uploads", json={"path": "/c", "size": 1})
    assert (refused.status_code, refused.json()["type"]) == (429, "too-many-uploads")
    await box.send(first, 0, b"x")
    await box.upload("/c", 1)


async def test_a_piece_says_where_it_begins(box: Box) -> None:
    upload = await box.upload("/a", 10)
    for given in ("", "-1", "x", "1" * 30):
        answer = await box.ask("PATCH", f"files/uploads/{upload}", {"Upload-Offset": given}, content=b"x")
        assert answer.status_code == 422
