"""Who gets in: a page of ours, with a grant for this and nothing else, used once; and who is cut."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import psutil
import pytest

from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import CredentialId, PersonId, ProjectId, new_id
from aether.contracts.service import Service
from aether.files.app import TAILS
from aether.files.deps.visits import Reason
from aether.files.errors import TooBusy
from aether.testkit.eventually import eventually

from .conftest import PUBLIC_URL, Box

MB = 1024 * 1024
ROUTES = [
    (method, tail.path.replace("{upload_id:uuid}", str(new_id()))) for tail in TAILS for method in tail.methods
]
WRITING = [(method, path) for method, path in ROUTES if method != "GET"]


def test_every_method_that_changes_something_is_among_the_routes() -> None:
    assert {method for method, _ in ROUTES} == {"GET", "PUT", "POST", "PATCH", "DELETE"}


async def test_no_route_opens_to_a_stranger(box: Box) -> None:
    async def status(method: str, tail: str, headers: dict[str, str]) -> int:
        params = {"path": "/", "q": "x"}
        return (await box.client.request(method, box.address(tail), params=params, headers=headers)).status_code

    for route in ROUTES:
        assert await status(*route, {}) == 401, route
        assert await status(*route, {"Authorization": "Grant not.a.token"}) == 401, route
        assert await status(*route, box.authorized(audience=Service.TERMINAL)) == 401, route
        assert await status(*route, box.authorized(project_id=ProjectId(new_id()))) == 404, route
        assert await status(*route, box.authorized(right="connect")) == 403, route
        assert await status(*route, {**box.authorized(), "Origin": "https://evil.example"}) == 403, route


async def test_a_grant_for_reading_changes_nothing(box: Box) -> None:
    for method, tail in WRITING:
        answer = await box.client.request(
            method, box.address(tail), params={"path": "/a"}, headers=box.authorized(right="read"), content=b"x"
        )
        assert (answer.status_code, answer.json()["type"]) == (403, "no-right"), (method, tail)
    assert not box.workspace.at("/a").exists()


async def test_a_grant_for_writing_reads_and_one_for_reading_too(box: Box) -> None:
    for right in ("read", "write"):
        answer = await box.client.get(box.address("files"), headers=box.authorized(right=right))
        assert answer.status_code == 200


async def test_a_grant_is_good_once_and_a_foreign_page_does_not_spend_it(box: Box) -> None:
    headers = box.authorized(right="read")

    async def status(**more: str) -> int:
        return (await box.client.get(box.address("files"), headers={**headers, **more})).status_code

    for origin in ("https://evil.example", "null", "", "http://aether.example", f"{PUBLIC_URL}/"):
        assert await status(Origin=origin) == 403
    answers = await asyncio.gather(*(status(Origin=PUBLIC_URL) for _ in range(20)))
    assert sorted(answers) == [200, *[401] * 19]


async def test_what_is_no_route_is_a_problem_too(box: Box) -> None:
    missing = await box.get("nothing")
    assert (missing.status_code, missing.json()["type"]) == (404, "not-found")
    method = await box.ask("POST", "git/status")
    assert (method.status_code, method.json()["type"]) == (405, "method-not-allowed")
    assert "GET" in method.headers["allow"]


async def test_no_more_is_under_way_in_a_project_than_may_be(box: Box) -> None:
    box.files.requests._most = 1
    with box.files.requests.under_way(box.given(), lambda _: None):
        refused = await box.get("files")
        assert (refused.status_code, refused.json()["type"]) == (429, "too-busy")
        with pytest.raises(TooBusy), box.files.requests.under_way(box.given(), lambda _: None):
            pass
    assert (await box.get("files")).status_code == 200
    assert box.files.requests.count(box.project) == 0


def revoked(box: Box, whole_person: bool = False) -> AccountRevoked:
    credential = None if whole_person else box.credential
    return AccountRevoked(
        account_id=box.account, person_id=box.person, credential_id=credential, reason="signed_out"
    )


@pytest.mark.parametrize("whole_person", [False, True])
async def test_what_was_begun_with_a_revoked_credential_is_cut(box: Box, whole_person: bool) -> None:
    sparse(box, "/large", 512 * MB)
    late = box.authorized()
    async with box.watching("/") as page, box.watching("/", person_id=PersonId(new_id())) as other:
        async with box.streamed("files", path="/large") as download:
            bytes_ = download.aiter_bytes()
            await anext(bytes_)
            slow = asyncio.create_task(box.put("/slow", slowly(box)))
            await eventually(lambda: box.files.requests.count(box.project) == 2)
            await box.hear(revoked(box, whole_person))
            assert await page.ends(5) == 4001
            with pytest.raises(httpx2.RemoteProtocolError):
                async for _ in bytes_:
                    pass
        answer = await asyncio.wait_for(slow, 5)
        assert answer.status_code == 401
        assert other.closed_with is None
    assert not box.workspace.at("/slow").exists()
    assert (await box.client.get(box.address("files"), headers=late)).status_code == (200 if whole_person else 401)
    again = box.authorized(credential_id=CredentialId(new_id()))
    assert (await box.client.get(box.address("files"), headers=again)).status_code == 200


def sparse(box: Box, path: str, size: int) -> None:
    file = box.workspace.write(path)
    with file.open("r+b") as opened:
        opened.truncate(size)


async def slowly(box: Box) -> AsyncIterator[bytes]:
    """A body that goes on until its request is cut, or the test ends."""
    for _ in range(2_000):
        yield b"x" * 1024
        if not box.files.requests.count(box.project):
            return
        await asyncio.sleep(0.01)


async def test_a_client_that_goes_ends_what_it_had_begun(box: Box) -> None:
    sparse(box, "/large", 512 * MB)
    async with box.streamed("files", path="/large") as download:
        await anext(download.aiter_bytes())
        assert box.files.requests.count(box.project) == 1
    await eventually(lambda: box.files.requests.count(box.project) == 0, within=5)
    await eventually(lambda: not reading(box, "/large"), within=5)


def reading(box: Box, path: str) -> bool:
    """Whether any process has this file open."""
    wanted = str(box.workspace.at(path))
    for process in psutil.process_iter():
        try:
            if any(file.path == wanted for file in process.open_files()):
                return True
        except psutil.Error:
            continue
    return False


async def test_a_client_that_goes_in_the_middle_of_a_write_leaves_the_old_file(box: Box) -> None:
    box.workspace.write("/a", "old")

    async def breaks() -> AsyncIterator[bytes]:
        yield b"x" * MB
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await box.put("/a", breaks())
    await eventually(lambda: box.files.requests.count(box.project) == 0, within=5)
    assert box.workspace.at("/a").read_text() == "old"
    await eventually(lambda: box.staged() == 0, within=5)


async def test_a_write_whose_machine_is_lost_leaves_the_old_file_and_says_so(box: Box) -> None:
    box.workspace.write("/a", "old")

    async def cut() -> AsyncIterator[bytes]:
        yield b"x" * 3 * MB
        await eventually(lambda: box.staged() > MB)
        box.machine.cut()
        for _ in range(64):
            yield b"x" * MB

    answer = await box.put("/a", cut())
    assert (answer.status_code, answer.json()["type"]) == (503, "machine-unreachable")
    assert box.workspace.at("/a").read_text() == "old"
    assert (await box.put("/a", "new")).status_code == 200
    await eventually(lambda: box.staged() == 0)


async def test_a_download_whose_machine_is_lost_ends_before_its_length(box: Box) -> None:
    sparse(box, "/large", 512 * MB)

    async def take() -> None:
        async with box.streamed("files", path="/large") as download:
            pieces = download.aiter_bytes()
            await anext(pieces)
            box.machine.stop_sshd()
            async for _ in pieces:
                pass

    with pytest.raises(httpx2.RemoteProtocolError):
        await take()
    box.machine.start()
    assert (await box.get("files", {"Range": "bytes=-4"}, path="/large")).content == bytes(4)


async def test_a_request_that_is_cut_before_its_answer_is_told_why(box: Box) -> None:
    expected: dict[Reason, int] = {"revoked": 401, "gone": 404, "superseded": 409}
    for reason, status in expected.items():
        async with box.files.searches.of((box.project, box.person)):
            waiting = asyncio.create_task(box.get("files/search", q="x"))
            await eventually(lambda: bool(box.files.searches._locks[box.project, box.person][1] == 2))
            box.files.requests.cut(lambda _: True, reason)
            assert (await waiting).status_code == status
        assert box.files.requests.count(box.project) == 0
