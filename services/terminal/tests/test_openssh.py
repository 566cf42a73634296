"""Real OpenSSH through the jump host, with host keys that are known beforehand and nothing else trusted."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio

from aether.cli.embedded.ports import any_free_port
from aether.contracts.agents import TokenRevoked
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.machine import TestMachine

from .conftest import Box
from .jumping import Jump

CONFIG = """\
Host demo.aether
    HostName {project}
    Port 22
    User {user}
    ProxyJump jump.demo.aether
    HostKeyAlias {project}.aether
{common}{machine}
Host jump.demo.aether
    HostName localhost
    Port {port}
    User aether
{common}{jump}
"""
COMMON = """\
    IdentityFile "{folder}/key"
    IdentitiesOnly yes
    HostKeyAlgorithms ssh-ed25519
    UserKnownHostsFile "{folder}/known_hosts"
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
    ForwardAgent no
    ServerAliveInterval 15
"""
OPTIONS = "no-agent-forwarding,no-X11-forwarding,no-user-rc"  # with which keys are let into machines
REFUSED = 255  # what ssh ends with when it is ssh that failed


@dataclass
class Person:
    """Somebody with a key, a configuration and the programs of OpenSSH."""

    folder: Path
    jumping: Jump

    def write(self, *, machine: str = "", jump: str = "", known: str | None = None) -> None:
        """The configuration as it is handed out; `machine` and `jump` are more lines for either."""
        there = self.jumping
        key = self.folder / "key"
        if not key.exists():
            key.write_bytes(there.key.export_private_key())
            key.chmod(0o600)
        own = f"[localhost]:{there.port} {there.host_key.export_public_key().decode()}"
        lines = f"{own}{there.project}.aether {there.machine.host_key}\n" if known is None else known
        (self.folder / "known_hosts").write_text(lines)
        values = {"project": there.project, "user": there.machine.username, "port": there.port}
        common = COMMON.format(folder=self.folder)
        text = CONFIG.format(**values, common=common, machine=machine, jump=jump)
        (self.folder / "config").write_text(text)

    @property
    def ssh(self) -> list[str]:
        return ["ssh", "-F", str(self.folder / "config")]

    async def run(self, *words: str, stdin: bytes = b"", cwd: Path | None = None) -> tuple[int, str]:
        """Run to the end; its status, and all it said."""
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, "GIT_SSH_COMMAND": " ".join(self.ssh), "GIT_TERMINAL_PROMPT": "0"},
        )
        said, _ = await asyncio.wait_for(process.communicate(stdin), 30)
        assert process.returncode is not None
        return process.returncode, said.decode(errors="replace")

    async def runs(self, *words: str, stdin: bytes = b"", cwd: Path | None = None) -> str:
        """The same, and it must succeed."""
        status, said = await self.run(*words, stdin=stdin, cwd=cwd)
        assert status == 0, said
        return said

    @asynccontextmanager
    async def stays(self, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """One that stays until the block ends, unless it is cut before."""
        process = await asyncio.create_subprocess_exec(
            *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


@pytest_asyncio.fixture
async def person(machine: TestMachine, tmp_path: Path) -> AsyncIterator[Person]:
    require_host("ssh")
    there = Jump(machine, tmp_path)
    machine.admit(f"{OPTIONS} {there.token.public_key}")
    await there.start()
    person = Person(tmp_path, there)
    person.write()
    yield person
    await there.stop()


@contextmanager
def echo_in(machine: TestMachine, port: int, text: str) -> Iterator[None]:
    """Something that answers every connection to a port of loopback, until the block ends."""
    code = (
        "import socket\n"
        f"s = socket.create_server(('127.0.0.1', {port}))\n"
        "while True:\n"
        "    c = s.accept()[0]\n"
        f"    c.sendall(b'{text}')\n"
        "    c.close()\n"
    )
    process = subprocess.Popen(["python3", "-c", code], cwd=machine.folder)
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def answer_of(port: int) -> str:
    """What a port says of itself; nothing if nobody listens."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return ""
    said = await reader.read()
    writer.close()
    return said.decode()


async def test_ssh_runs_a_command_and_keeps_its_streams_and_status(person: Person) -> None:
    said = await person.runs(*person.ssh, "demo.aether", "cat; pwd; exit 0", stdin=b"in\n")
    assert said == f"in\n{person.jumping.machine.home}\n"
    status, _ = await person.run(*person.ssh, "demo.aether", "exit 7")
    assert status == 7
    assert set(person.jumping.tokens.used) == {person.jumping.token.id}


async def test_work_keeps_the_machine_awake_and_being_there_does_not(person: Person) -> None:
    async with person.stays(*person.ssh, "demo.aether", "echo in; cat >/dev/null") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert await process.stdout.readline() == b"in\n"
        for _ in range(3):
            await person.runs(*person.ssh, "demo.aether", "true")
        assert person.jumping.worked == []
        process.stdin.write(b"x" * 20_000)
        await process.stdin.drain()
        await eventually(lambda: person.jumping.worked[:1] == [person.jumping.token])


async def test_a_terminal_works(person: Person) -> None:
    said = await person.runs(*person.ssh, "-tt", "demo.aether", "tty && stty size")
    assert said.startswith("/dev/pts/")


async def test_scp_copies_both_ways(person: Person) -> None:
    data = os.urandom(3_000_000)
    (person.folder / "there").write_bytes(data)
    scp = ["scp", "-q", "-F", str(person.folder / "config")]
    await person.runs(*scp, str(person.folder / "there"), "demo.aether:workspace/copied")
    await person.runs(*scp, "demo.aether:workspace/copied", str(person.folder / "back"))
    assert (person.folder / "back").read_bytes() == data


async def test_rsync_sends_a_folder_and_then_only_what_has_changed(person: Person) -> None:
    require_host("rsync")
    source = person.folder / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "one").write_bytes(os.urandom(500_000))
    (source / "two").write_text("two")
    rsync = ["rsync", "-a", "--stats", "--delete", "-e", " ".join(person.ssh), f"{source}/"]
    await person.runs(*rsync, "demo.aether:workspace/synced/")
    (source / "two").write_text("changed")
    said = await person.runs(*rsync, "demo.aether:workspace/synced/")
    assert "Number of regular files transferred: 1" in said
    there = person.jumping.machine.home / "workspace" / "synced"
    assert (there / "two").read_text() == "changed"
    assert (there / "deep" / "one").read_bytes() == (source / "deep" / "one").read_bytes()


async def test_git_pushes_to_a_repository_in_the_machine(person: Person) -> None:
    await person.runs(*person.ssh, "demo.aether", "git init -q --bare workspace/repo.git")
    work = person.folder / "work"
    work.mkdir()
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    await person.runs("git", "init", "-q", "-b", "main", cwd=work)
    await person.runs("git", *who, "commit", "-q", "--allow-empty", "-m", "first", cwd=work)
    await person.runs("git", "push", "-q", "demo.aether:workspace/repo.git", "main", cwd=work)
    pushed = await person.runs(*person.ssh, "demo.aether", "git -C workspace/repo.git log --format=%s main")
    assert pushed == "first\n"


async def test_a_local_forward_reaches_a_port_of_the_machine(person: Person) -> None:
    here, there = any_free_port(), any_free_port()
    with echo_in(person.jumping.machine, there, "from the machine"):
        forward = f"127.0.0.1:{here}:127.0.0.1:{there}"
        async with person.stays(*person.ssh, "-N", "-o", "ExitOnForwardFailure=yes", "-L", forward, "demo.aether"):
            await until_it_says(here, "from the machine")


async def test_a_remote_forward_brings_a_port_of_the_persons_computer(person: Person) -> None:
    here, there = any_free_port(), any_free_port()
    with echo_in(person.jumping.machine, here, "from home"):
        forward = f"127.0.0.1:{there}:127.0.0.1:{here}"
        async with person.stays(*person.ssh, "-N", "-o", "ExitOnForwardFailure=yes", "-R", forward, "demo.aether"):
            await until_it_says(there, "from home")


async def until_it_says(port: int, text: str) -> None:
    async def says() -> bool:
        return await answer_of(port) == text

    await eventually(says)


@pytest.mark.parametrize("swapped", ["jump", "machine", "both", "unknown"])
async def test_a_host_key_that_is_not_the_known_one_is_refused(person: Person, swapped: str) -> None:
    there = person.jumping
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    own = there.host_key.export_public_key().decode().strip()
    jump, machine = (swapped in ("jump", "both"), swapped in ("machine", "both"))
    known = (
        f"[localhost]:{there.port} {other if jump else own}\n"
        f"{there.project}.aether {other if machine else there.machine.host_key}\n"
    )
    person.write(known="" if swapped == "unknown" else known)
    status, said = await person.run(*person.ssh, "demo.aether", "echo entered")
    assert status == REFUSED
    assert "entered" not in said
    assert "verification failed" in said


@pytest.mark.parametrize(
    "weak",
    [
        "Ciphers aes128-cbc,3des-cbc",
        "Ciphers aes128-ctr,aes256-ctr",
        "KexAlgorithms diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
        "KexAlgorithms diffie-hellman-group-exchange-sha256",
        "HostKeyAlgorithms ssh-rsa,ssh-dss,ecdsa-sha2-nistp256",
    ],
)
async def test_the_jump_host_agrees_to_no_weak_algorithm(person: Person, weak: str) -> None:
    common = COMMON.format(folder=person.folder).replace("    HostKeyAlgorithms ssh-ed25519\n", "")
    config = CONFIG.format(
        project=person.jumping.project,
        user="dev",
        port=person.jumping.port,
        common=common,
        machine="",
        jump=f"    {weak}\n",
    )
    (person.folder / "config").write_text(config)
    status, said = await person.run(*person.ssh, "demo.aether", "echo entered")
    assert status == REFUSED
    assert "Unable to negotiate" in said


async def test_nothing_but_the_way_to_the_machine_is_to_be_had(person: Person) -> None:
    for words in (["true"], ["-N", "-R", "0:127.0.0.1:22"], ["-s", "sftp"], ["-W", "127.0.0.1:80"]):
        options = ["-o", "ExitOnForwardFailure=yes"]
        status, _ = await person.run(*person.ssh, *options, *words[:-1], "jump.demo.aether", *words[-1:])
        assert status != 0


async def test_an_ssh_agent_goes_no_further_than_its_person(person: Person) -> None:
    require_host("ssh-agent")
    async with person.stays("ssh-agent", "-D", "-a", str(person.folder / "agent")):
        await eventually((person.folder / "agent").exists)
        ssh = ["env", f"SSH_AUTH_SOCK={person.folder}/agent", *person.ssh]
        said = await person.runs(*ssh, "-A", "-J", "jump.demo.aether", "demo.aether", "echo [$SSH_AUTH_SOCK]")
    assert said == "[]\n"


async def test_a_machine_that_does_not_run_is_said_not_to(person: Person) -> None:
    person.jumping.machine.running = False
    status, said = await person.run(*person.ssh, "demo.aether", "true")
    assert status == REFUSED
    assert "does not run" in said


async def test_revoking_cuts_twenty_who_are_in_within_five_seconds(box: Box, tmp_path: Path) -> None:
    there = Jump(box.machine, tmp_path)
    there.jumps = box.terminals.jumps
    box.machine.admit(f"{OPTIONS} {there.token.public_key}")
    await there.start()
    person = Person(tmp_path, there)
    person.write()
    processes = [
        await asyncio.create_subprocess_exec(
            *person.ssh,
            "demo.aether",
            "echo in; cat",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(20)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"in\n"
    there.tokens.take_back(there.token)
    began = time.monotonic()
    await box.hear(TokenRevoked(account_id=there.account, project_id=there.project, token_id=there.token.id))
    ended = await asyncio.gather(*(process.wait() for process in processes))
    assert time.monotonic() - began < 5
    assert set(ended) == {REFUSED}
    status, said = await person.run(*person.ssh, "demo.aether", "true")
    assert status == REFUSED
    assert "Permission denied" in said
    await there.stop()
