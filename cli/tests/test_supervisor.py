"""The supervisor as a person meets it: real Postgres and NATS, stand-ins for the services."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from aether.cli.supervisor.processes import started_at
from aether.testkit.eventually import eventually
from aether.testkit.stack import Stack

COMMAND = (sys.executable, str(Path(__file__).with_name("stand_in_up.py")))
PARTS = {"postgres", "nats", "gateway", "machines", "terminal", "files", "agents"}


@pytest.fixture
async def new_stack(server_folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[Callable[[], Stack]]:
    """Makes stacks that are stopped when the test is over; all of one test share a home."""
    folder = server_folder / request.node.name
    folder.mkdir(mode=0o711)
    made: list[Stack] = []

    def make() -> Stack:
        made.append(Stack(folder, command=COMMAND))
        return made[-1]

    yield make
    for stack in made:
        stack.close()


@pytest.fixture(scope="module")
async def running(server_folder: Path) -> AsyncIterator[Stack]:
    """One stack that every test of this file may use and none may stop."""
    folder = server_folder / "running"
    folder.mkdir(mode=0o711)
    stack = Stack(folder, command=COMMAND)
    await stack.start()
    yield stack
    stack.close()


def gone(pids: dict[str, int]) -> bool:
    return all(started_at(pid) is None for pid in pids.values())


async def test_the_second_start_finds_every_address_and_secret_again(
    new_stack: Callable[[], Stack],
) -> None:
    stack = new_stack()
    await stack.start()
    ports, url = stack.ports(), stack.url
    secrets = {path.name: path.read_text() for path in (stack.home / "secrets").iterdir()}
    await stack.stop()
    await stack.start()
    assert (stack.ports(), stack.url) == (ports, url)
    assert {path.name: path.read_text() for path in (stack.home / "secrets").iterdir()} == secrets


async def test_every_part_is_a_process_of_its_own(running: Stack) -> None:
    pids = running.pids()
    assert set(pids) == PARTS
    assert len({os.getpgid(pid) for pid in pids.values()}) == len(PARTS)


async def test_as_root_only_machines_stays_root_and_no_two_parts_share_a_uid(
    running: Stack,
) -> None:
    uids = {name: psutil.Process(pid).uids().real for name, pid in running.pids().items()}
    assert uids["machines"] == os.geteuid()
    assert len(set(uids.values())) == (len(PARTS) if os.geteuid() == 0 else 1)


async def test_ctrl_c_stops_everything_within_five_seconds(new_stack: Callable[[], Stack]) -> None:
    stack = new_stack()
    await stack.start()
    pids = stack.pids()
    assert await stack.stop(signal.SIGINT) < 5
    assert gone(pids)
    assert (stack.home / "machines-ended").read_text() == "ended\n"


async def test_ctrl_c_stops_a_part_that_does_not_listen(new_stack: Callable[[], Stack]) -> None:
    stack = new_stack()
    await stack.start()
    pids = stack.pids()
    os.kill(pids["gateway"], signal.SIGSTOP)
    assert await stack.stop(signal.SIGINT) < 5
    assert gone(pids)


@pytest.mark.parametrize("part", sorted(PARTS))
async def test_a_part_that_is_killed_comes_back_by_itself(running: Stack, part: str) -> None:
    others = {name: pid for name, pid in running.pids().items() if name != part}
    await running.kill_and_wait(part)
    assert {name: pid for name, pid in running.pids().items() if name != part} == others
    assert f"{part}: was ended by SIGKILL, and is started again" in running.output()


async def test_when_the_supervisor_is_killed_nothing_stays_behind(new_stack: Callable[[], Stack]) -> None:
    stack = new_stack()
    await stack.start()
    pids = stack.pids()
    os.kill(stack.pid, signal.SIGKILL)
    await eventually(lambda: gone(pids))
    await eventually((stack.home / "machines-ended").exists)


async def test_machines_that_take_too_long_to_end_are_ended_after_everything_else(
    new_stack: Callable[[], Stack],
) -> None:
    stack = new_stack()
    await stack.start()
    (stack.home / "machines-slow").touch()
    assert await stack.stop() <= 5
    await eventually((stack.home / "machines-ended").exists)
    assert not (stack.home / "machines-slow").exists()


async def test_what_a_killed_supervisor_could_not_stop_is_ended_by_the_next(
    new_stack: Callable[[], Stack],
) -> None:
    stack = new_stack()
    await stack.start()
    pids = stack.pids()
    # A stopped process does not hear that its parent died.
    os.kill(pids["gateway"], signal.SIGSTOP)
    await eventually(lambda: psutil.Process(pids["gateway"]).status() == psutil.STATUS_STOPPED)
    os.kill(stack.pid, signal.SIGKILL)
    await eventually(lambda: gone({name: pid for name, pid in pids.items() if name != "gateway"}))
    second = new_stack()
    await second.start()
    assert gone(pids)
    assert "ended what an earlier aether left running: gateway" in second.output()


async def test_a_second_aether_on_the_same_home_is_refused_in_a_sentence(
    running: Stack,
) -> None:
    environ = {**os.environ, "AETHER_HOME": str(running.home)}
    command = [sys.executable, "-m", "aether.cli.main", "up"]
    second = await asyncio.to_thread(
        subprocess.run, command, env=environ, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"aether already runs on {running.home} (process {running.pid})" in second.stderr.replace("\n", " ")
    await running.until_ready("gateway")


async def test_a_lost_database_password_is_told_in_a_sentence(new_stack: Callable[[], Stack]) -> None:
    stack = new_stack()
    await stack.start()
    await stack.stop()
    (stack.home / "secrets" / "superuser.pgpass").unlink()
    stack.begin()
    await eventually(lambda: "does not take the password in secrets/superuser.pgpass" in stack.output(), within=20)


async def test_a_taken_port_is_passed_over_and_the_person_is_told(new_stack: Callable[[], Stack]) -> None:
    stack = new_stack()
    with socket.create_server(("127.0.0.1", stack.web_port)):
        await stack.start()
        used = stack.ports()["gateway"]
        assert used != stack.web_port
        assert f"Port {stack.web_port} is taken by another program, so aether uses {used}." in stack.output()
    await stack.until_ready("gateway")


async def test_a_mail_that_has_no_server_to_go_to_is_shown(running: Stack) -> None:
    assert "mail to ada@example.org: Reset\n  a link\n" in running.output()


async def test_every_part_has_a_log_only_its_owner_reads(running: Stack) -> None:
    logs = {path.stem: path.stat().st_mode & 0o777 for path in (running.home / "logs").iterdir()}
    assert PARTS | {"provision"} <= set(logs)
    assert set(logs.values()) == {0o600}
