"""A file's bytes, read and written, over HTTP and into a real machine."""

import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncIterator
from email.utils import formatdate

from .conftest import Box

MB = 1024 * 1024


async def test_a_file_is_read_with_what_a_browser_needs_to_know(box: Box) -> None:
    file = box.workspace.write("/src/a.ts", "const a = 1;\n")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    answer = await box.get("files", path="/src/a.ts")
    assert (answer.status_code, answer.content) == (200, b"const a = 1;\n")
    headers = answer.headers
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["content-length"] == "13"
    assert headers["accept-ranges"] == "bytes"
    assert headers["last-modified"] == formatdate(1_700_000_000, usegmt=True)
    assert headers["content-disposition"].startswith("inline; ")
    assert headers["etag"].strip('"') == hashlib.sha256(answer.content).hexdigest()[:32]


async def test_nothing_of_a_file_is_ever_run_on_our_origin(box: Box) -> None:
    for name in ("page.html", "image.svg", "script.js", "doc.xml", "data.bin"):
        box.workspace.write(f"/{name}", "<script>alert(1)</script>")
        answer = await box.get("files", path=f"/{name}")
        assert answer.headers["content-security-policy"] == "sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_download_carries_its_name_whatever_it_is(box: Box) -> None:
    box.workspace.write('/wö"r\nd.txt', "x")
    answer = await box.get("files", path='/wö"r\nd.txt', download="1")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"w__r_d.txt\"; filename*=UTF-8''w%C3%B6%22r%0Ad.txt"
    )


async def test_a_head_is_the_same_without_the_bytes(box: Box) -> None:
    box.workspace.write("/a.txt", "twelve bytes")
    head = await box.ask("HEAD", "files", params={"path": "/a.txt"})
    whole = await box.get("files", path="/a.txt")
    assert (head.status_code, head.content) == (200, b"")
    left = {name: value for name, value in whole.headers.items() if name != "date"}
    assert {name: value for name, value in head.headers.items() if name != "date"} == left


async def test_a_part_of_a_file(box: Box) -> None:
    box.workspace.write("/ten", "0123456789")
    for asked, status, content, told in (
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=-4", 206, b"6789", "bytes 6-9/10"),
        ("bytes=0-0,5-6", 200, b"0123456789", None),
    ):
        answer = await box.get("files", {"Range": asked}, path="/ten")
        assert (answer.status_code, answer.content) == (status, content)
        assert answer.headers.get("content-range") == told
        assert answer.headers["content-length"] == str(len(content))
    answer = await box.get("files", {"Range": "bytes=20-"}, path="/ten")
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert answer.json()["type"] == "range-not-satisfiable"


async def test_a_part_is_of_the_file_that_was_begun_or_all_of_the_new_one(box: Box) -> None:
    box.workspace.write("/a", "0123456789")
    etag = (await box.get("files", path="/a")).headers["etag"]
    same = await box.get("files", {"Range": "bytes=5-", "If-Range": etag}, path="/a")
    assert (same.status_code, same.content) == (206, b"56789")
    box.workspace.write("/a", "abcdefghij")
    other = await box.get("files", {"Range": "bytes=5-", "If-Range": etag}, path="/a")
    assert (other.status_code, other.content) == (200, b"abcdefghij")
    refused = await box.get("files", {"Range": "bytes=5-", "If-Match": etag}, path="/a")
    assert refused.status_code == 412
    assert refused.json()["etag"] == other.headers["etag"].strip('"')


async def test_who_has_the_file_already_is_told_so(box: Box) -> None:
    file = box.workspace.write("/a", "0123456789")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    etag = (await box.get("files", path="/a")).headers["etag"]
    for headers in ({"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": formatdate(1_700_000_000)}):
        answer = await box.get("files", headers, path="/a")
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    for headers in (
        {"If-None-Match": '"x"'},
        {"If-Modified-Since": formatdate(1_600_000_000)},
        {"If-Unmodified-Since": formatdate(1_700_000_000)},
    ):
        assert (await box.get("files", headers, path="/a")).status_code == 200
    late = await box.get("files", {"If-Unmodified-Since": formatdate(1_600_000_000)}, path="/a")
    assert (late.status_code, late.json()["type"]) == (412, "changed-meanwhile")


async def test_an_empty_file_is_a_file(box: Box) -> None:
    box.workspace.write("/empty")
    answer = await box.get("files", path="/empty")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert (await box.get("files", {"Range": "bytes=0-5"}, path="/empty")).status_code == 416


async def test_a_large_file_arrives_whole_and_in_part(box: Box) -> None:
    content = os.urandom(5 * MB + 17)
    box.workspace.write("/large.bin", content)
    answer = await box.get("files", path="/large.bin")
    assert answer.content == content
    part = await box.get("files", {"Range": f"bytes={4 * MB}-"}, path="/large.bin")
    assert part.content == content[4 * MB :]


async def test_a_log_that_never_rests_is_read_as_it_comes(box: Box) -> None:
    file = box.workspace.write("/run.log", b"x" * 2 * MB)
    over = threading.Event()

    def write() -> None:
        with file.open("ab") as log:
            while not over.wait(0.001):
                log.write(b"x")
                log.flush()

    writing = asyncio.create_task(asyncio.to_thread(write))
    try:
        whole = await box.get("files", path="/run.log")
        end = await box.get("files", {"Range": "bytes=-100"}, path="/run.log")
        particular = await box.get("files", {"If-Match": whole.headers["etag"]}, path="/run.log")
    finally:
        over.set()
        await writing
    assert (whole.status_code, set(whole.content)) == (200, {ord("x")})
    assert 2 * MB < len(whole.content) == int(whole.headers["content-length"])
    assert (end.status_code, end.content) == (206, b"x" * 100)
    assert particular.status_code == 412


async def test_a_file_is_made_with_the_folders_above_it(box: Box) -> None:
    answer = await box.put("/new/deep/a.txt", "hello")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["path"], told["size"]) == ("/new/deep/a.txt", 5)
    assert answer.headers["etag"] == f'"{told["etag"]}"'
    assert told["mtime"].startswith("20")
    assert box.workspace.at("/new/deep/a.txt").read_text() == "hello"


async def test_two_hundred_files_dropped_at_once_all_arrive(box: Box) -> None:
    places = asyncio.Semaphore(12)

    async def drop(number: int) -> int:
        async with places:
            return (await box.put(f"/drop/{number % 20}/{number}", f"{number}" * 1000)).status_code

    assert set(await asyncio.gather(*(drop(number) for number in range(200)))) == {201}
    for number in range(200):
        assert box.workspace.at(f"/drop/{number % 20}/{number}").read_text() == f"{number}" * 1000
    assert box.staged() == 0


async def test_a_file_that_was_there_keeps_its_mode(box: Box) -> None:
    file = box.workspace.write("/run.sh", "old")
    file.chmod(0o750)
    answer = await box.put("/run.sh", "new")
    assert answer.status_code == 200
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o750)


async def test_a_body_of_any_size_is_streamed_into_the_machine(box: Box) -> None:
    piece = os.urandom(MB)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield piece

    answer = await box.put("/large.bin", body())
    assert (answer.status_code, answer.json()["size"]) == (201, 12 * MB)
    assert box.workspace.at("/large.bin").read_bytes() == piece * 12


async def test_a_save_goes_through_only_over_the_version_that_was_read(box: Box) -> None:
    box.workspace.write("/a", "one")
    etag = (await box.get("files", path="/a")).headers["etag"]
    box.workspace.write("/a", "changed in the machine")
    present = (await box.get("files/stat", path="/a")).json()["etag"]
    refused = await box.put("/a", "two", {"If-Match": etag})
    assert (refused.status_code, refused.json()["type"], refused.json()["etag"]) == (
        412,
        "changed-meanwhile",
        present,
    )
    assert refused.headers["content-type"] == "application/problem+json"
    assert box.workspace.at("/a").read_text() == "changed in the machine"
    saved = await box.put("/a", "two", {"If-Match": f'"{present}"'})
    assert saved.status_code == 200
    box.workspace.at("/a").unlink()
    gone = await box.put("/a", "three", {"If-Match": saved.headers["etag"]})
    assert (gone.status_code, gone.json()["etag"]) == (412, None)
    assert (await box.put("/a", "three", {"If-Match": "*"})).status_code == 412
    assert not box.workspace.at("/a").exists()


async def test_a_new_file_goes_over_none_that_is_there(box: Box) -> None:
    assert (await box.put("/a", "one", {"If-None-Match": "*"})).status_code == 201
    refused = await box.put("/a", "two", {"If-None-Match": "*"})
    assert (refused.status_code, refused.json()["type"]) == (412, "changed-meanwhile")
    assert box.workspace.at("/a").read_text() == "one"
    assert (await box.put("/a", "two", {"If-Match": "*"})).status_code == 200


async def test_a_condition_that_cannot_be_meant_is_refused(box: Box) -> None:
    for headers in (
        {"If-Match": '"a'},
        {"If-None-Match": '"a"'},
        {"If-Match": "*", "If-None-Match": "*"},
        {"If-Unmodified-Since": formatdate(1_700_000_000)},
    ):
        answer = await box.put("/a", "x", headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "invalid")
    assert not box.workspace.at("/a").exists()


async def test_what_is_at_a_path_is_told_with_its_etag(box: Box) -> None:
    box.workspace.write("/a.txt", "hello").chmod(0o640)
    box.workspace.link("/to", "a.txt")
    told = (await box.get("files/stat", path="/a.txt")).json()
    assert {name: told[name] for name in ("name", "path", "type", "size", "mode")} == {
        "name": "a.txt",
        "path": "/a.txt",
        "type": "file",
        "size": 5,
        "mode": "0640",
    }
    assert told["etag"] == hashlib.sha256(b"hello").hexdigest()[:32]
    link = (await box.get("files/stat", path="/to")).json()
    assert (link["type"], link["link"]) == ("link", {"target": "a.txt", "type": "file"})


async def test_what_is_deleted_is_gone_and_a_link_goes_alone(box: Box) -> None:
    box.workspace.write("/a/b.txt", "x")
    box.workspace.link("/to", "a")
    assert (await box.ask("DELETE", "files", params={"path": "/to"})).status_code == 204
    assert box.workspace.at("/a/b.txt").exists()
    refused = await box.ask("DELETE", "files", params={"path": "/a"})
    assert (refused.status_code, refused.json()["type"]) == (409, "not-empty")
    assert (await box.ask("DELETE", "files", params={"path": "/a", "recursive": "true"})).status_code == 204
    assert not box.workspace.at("/a").exists()
    assert (await box.ask("DELETE", "files", params={"path": "/a"})).status_code == 404


async def test_the_project_itself_is_not_deleted(box: Box) -> None:
    answer = await box.ask("DELETE", "files", params={"path": "/", "recursive": "1"})
    assert answer.status_code == 422
    assert box.workspace.root.exists()


async def test_a_path_that_cannot_be_meant_is_refused(box: Box) -> None:
    for path in ("relative", "/../etc/passwd", "/a/../b", "/nul\0", "/" + "n" * 256, "/x" * 2049):
        for method in ("GET", "PUT", "DELETE"):
            answer = await box.ask(method, "files", params={"path": path})
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["field"] == "path"


async def test_what_is_not_there_and_what_is_outside_are_refused_each_in_its_way(box: Box) -> None:
    box.workspace.link("/out", "/etc")
    box.workspace.write("/file", "x")
    for method in ("GET", "HEAD"):
        assert (await box.ask(method, "files", params={"path": "/none"})).status_code == 404
    outside = await box.get("files", path="/out/passwd")
    assert (outside.status_code, outside.json()["type"]) == (403, "outside")
    written = await box.put("/out/passwd", "x")
    assert (written.status_code, written.json()["type"]) == (403, "outside")
    beneath = await box.put("/file/below", "x")
    assert (beneath.status_code, beneath.json()["type"]) == (409, "not-a-folder")
    box.workspace.folder("/folder")
    over = await box.put("/folder", "x")
    assert (over.status_code, over.json()["type"]) == (409, "is-a-folder")


async def test_a_query_that_is_no_utf8_is_refused(box: Box) -> None:
    answer = await box.ask("PUT", "files?path=/caf%E9", content=b"x")
    assert answer.status_code == 422
    assert "path_b64" in answer.json()["detail"]
