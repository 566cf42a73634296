"""The script that looks for listeners, under each shell the host has and without a machine around it."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aether.cli.embedded.ports import any_free_port
from aether.terminal.adapters.listeners import LOOK
from aether.terminal.domain.listeners import Listener, read_scan

SHELLS = [shell for shell in ("sh", "dash", "bash", "ksh", "mksh", "busybox") if shutil.which(shell)]
LISTEN = """
import os, socket
server = socket.create_server(("127.0.0.1", {port}))
print(os.getpid(), flush=True)
signal = __import__("signal").pause()
"""


def look(shell: str, environment: Mapping[str, str], *, times: int = 1) -> list[str]:
    """What each of so many looks says."""
    command = [shell, "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(
        [*command, "-c", LOOK],
        input="\n" * times,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    said = done.stdout.partition("\x1e")[2]
    return said.replace("\n.\n", "\n.\n\0").replace("=\n", "=\n\0").split("\0")[:-1]


def found(shell: str, **environment: str) -> Mapping[int, Listener]:
    return read_scan(look(shell, environment)[0], ssh_port=22)


@contextlib.contextmanager
def listening(*, orphan: bool = False, link: Path | None = None) -> Iterator[int]:
    """A program that listens; as an orphan it has left whoever started it. `link` is given its number."""
    port = any_free_port()
    program = ["python3", "-c", LISTEN.format(port=port)]
    command = ["sh", "-c", '"$@" &', "sh", *program] if orphan else program
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        if orphan:
            process.wait()
        if link is not None:
            link.write_text(f"{pid}\n")
        yield port
        os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_finds_who_listens(shell: str) -> None:
    with listening() as port:
        assert found(shell)[port] == Listener(port, ("127.0.0.1",), "python3")
    assert port not in found(shell)


@pytest.fixture
def link() -> Iterator[Path]:
    """Where the agents service's SSH session keeps its process's number."""
    with TemporaryDirectory(prefix="aether-", dir="/dev/shm") as folder:
        yield Path(folder) / "link"


@pytest.mark.parametrize("shell", SHELLS)
def test_what_aether_itself_listens_on_is_no_port_of_the_machine_s(shell: str, link: Path) -> None:
    with listening(link=link) as ours, listening() as port:
        seen = found(shell)
    assert port in seen
    assert ours not in seen


@pytest.mark.parametrize("shell", SHELLS)
def test_a_look_that_sees_nothing_new_says_only_that(shell: str) -> None:
    # Others come and go on the host, so a row of looks is long enough if two of them see the same.
    for _ in range(20):
        first, *others = look(shell, {}, times=4)
        assert first.startswith("ssh ")
        assert first.endswith("\n.\n")
        if "=\n" in others:
            return
    pytest.fail("no two looks saw the same")


@pytest.mark.parametrize("shell", SHELLS)
def test_without_walls_only_what_descends_from_the_ssh_server_is_the_machine_s(shell: str) -> None:
    with listening() as mine, listening(orphan=True) as foreign:
        assert {mine, foreign} <= set(found(shell))
        seen = found(shell, AETHER_SEES_HOST="1")
        assert mine in seen
        assert foreign not in seen
