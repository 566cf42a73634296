"""Whatever part of aether is killed, an open terminal goes on by itself and no byte is missing or doubled."""

import hashlib
import time

import pytest

from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.person import Person
from aether.testkit.stack import Stack
from aether.testkit.viewer import Viewer

LINES = 2500
# Written by printf so that the typed command does not itself hold the marks.
FLOW = (
    "printf 'BE%s\\n' GIN; for i in $(seq 1 {count}); do echo \"line $i of the stream\"; sleep 0.01; done;"
    " printf 'E%s\\n' ND\r"
)


def expected(count: int) -> bytes:
    return b"".join(b"line %d of the stream\r\n" % i for i in range(1, count + 1))


def between(stream: bytes) -> bytes:
    """What stands between the marks."""
    return stream.split(b"BEGIN\r\n", 1)[1].split(b"END\r\n", 1)[0]


async def begin_flow(viewer: Viewer, count: int) -> None:
    await viewer.until(b"$")
    await viewer.type(FLOW.format(count=count))
    await viewer.until(b"line 20 of")


@pytest.mark.timeout(300)
async def test_no_byte_is_lost_or_doubled_when_gateway_machines_nats_and_postgres_are_killed(
    stack: Stack, person: Person
) -> None:
    require_host("tmux")
    project = await person.create("kills")
    await person.start(project)
    terminal = await person.terminal(project)
    async with Viewer(stack.url, terminal, person.credentials) as viewer:
        await begin_flow(viewer, LINES)
        for part in ("gateway", "machines", "nats", "postgres"):
            stack.kill(part)
            at, killed = viewer.offset, time.monotonic()
            await eventually(lambda at=at: viewer.offset > at + 2000, within=10)  # type: ignore[misc]
            assert time.monotonic() - killed <= 10, part
            await stack.until_ready(part)
        await viewer.until(b"END\r\n", within=90)
        assert viewer.connections >= 2, "the gateway's death cut the socket, so the viewer came back"
        assert len(viewer.epochs) == 1, "the stream was resumed, never begun anew"
        found = between(bytes(viewer.received))
    assert hashlib.sha256(found).hexdigest() == hashlib.sha256(expected(LINES)).hexdigest()


@pytest.mark.timeout(180)
async def test_a_project_and_its_terminal_are_usable_after_every_part_was_killed(
    stack: Stack, person: Person
) -> None:
    project = await person.create("after-kills")
    for part in ("machines", "terminal", "gateway", "nats", "postgres"):
        await stack.kill_and_wait(part)
    await eventually(lambda: _ready(person), within=20, every=0.2)
    await person.start(project)
    terminal = await person.terminal(project)
    async with Viewer(stack.url, terminal, person.credentials) as viewer:
        await viewer.until(b"$")
        await viewer.type("echo still $((40 + 2))\r")
        await viewer.until(b"still 42")


async def _ready(person: Person) -> bool:
    try:
        return bool((await person.api.get("/ready")).status_code == 200)
    except OSError:
        return False
