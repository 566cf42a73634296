"""Who gets in: a page of ours, with a grant for this and nothing else, used once."""

import asyncio
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId, new_id
from aether.contracts.service import Service

from .conftest import PUBLIC_URL, Box
from .viewer import Viewer

FOREIGN = [
    "https://evil.example",
    "http://aether.example",
    "https://aether.example:8443",
    "https://aether.example.evil.example",
    "https://evil-aether.example",
    "https://user@aether.example",
    "https://aether.example/",
    "https://AETHER.example",
    "null",
    "",
    "file://",
    "wss://aether.example",
]


async def status(box: Box, path: str, grant: str, headers: dict[str, str] | None = None, **options: Any) -> int:
    """The HTTP status of a refusal before accept."""
    with pytest.raises(InvalidStatus) as refused:
        await box.connect(path, grant, headers=headers or {}, **options)
    return refused.value.response.status_code


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_is_refused_before_accept_and_its_grant_is_not_spent(box: Box, origin: str) -> None:
    terminal = await box.open()
    for path, right in (
        (f"/stream/terminal/{terminal.id}", "input"),
        (f"/stream/terminal/exec/{box.project}", "exec"),
    ):
        grant = box.grant(right, terminal.id if right == "input" else "")  # type: ignore[arg-type]
        assert await status(box, path, grant, {"Origin": origin}) == 403
        viewer = await box.connect(path, grant, headers={"Origin": PUBLIC_URL})
        await viewer.close()


async def test_nobody_gets_in_without_a_grant(box: Box) -> None:
    terminal = await box.open()
    assert await status(box, f"/stream/terminal/{terminal.id}", "") == 401
    assert await status(box, f"/stream/terminal/exec/{box.project}", "") == 401
    assert await status(box, f"/stream/terminal/{terminal.id}", "not.a.token") == 401
    assert await status(box, "/stream/terminal/nonsense", box.grant("input", terminal.id)) == 404
    assert await status(box, f"/stream/terminal/{terminal.id}?grant={box.grant('input', terminal.id)}", "") == 401


async def test_a_grant_is_good_once_even_for_fifty_at_the_same_time(box: Box) -> None:
    terminal = await box.open()
    grant = box.grant("input", terminal.id)
    path = f"/stream/terminal/{terminal.id}"
    answers = await asyncio.gather(*(box.connect(path, grant) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(answer, Viewer) for answer in answers) == 1
    for answer in answers:
        if isinstance(answer, Viewer):
            await answer.close()


async def test_a_grant_for_another_service_is_refused(box: Box) -> None:
    terminal = await box.open()
    grant = box.grant("input", terminal.id, audience=Service.MACHINES)
    assert await status(box, f"/stream/terminal/{terminal.id}", grant) == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"right": "exec"}, 4003),
        ({"right": "read"}, 4003),
        ({"resource": str(new_id())}, 4003),
        ({"account_id": AccountId(new_id())}, 4004),
        ({"project_id": ProjectId(new_id())}, 4004),
    ],
)
async def test_a_grant_for_something_else_is_told_so_and_closed(
    box: Box, change: dict[str, Any], code: int
) -> None:
    terminal = await box.open()
    values = {"right": "input", "resource": str(terminal.id), **change}
    viewer = await box.connect(f"/stream/terminal/{terminal.id}", box.grant(**values))
    assert await viewer.ends() == code
    assert viewer.problem is not None
    assert not viewer.data


async def test_a_browser_brings_its_grant_as_a_subprotocol_which_is_not_echoed(box: Box) -> None:
    terminal = await box.open()
    offered = ["aether.v1", f"aether.grant.{box.grant('input', terminal.id)}"]
    path = f"/stream/terminal/{terminal.id}"
    viewer = await box.connect(path, "", subprotocols=offered, origin=PUBLIC_URL)
    assert viewer.socket.subprotocol == "aether.v1"
    await viewer.until(lambda: viewer.hello)
    await viewer.close()
    only_grant = [f"aether.grant.{box.grant('input', terminal.id)}"]
    viewer = await box.connect(path, "", subprotocols=only_grant)
    assert viewer.socket.subprotocol is None
    await viewer.close()


@pytest.mark.parametrize("whole_person", [False, True])
async def test_what_was_opened_with_a_revoked_credential_is_cut_and_lives_on(box: Box, whole_person: bool) -> None:
    terminal = await box.open()
    other = CredentialId(new_id())
    mine, elsewhere = await box.view(terminal), await box.view(terminal, credential_id=other)
    stranger = await box.view(
        terminal, "watch", person_id=PersonId(new_id()), credential_id=CredentialId(new_id())
    )
    run = await box.connect(f"/stream/terminal/exec/{box.project}", box.grant("exec"))
    await run.tell(type="run", command="echo started; sleep 100")
    await run.sees("started")
    late = box.grant("input", terminal.id)
    credential = None if whole_person else box.credential
    await box.hear(
        AccountRevoked(account_id=box.account, person_id=box.person, credential_id=credential, reason="signed_out")
    )
    assert await mine.ends(5) == 4001
    assert await run.ends(5) == 4001
    if whole_person:
        assert await elsewhere.ends(5) == 4001
    else:
        assert await status(box, f"/stream/terminal/{terminal.id}", late) == 401
        await elsewhere.type("echo ali''ve\r")
        await elsewhere.sees("alive")
        await elsewhere.close()
    assert stranger.closed_with is None
    assert await box.ask_state(terminal) == "open"
    await stranger.close()
