"""What agents need of a local machine: their keys let them in, and it can be spoken to from inside."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from aether.cli.embedded.ports import any_free_port
from aether.machines.domain.environment import machine_env
from aether.machines.provider import MachineSpec, MachineStatus

from .conftest import Lab, again, new_key

GIT_HOST = "https://example.com"
SIGNED_BY_SHA1 = {"signature_algs": ["ssh-rsa"]}


def line(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def admit(lab: Lab, spec: MachineSpec, text: str) -> Path:
    """Write the file of agents' keys, as it is written over SSH."""
    path = lab.volume(spec) / ".aether" / "authorized_keys"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    for made in (path.parent, path):
        os.chown(made, *owner(lab, spec))
    return path


def owner(lab: Lab, spec: MachineSpec) -> tuple[int, int]:
    there = lab.volume(spec).stat()
    return there.st_uid, there.st_gid


@asynccontextmanager
async def entered(
    lab: Lab, machine: MachineStatus, key: asyncssh.SSHKey, **options: Any
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """With a key alone, as agents come."""
    async with asyncssh.connect(
        machine.host,
        machine.port,
        username=machine.username,
        client_keys=[key],
        known_hosts=([lab.host_key.convert_to_public()], [], []),
        agent_path=None,
        config=None,
        **options,
    ) as connection:
        yield connection


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
async def test_a_key_that_is_let_in_enters_and_no_longer_once_it_is_taken_out(lab: Lab, kind: str) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(spec)
    size: dict[str, Any] = {"key_size": 3072} if kind == "ssh-rsa" else {}
    key = asyncssh.generate_private_key(kind, **size)
    path = admit(lab, spec, f"no-agent-forwarding,no-X11-forwarding,no-user-rc {line(key)} aether-token-1\n")
    async with entered(lab, machine, key) as connection:
        assert (await connection.run("echo in", check=True)).stdout == "in\n"
    path.write_text("")
    with pytest.raises(asyncssh.PermissionDenied):
        async with entered(lab, machine, key):
            pass


async def test_a_signature_by_sha1_is_refused(lab: Lab) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(spec)
    key = asyncssh.generate_private_key("ssh-rsa", key_size=3072)
    admit(lab, spec, f"{line(key)}\n")
    with pytest.raises(asyncssh.PermissionDenied):
        async with entered(lab, machine, key, **SIGNED_BY_SHA1):
            pass


async def test_an_agent_that_is_forwarded_is_not_taken_where_its_line_forbids_it(lab: Lab) -> None:
    spec, key = await lab.spec(), new_key()
    machine = await lab.provider.start(spec)
    admit(lab, spec, f"no-agent-forwarding {line(key)}\n")
    async with entered(lab, machine, key, agent_forwarding=True) as connection:
        assert (await connection.run("echo [$SSH_AUTH_SOCK]", check=True)).stdout == "[]\n"


@pytest.mark.parametrize(
    "spoiled", ["ssh-ed25519 nonsense", 'permitopen="x:y" ', "\0\xff", "cert-authority", "pipe"]
)
async def test_what_a_machine_writes_there_keeps_nobody_else_out(lab: Lab, spoiled: str) -> None:
    spec, key = await lab.spec(), new_key()
    machine = await lab.provider.start(spec)
    path = admit(lab, spec, f"{spoiled}\n{spoiled} {line(new_key())}\n{line(key)}\n")
    if spoiled == "pipe":
        path.unlink()
        os.mkfifo(path)
        os.chown(path, *owner(lab, spec))
    else:
        async with entered(lab, machine, key) as connection:
            await connection.run("true", check=True)
    async with asyncio.timeout(10):
        assert await lab.says(machine, "echo in") == "in"


async def test_the_machines_socket_is_made_from_outside_and_again_after_a_break(lab: Lab) -> None:
    spec = await lab.spec()
    env = machine_env(spec.machine_id, GIT_HOST)
    machine = await lab.provider.start(again(spec, env=env))
    assert await lab.says(machine, "echo $AETHER_SOCKET") == env["AETHER_SOCKET"]
    assert await lab.says(machine, "echo $AETHER_ENV_FILE") == env["AETHER_ENV_FILE"]
    await lab.says(machine, 'mkdir -m 700 "${AETHER_SOCKET%/*}"')
    ask = (
        "import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['AETHER_SOCKET']); "
        "s.sendall(b'ask'); print(s.recv(9).decode())"
    )
    for text in (b"first", b"second"):
        async with lab.entered(machine) as connection:
            await connection.start_unix_server(partial(answering, text), env["AETHER_SOCKET"])
            assert (await lab.says(machine, f'python3 -c "{ask}"')).encode() == text
            if text == b"first":
                connection.abort()


def answering(text: bytes, *_: Any) -> Any:
    """Answers whoever has said three bytes."""

    async def answer(reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        await reader.readexactly(3)
        writer.write(text)
        writer.close()

    return answer


async def test_a_port_of_loopback_is_brought_in_and_no_other_address(lab: Lab) -> None:
    machine = await lab.started()
    port = any_free_port()
    async with lab.entered(machine) as connection:
        await connection.start_server(partial(answering, b"from outside"), "127.0.0.1", port)
        ask = f"import socket; s = socket.create_connection(('127.0.0.1', {port})); s.sendall(b'ask'); "
        assert await lab.says(machine, f'python3 -c "{ask}print(s.recv(20).decode())"') == "from outside"
        # sshd listens on loopback instead; the other server refuses.
        with contextlib.suppress(asyncssh.ChannelListenError):
            listener = await connection.forward_remote_port("0.0.0.0", 0, "127.0.0.1", port)
            assert lab.sandboxed
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.2", listener.get_port())
        if not lab.sandboxed:
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_port("", 0, "127.0.0.1", port)


GIT = "printf 'protocol=https\\nhost=example.com\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill"
PROGRAM = """\
#!/bin/sh
[ "$1 $2" = "git-credential get" ] || exit 1
cat >/dev/null
printf 'username=x\\npassword=from-%s\\n' "${AETHER_SOCKET##*/}"
"""


async def test_git_asks_the_machines_own_program_for_credentials_once_its_socket_is_there(lab: Lab) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(again(spec, env=machine_env(spec.machine_id, GIT_HOST)))
    asked = asyncio.create_task(lab.says(machine, GIT))
    async with lab.entered(machine) as connection:
        await connection.run("mkdir -p ~/.aether/bin; cat > ~/.aether/bin/aether", input=PROGRAM, check=True)
        await connection.run('chmod 755 ~/.aether/bin/aether; mkdir -m 700 "${AETHER_SOCKET%/*}"', check=True)
        await connection.start_unix_server(
            partial(answering, b""), machine_env(spec.machine_id, GIT_HOST)["AETHER_SOCKET"]
        )
        assert "password=from-aether.sock" in await asked


async def test_git_goes_on_without_credentials_where_nobody_has_any(lab: Lab) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(again(spec, env=machine_env(spec.machine_id, GIT_HOST)))
    async with lab.entered(machine) as connection, asyncio.timeout(15):
        done = await connection.run(GIT)
    assert "could not read Username" in str(done.stderr)


async def test_nothing_of_a_machine_stays_on_the_host_when_it_ends(lab: Lab) -> None:
    spec = await lab.spec()
    env = machine_env(spec.machine_id, GIT_HOST)
    machine = await lab.provider.start(again(spec, env=env))
    await lab.says(
        machine,
        'mkdir -m 700 "${AETHER_SOCKET%/*}" "${AETHER_ENV_FILE%/*}"; echo canary-5e1f > "$AETHER_ENV_FILE"',
    )
    await lab.provider.stop(machine.machine_id)
    assert not Path(env["AETHER_SOCKET"]).parent.exists()
    assert not Path(env["AETHER_ENV_FILE"]).parent.exists()
