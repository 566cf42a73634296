"""The project against its HEAD."""

from .conftest import Box


async def test_what_differs_from_head_is_listed(box: Box) -> None:
    for name in ("changed", "removed", "same"):
        box.workspace.write(f"/{name}.txt", "one\ntwo\n")
    box.workspace.repository()
    box.workspace.write("/changed.txt", "one\n2\nthree\n")
    box.workspace.at("/removed.txt").unlink()
    box.workspace.write("/new.txt", "x\n")
    box.workspace.write("/staged.txt", "x\n")
    box.workspace.git("add", "staged.txt")
    told = (await box.get("git/status")).json()
    assert (told["repository"], told["branch"], told["truncated"]) == (True, "main", False)
    assert told["head"] == box.workspace.git("rev-parse", "HEAD").strip()
    items = {item["path"]: item for item in told["items"]}
    assert {path: (item["status"], item["staged"]) for path, item in items.items()} == {
        "/changed.txt": ("modified", False),
        "/removed.txt": ("deleted", False),
        "/new.txt": ("untracked", False),
        "/staged.txt": ("added", True),
    }
    assert (items["/changed.txt"]["added"], items["/changed.txt"]["removed"]) == (2, 1)


async def test_a_project_without_git_says_so(box: Box) -> None:
    box.workspace.write("/a.txt", "x")
    told = (await box.get("git/status")).json()
    assert (told["repository"], told["items"]) == (False, [])
    for tail in ("git/diff", "git/file", "git/blame"):
        answer = await box.get(tail, path="/a.txt")
        assert (answer.status_code, answer.json()["type"]) == (404, "not-a-repository")


async def test_a_repository_that_is_broken_is_told_in_gits_words(box: Box) -> None:
    box.workspace.write("/a.txt", "x")
    box.workspace.repository()
    box.workspace.write("/.git/config", "this is none")
    for tail in ("git/status", "git/diff"):
        answer = await box.get(tail, path="/a.txt")
        assert (answer.status_code, answer.json()["type"]) == (502, "machine-failed")
        assert "git" in answer.json()["detail"]


async def test_nothing_that_differs_is_an_empty_diff(box: Box) -> None:
    box.workspace.write("/a.txt", "x")
    box.workspace.repository()
    answer = await box.get("git/diff")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_the_whole_diff_has_what_is_new(box: Box) -> None:
    box.workspace.write("/a.txt", "one\n")
    box.workspace.repository()
    box.workspace.write("/a.txt", "two\n")
    box.workspace.write("/new.txt", "fresh\n")
    answer = await box.get("git/diff")
    assert answer.headers["content-type"] == "text/x-diff; charset=utf-8"
    for line in ("-one", "+two", "+fresh", "diff --git a/new.txt b/new.txt"):
        assert line in answer.text.splitlines()
    only = await box.get("git/diff", path="/new.txt")
    assert "+fresh" in only.text
    assert "+two" not in only.text


async def test_a_renamed_file_is_shown_against_what_it_was(box: Box) -> None:
    box.workspace.write("/old.txt", "one\ntwo\nthree\nfour\n")
    box.workspace.repository()
    box.workspace.git("mv", "old.txt", "new.txt")
    box.workspace.write("/new.txt", "one\ntwo\nthree\nfour\nfive\n")
    lines = (await box.get("git/diff", path="/new.txt")).text.splitlines()
    assert "rename from old.txt" in lines
    assert [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")] == ["+five"]


async def test_a_file_as_head_has_it(box: Box) -> None:
    box.workspace.write("/a.txt", "committed\n")
    box.workspace.repository()
    box.workspace.write("/a.txt", "changed\n")
    answer = await box.get("git/file", path="/a.txt")
    assert answer.text == "committed\n"
    blob = box.workspace.git("rev-parse", "HEAD:a.txt").strip()
    assert answer.headers["etag"] == f'"{blob}"'
    assert "last-modified" not in answer.headers
    assert (await box.get("git/file", {"If-None-Match": f'"{blob}"'}, path="/a.txt")).status_code == 304
    box.workspace.write("/new.txt", "x")
    missing = await box.get("git/file", path="/new.txt")
    assert (missing.status_code, missing.json()["type"]) == (404, "not-in-head")


async def test_lines_and_who_changed_them_last(box: Box) -> None:
    box.workspace.write("/a.txt", "one\ntwo\n")
    box.workspace.repository()
    box.workspace.write("/a.txt", "one\n2\n")
    told = (await box.get("git/blame", path="/a.txt")).json()
    first, second = told["lines"]
    assert (first["author"], first["summary"], first["line"]) == ("Ada", "Begin", 1)
    assert first["commit"] == box.workspace.git("rev-parse", "HEAD").strip()
    assert first["at"].startswith("20")
    assert (second["commit"], second["at"], second["line"]) == (None, None, 2)
    assert told["truncated"] is False
