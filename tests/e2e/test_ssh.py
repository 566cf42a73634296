"""OpenSSH's own programs enter a machine with what aether prints, and are out once their key is revoked."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from aether.cli.embedded.ports import any_free_port
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.person import Person
from aether.testkit.stack import Stack

HOST = "laptop.aether"
SAID = b"from this computer"
# Each cipher that is left is authenticated, so no MAC is ever agreed on.
WEAK = (
    ("KexAlgorithms", "diffie-hellman-group14-sha1"),
    ("KexAlgorithms", "diffie-hellman-group-exchange-sha256"),
    ("Ciphers", "aes128-cbc"),
    ("Ciphers", "3des-cbc"),
    ("Ciphers", "aes256-ctr"),
    ("HostKeyAlgorithms", "ssh-rsa"),
)


@dataclass
class Laptop:
    """A person's computer: their configuration, their keys, and the programs they type."""

    url: str
    token: str
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config"

    async def aether(self, *arguments: str) -> str:
        """The aether command. What it prints."""
        environ = {**os.environ, "HOME": str(self.folder), "AETHER_URL": self.url, "AETHER_TOKEN": self.token}
        done = await self.run(sys.executable, "-m", "aether.cli.main", *arguments, environ=environ)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    async def run(self, *command: str, given: bytes = b"", **more: Any) -> "subprocess.CompletedProcess[bytes]":
        environ = more.get("environ")
        return await asyncio.to_thread(
            subprocess.run, command, input=given, capture_output=True, env=environ, timeout=60, check=False
        )

    async def knows(self, option: str, algorithm: str) -> bool:
        """Whether this computer's own ssh would agree to it."""
        return algorithm.encode() in (await self.run("ssh", "-Q", option)).stdout.split()

    async def ssh(self, *arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return await self.run("ssh", "-F", str(self.config), *arguments, given=given)

    async def stay(self, *arguments: str) -> asyncio.subprocess.Process:
        """An ssh that goes on until it is ended or cut."""
        return await asyncio.create_subprocess_exec(
            "ssh",
            *("-F", str(self.config), "-o", "ExitOnForwardFailure=yes", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def adopt(self) -> None:
        """ssh looks for ~ in the password file, where this person's folder is not: it is named in full."""
        printed = (self.folder / ".ssh" / "aether_config").read_text()
        assert "StrictHostKeyChecking yes" in printed
        self.config.write_text(printed.replace("~", str(self.folder)))


@pytest_asyncio.fixture
async def laptop(stack: Stack, person: Person, tmp_path: Path) -> AsyncIterator[Laptop]:
    """With a project called `laptop` that runs, and a key pair that may enter it."""
    for program in ("ssh", "sshd", "tmux"):
        require_host(program)
    project = await person.create("laptop")
    await person.start(project)
    computer = Laptop(stack.url, person.token, tmp_path)
    identity = str(tmp_path / ".ssh" / "aether")
    await computer.aether("agents", "allow", "laptop", "--identity", identity)
    await computer.aether("ssh-config", "laptop", "--identity", identity, "--write")
    computer.adopt()
    yield computer
    await person.api.delete(f"/api/projects/{project}")


async def test_ssh_scp_rsync_and_git_push_work_with_the_printed_lines(laptop: Laptop) -> None:
    for program in ("scp", "rsync", "git"):
        require_host(program)
    said = await laptop.ssh(HOST, "echo in $((40 + 2)); whoami")
    assert said.stdout.split()[:2] == [b"in", b"42"], said.stderr
    local = laptop.folder / "notes.bin"
    local.write_bytes(os.urandom(300_000))
    config = str(laptop.config)
    copied = await laptop.run("scp", "-F", config, str(local), f"{HOST}:workspace/notes.bin")
    assert copied.returncode == 0, copied.stderr
    back = laptop.folder / "back"
    over = f"ssh -F {config}"
    synced = await laptop.run("rsync", "-az", "-e", over, f"{HOST}:workspace/notes.bin", str(back))
    assert synced.returncode == 0, synced.stderr
    assert back.read_bytes() == local.read_bytes()
    await laptop.ssh(HOST, "git init -q --bare workspace/pushed.git")
    repository = laptop.folder / "repository"
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    await laptop.run("git", "init", "-q", "-b", "main", str(repository))
    await laptop.run("git", "-C", str(repository), *author, "commit", "-q", "--allow-empty", "-m", "one")
    environ = {**os.environ, "GIT_SSH_COMMAND": over}
    remote = f"{HOST}:workspace/pushed.git"
    pushed = await laptop.run("git", "-C", str(repository), "push", "-q", remote, "main", environ=environ)
    assert pushed.returncode == 0, pushed.stderr
    shown = await laptop.ssh(HOST, "git -C workspace/pushed.git log --format=%s main")
    assert shown.stdout == b"one\n", shown.stderr


@contextlib.asynccontextmanager
async def speaking() -> AsyncIterator[int]:
    """A port of this computer, whose network is the machine's too, at which SAID is said."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SAID)
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def said_at(port: int) -> bytes:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return b""
    said = await reader.read()
    writer.close()
    return said


async def until_said(port: int) -> None:
    async def is_said() -> bool:
        return await said_at(port) == SAID

    await eventually(is_said, within=10)


async def forwarding(laptop: Laptop, port: int) -> asyncio.subprocess.Process:
    """An ssh that forwards to this port of the machine, and has just done so."""
    here = any_free_port()
    process = await laptop.stay("-N", "-L", f"{here}:127.0.0.1:{port}", HOST)
    await until_said(here)
    return process


async def test_ports_are_forwarded_both_ways(laptop: Laptop) -> None:
    there, here = any_free_port(), any_free_port()
    async with speaking() as own:
        ssh = await laptop.stay("-N", "-R", f"{there}:127.0.0.1:{own}", "-L", f"{here}:127.0.0.1:{there}", HOST)
        try:
            await until_said(here)
            read = f"exec 3<>/dev/tcp/127.0.0.1/{there}; cat <&3"
            said = await laptop.ssh(HOST, f"bash -c '{read}'")
            assert said.stdout == SAID, said.stderr
        finally:
            ssh.terminate()
            await ssh.wait()


async def test_a_revoked_key_is_cut_off_everywhere_within_five_seconds(laptop: Laptop, person: Person) -> None:
    live = [await laptop.stay(HOST, "echo ready; cat") for _ in range(8)]
    for process in live:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 20) == b"ready\n"
    async with speaking() as own:
        live += [await forwarding(laptop, own) for _ in range(2)]
    project = (await person.get("/api/projects"))["items"][0]["id"]
    token = (await person.get(f"/api/projects/{project}/agents"))["items"][0]
    assert token["last_used_at"] is not None
    began = time.monotonic()
    await laptop.aether("agents", "revoke", "laptop", token["id"])
    async with asyncio.timeout(5):
        await asyncio.gather(*(process.wait() for process in live))
    assert time.monotonic() - began <= 5
    again = await laptop.ssh(HOST, "true")
    assert again.returncode == 255
    assert b"Permission denied" in again.stderr


async def test_weak_algorithms_are_refused_by_the_jump_host_and_by_the_machine(
    laptop: Laptop, stack: Stack
) -> None:
    jump = str(stack.ports()["jump"])
    known = [(option, algorithm) for option, algorithm in WEAK if await laptop.knows(option, algorithm)]
    assert known
    for option, algorithm in known:
        weak = ("-o", f"{option}={algorithm}")
        inside = await laptop.ssh(*weak, HOST, "true")
        straight = await laptop.run("ssh", "-F", "none", *weak, "-p", jump, "x@127.0.0.1")
        for done in (inside, straight):
            assert done.returncode == 255, f"{algorithm} was taken"
            assert b": no matching" in done.stderr, done.stderr
            assert b"Their offer: " in done.stderr, done.stderr


async def test_another_key_in_the_machines_place_is_noticed(laptop: Laptop) -> None:
    known = laptop.folder / ".ssh" / "aether_known_hosts"
    other = laptop.folder / "other"
    await laptop.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other))
    key = " ".join((other.with_suffix(".pub")).read_text().split()[:2])
    lines = known.read_text().splitlines()
    known.write_text(
        "\n".join(line if line.startswith("#") else f"{line.split()[0]} {key}" for line in lines) + "\n"
    )
    done = await laptop.ssh(HOST, "true")
    assert done.returncode == 255
    assert b"verification failed" in done.stderr
