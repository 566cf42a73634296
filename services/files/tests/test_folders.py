"""Folders: listed, made, moved, and taken whole."""

import base64
import io
import os
import time
import zipfile

from .conftest import Box


async def test_a_folder_is_listed_folders_first(box: Box) -> None:
    box.workspace.write("/b.txt", "hello")
    box.workspace.write("/A.txt", "x")
    box.workspace.write("/src/a.ts")
    box.workspace.write("/.hidden")
    box.workspace.link("/away", "/etc")
    box.workspace.link("/broken", "nothing")
    answer = await box.get("files", path="/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["path"] == "/"
    assert [item["name"] for item in told["items"]] == ["src", ".hidden", "A.txt", "away", "b.txt", "broken"]
    by_name = {item["name"]: item for item in told["items"]}
    assert (by_name["src"]["type"], by_name["src"]["path"]) == ("folder", "/src")
    assert (by_name["b.txt"]["type"], by_name["b.txt"]["size"]) == ("file", 5)
    assert by_name["away"]["link"] == {"target": "/etc", "type": "outside"}
    assert by_name["broken"]["link"]["type"] == "missing"
    inner = await box.get("files", path="/src")
    assert [item["path"] for item in inner.json()["items"]] == ["/src/a.ts"]
    assert (await box.get("files", path="/b.txt/")).status_code == 409


async def test_five_thousand_entries_come_soon(box: Box) -> None:
    folder = box.workspace.folder("/many")
    for number in range(5_000):
        (folder / f"file-{number:04d}.txt").touch()
    await box.get("files", path="/")
    began = time.monotonic()
    answer = await box.get("files", path="/many/")
    assert len(answer.json()["items"]) == 5_000
    assert time.monotonic() - began < 2  # how fast it is stands in the benchmarks; this only finds what is amiss


async def test_a_name_that_is_no_utf8_is_shown_and_can_be_used(box: Box) -> None:
    box.workspace.write("/caf\udce9", "coffee")
    (item,) = (await box.get("files")).json()["items"]
    assert item["name"] == "caf\ufffd"
    assert base64.urlsafe_b64decode(item["name_b64"] + "==") == b"caf\xe9"
    answer = await box.get("files", path_b64=item["path_b64"])
    assert (answer.status_code, answer.content) == (200, b"coffee")
    moved = await box.ask("POST", "files/rename", json={"from_b64": item["path_b64"], "to": "/café"})
    assert moved.status_code == 200
    assert box.workspace.at("/café").read_bytes() == b"coffee"


async def test_a_folder_is_made_with_those_above_and_found_the_second_time(box: Box) -> None:
    made = await box.ask("POST", "files/mkdir", json={"path": "/a/b/c"})
    assert (made.status_code, made.json()["path"], made.json()["type"]) == (201, "/a/b/c", "folder")
    assert box.workspace.at("/a/b/c").is_dir()
    assert (await box.ask("POST", "files/mkdir", json={"path": "/a/b/c"})).status_code == 200
    box.workspace.write("/file")
    refused = await box.ask("POST", "files/mkdir", json={"path": "/file"})
    assert (refused.status_code, refused.json()["type"]) == (409, "not-a-folder")


async def test_a_move_overwrites_only_when_that_is_asked_for(box: Box) -> None:
    box.workspace.write("/a", "a")
    box.workspace.write("/b", "b")
    refused = await box.ask("POST", "files/rename", json={"from": "/a", "to": "/b"})
    assert (refused.status_code, refused.json()["type"]) == (409, "exists")
    moved = await box.ask("POST", "files/rename", json={"from": "/a", "to": "/b", "overwrite": True})
    assert (moved.status_code, moved.json()["path"]) == (200, "/b")
    assert box.workspace.at("/b").read_text() == "a"
    assert not box.workspace.at("/a").exists()
    deep = await box.ask("POST", "files/rename", json={"from": "/b", "to": "/new/place/b"})
    assert deep.status_code == 200
    assert box.workspace.at("/new/place/b").exists()
    into = await box.ask("POST", "files/rename", json={"from": "/new", "to": "/new/place/new"})
    assert into.status_code == 409
    missing = await box.ask("POST", "files/rename", json={"from": "/none", "to": "/some"})
    assert missing.status_code == 404


async def test_a_body_that_is_not_what_is_needed_is_refused(box: Box) -> None:
    for tail in ("files/mkdir", "files/rename", "files/uploads"):
        for body in (b"", b"[]", b"nonsense", b'{"path": 5, "size": "many", "from": 1}', b"{}", b'"\xff"'):
            answer = await box.ask("POST", tail, content=body)
            assert (answer.status_code, answer.json()["type"]) == (422, "invalid"), (tail, body)


async def test_a_body_of_json_is_small(box: Box) -> None:
    answer = await box.ask("POST", "files/mkdir", content=b" " * 100_000)
    assert (answer.status_code, answer.json()["type"]) == (413, "too-large")


async def test_a_folder_is_taken_whole_as_a_zip_with_links_as_links(box: Box) -> None:
    box.workspace.write("/src/a.txt", "hello")
    box.workspace.write("/src/deep/b.bin", os.urandom(300_000))
    box.workspace.link("/src/out", "/etc/passwd")
    answer = await box.get("files/archive", path="/src")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="src.zip"' in answer.headers["content-disposition"]
    assert answer.headers["content-disposition"].startswith("attachment")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    by_name = {info.filename.removeprefix("src/"): info for info in packed.infolist()}
    assert packed.read(by_name["a.txt"]) == b"hello"
    assert packed.read(by_name["deep/b.bin"]) == box.workspace.at("/src/deep/b.bin").read_bytes()
    assert packed.read(by_name["out"]) == b"/etc/passwd"
    assert by_name["out"].external_attr >> 28 == 0o12
    whole = await box.get("files/archive")
    assert 'filename="project.zip"' in whole.headers["content-disposition"]
    assert (await box.get("files/archive", path="/none")).status_code == 404
