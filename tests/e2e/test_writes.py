"""Saves and uploads that are broken off: the old file or the new one, and nothing of a third kind."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from aether.testkit.eventually import eventually
from aether.testkit.person import Person
from aether.testkit.stack import Stack

MIB = 1024 * 1024


def files(project: str) -> str:
    return f"/api/projects/{project}/files"


async def pieces(count: int, after_half: Callable[[], object]) -> AsyncIterator[bytes]:
    """A mebibyte at a time; something happens in the middle."""
    for number in range(count):
        if number == count // 2:
            after_half()
        yield os.urandom(MIB)


def staged(stack: Stack) -> list[Path]:
    """What lies in the staging folders of the machines: the beginnings of files."""
    return [path for path in stack.home.rglob(".aether/staging/*") if path.is_file()]


@pytest.mark.timeout(120)
async def test_a_save_during_which_the_service_is_killed_leaves_the_old_file(stack: Stack, person: Person) -> None:
    project = await person.create("broken-off")
    await person.start(project)
    path = {"path": "/notes/plan.txt"}
    made = await person.api.put(files(project), params=path, content=b"the old plan")
    assert made.status_code == 201, made.text
    try:
        answer = await person.api.put(
            files(project), params=path, content=pieces(32, lambda: stack.kill("files")), timeout=30
        )
        assert answer.status_code >= 500, "what was not written whole was not written"
    except httpx2.TransportError:
        pass
    await stack.until_ready("files")
    assert (await person.api.get(files(project), params=path)).content == b"the old plan"
    await eventually(lambda: staged(stack) == [], within=10, every=0.2)
    again = await person.api.put(
        files(project), params=path, content=b"the new plan", headers={"If-Match": made.json()["etag"]}
    )
    assert again.status_code == 200, again.text


@pytest.mark.timeout(120)
async def test_an_upload_goes_on_where_it_was_when_the_service_was_killed(stack: Stack, person: Person) -> None:
    project = await person.create("resumed")
    await person.start(project)
    whole = os.urandom(6 * MIB)
    made = await person.post(f"{files(project)}/uploads", {"path": "/data/whole.bin", "size": len(whole)})
    upload = f"{files(project)}/uploads/{made['id']}"

    async def send(offset: int, end: int) -> dict[str, object]:
        answer = await person.api.patch(
            upload, content=whole[offset:end], headers={"Upload-Offset": str(offset)}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        told: dict[str, object] = answer.json()
        return told

    assert (await send(0, 4 * MIB))["offset"] == 4 * MIB
    await stack.kill_and_wait("files")
    assert (await person.get(upload))["offset"] == 4 * MIB
    early = await person.api.patch(upload, content=b"x", headers={"Upload-Offset": "1"})
    assert early.status_code == 409
    assert early.json()["type"].endswith("wrong-offset")
    assert (await send(4 * MIB, len(whole)))["complete"] is True
    assert (await person.api.get(files(project), params={"path": "/data/whole.bin"})).content == whole
