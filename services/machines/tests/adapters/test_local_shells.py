"""What a person, or a program for them, finds inside a local machine."""

import asyncio
import contextlib
import hashlib
import os
import shlex
import socket
from pathlib import Path

import asyncssh
import pytest

from aether.machines.provider import Limits, ProviderRefused
from aether.testkit.eventually import eventually

from .conftest import Lab

MEGABYTES = 1 << 20


async def test_a_shell_is_never_the_hosts_root(lab: Lab) -> None:
    machine = await lab.started()

    uid, gid, groups = (await lab.says(machine, "id -u; id -g; id -G")).splitlines()

    assert "0" not in (uid, gid)
    assert groups == gid or os.geteuid() != 0
    assert (await lab.says(machine, "grep CapEff /proc/self/status")).split()[1].strip("0") == ""
    assert (await lab.says(machine, "grep NoNewPrivs /proc/self/status")).split()[1] == "1"


async def test_a_shell_starts_at_home_with_a_workspace_in_it(lab: Lab) -> None:
    machine = await lab.started()

    said = await lab.says(machine, 'pwd; echo "$HOME"; cd workspace && pwd; echo "$LANG $USER"; echo "[$TMUX]"')

    assert said.splitlines() == [machine.home_dir, machine.home_dir, machine.workspace_dir, "C.UTF-8 dev", "[]"]


async def test_the_environment_of_the_machine_reaches_every_command(lab: Lab) -> None:
    odd = 'a "b" \\ c # \'d\' $E `f` \\" é ='
    machine = await lab.started(env={"AETHER_ODD": odd, "PLAIN": "1"})

    assert await lab.says(machine, 'printf "%s|%s" "$AETHER_ODD" "$PLAIN"') == f"{odd}|1"
    assert await lab.says(machine, "echo $AETHER_MACHINE_ID") == str(machine.machine_id)


async def test_a_machine_without_walls_says_that_it_sees_the_host(lab: Lab) -> None:
    machine = await lab.started()
    mine = shlex.quote(Path("/proc/self/cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
    look = f"tr '\\0' ' ' 2>/dev/null </proc/{os.getpid()}/cmdline | grep -qsF -- {mine}"
    seen = await lab.says(machine, f"{{ {look}; }} 2>/dev/null && echo host || echo own")
    assert await lab.says(machine, "echo ${AETHER_SEES_HOST:-0}") == {"host": "1", "own": "0"}[seen]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LD_PRELOAD", "x"),
        ("BASH_ENV", "x"),
        ("FINE", "two\nlines"),
        ("A B", "x"),
        ("", "x"),
        ("BASH_FUNC_ls", "x"),
    ],
)
async def test_an_environment_that_would_take_over_the_shell_is_refused(lab: Lab, name: str, value: str) -> None:
    with pytest.raises(ProviderRefused):
        await lab.started(env={name: value})


async def test_a_client_cannot_hand_in_a_loader_of_its_own(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        done = await connection.run(
            "echo [$LD_PRELOAD] $COLORTERM", env={"LD_PRELOAD": "/x", "COLORTERM": "truecolor"}
        )

    assert done.stdout == "[] truecolor\n"


async def test_output_errors_and_exit_code_are_kept_apart(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        done = await connection.run("cat; echo bad >&2; exit 7", input="in\n")
        killed = await connection.run("kill -KILL $$")

    assert (done.stdout, done.stderr, done.exit_status) == ("in\n", "bad\n", 7)
    assert killed.exit_signal is not None
    assert killed.exit_signal[0] == "KILL"


async def test_a_terminal_is_real_and_follows_the_window(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        shell = await connection.create_process(term_type="xterm-256color", term_size=(91, 23))
        shell.stdin.write("PS1=; stty -echo; stty size; echo $TERM; tty\n")
        said = await shell.stdout.readuntil("/dev/pts/")
        shell.change_terminal_size(120, 40)
        shell.stdin.write("stty size; exit 3\n")
        said += await shell.stdout.read()
        await shell.wait_closed()

    assert "23 91" in said
    assert "xterm-256color" in said
    assert "40 120" in said
    assert shell.exit_status == 3


async def test_ctrl_c_reaches_what_runs_in_the_foreground(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        shell = await connection.create_process(term_type="xterm")
        shell.stdin.write(
            'sh -c \'trap "echo sto""pped; exit" INT; echo be""gun; while :; do sleep 0.01; done\'\n'
        )
        await shell.stdout.readuntil("begun\r\n")
        shell.stdin.write("\x03")

        await shell.stdout.readuntil("stopped\r\n")
        shell.close()


async def test_a_signal_reaches_a_command_that_reads_no_input(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        process = await connection.create_process(
            "trap 'echo got; exit 9' INT; echo ready; while :; do sleep 0.01; done"
        )
        await process.stdout.readuntil("ready\n")
        process.send_signal("INT")

        assert await process.stdout.read() == "got\n"
        assert (await process.wait()).exit_status == 9


async def test_the_shell_of_a_lost_connection_is_hung_up(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        shell = await connection.create_process(term_type="xterm")
        shell.stdin.write("PS1=; echo $$ > pid; echo re''ady\n")
        await shell.stdout.readuntil("ready")
        pid = await lab.says(machine, "cat pid")
        connection.abort()

    async def is_gone() -> bool:
        return await lab.says(machine, f"kill -0 {pid} 2>/dev/null && echo there || echo gone") == "gone"

    await eventually(is_gone)


async def test_many_bytes_pass_both_ways_unharmed(lab: Lab) -> None:
    machine = await lab.started()
    data = os.urandom(8 * MEGABYTES)

    async with lab.entered(machine) as connection:
        echoed = await connection.run("cat", input=data, encoding=None)

    assert isinstance(echoed.stdout, bytes)
    assert hashlib.sha256(echoed.stdout).digest() == hashlib.sha256(data).digest()


async def test_a_client_that_does_not_read_stops_the_program_not_the_machine(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        flood = await connection.create_process(
            "head -c 64M /dev/zero; echo done >&2", encoding=None, window=MEGABYTES
        )
        flood.channel.pause_reading()
        assert await lab.says(machine, "echo alive") == "alive"
        assert not flood.stderr.at_eof()
        flood.channel.resume_reading()

        received = 0
        while piece := await flood.stdout.read(MEGABYTES):
            received += len(piece)

    assert received == 64 * MEGABYTES


async def test_sftp_works_in_the_persons_home(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection, connection.start_sftp_client() as sftp:
        async with sftp.open("workspace/a file", "wb") as file:
            await file.write(b"text")
        assert await sftp.realpath(".") == machine.home_dir
        assert "a file" in await sftp.listdir("workspace")

    assert await lab.says(machine, "cat 'workspace/a file'") == "text"


async def test_connections_are_forwarded_to_ports_and_to_sockets(lab: Lab) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(spec)
    path = lab.volume(spec) / "s"
    with socket.socket() as tcp, socket.socket(socket.AF_INET6) as tcp6, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        tcp6.bind(("::1", 0))
        with contextlib.chdir(path.parent):  # a socket's path must be short
            unix.bind("s")
        path.chmod(0o777)

        async with lab.entered(machine) as connection:
            for listener in (tcp, tcp6, unix):
                listener.listen()
                listener.setblocking(False)
                if listener is not unix:
                    reader, writer = await connection.open_connection(*listener.getsockname()[:2])
                else:
                    reader, writer = await connection.open_unix_connection(f"{machine.home_dir}/s")
                assert await _exchange(listener, reader, writer) == (b"there", b"back")
                writer.close()


async def _exchange(
    listener: socket.socket, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]
) -> tuple[bytes, bytes]:
    loop = asyncio.get_running_loop()
    accepted, _ = await loop.sock_accept(listener)
    with accepted:
        writer.write(b"there")
        heard = await loop.sock_recv(accepted, 100)
        await loop.sock_sendall(accepted, b"back")
        return heard, await reader.readexactly(4)


async def test_a_file_larger_than_the_disk_limit_is_not_written(lab: Lab) -> None:
    machine = await lab.started(Limits(disk_mb=1))

    async with lab.entered(machine) as connection:
        done = await connection.run("head -c 2M /dev/zero > big; stat -c %s big")

    assert done.stdout == f"{MEGABYTES}\n"


async def test_a_fork_bomb_meets_its_limit(lab: Lab) -> None:
    if not lab.walled:
        return  # without a sandbox a person's processes are not counted apart, as the package says
    machine = await lab.started(Limits(pids=40))

    async with lab.entered(machine) as connection:
        done = await connection.run(
            "sh -c 'for i in $(seq 100); do sleep 1000 >/dev/null 2>&1 & done; echo never'"
        )

    assert "fork" in str(done.stderr)
    assert "never" not in str(done.stdout)


async def test_two_projects_cannot_read_each_others_files(lab: Lab) -> None:
    if not lab.walled:
        return  # as the package says
    mine, theirs = await lab.spec(), await lab.spec()
    await lab.provider.start(mine)
    stranger = await lab.provider.start(theirs)
    (lab.volume(mine) / "secret").write_text("mine")
    (lab.volume(mine) / "secret").chmod(0o666)

    async with lab.entered(stranger) as connection:
        done = await connection.run(f"cat {lab.volume(mine)}/secret; ls {lab.home}/volumes {lab.home}/machines/*/")

    assert done.stdout == ""
    assert done.exit_status != 0


async def test_a_sandbox_shows_the_system_and_nothing_of_the_host(lab: Lab) -> None:
    machine = await lab.started()
    if not lab.sandboxed:
        return

    assert await lab.says(
        machine, "hostname; ls /home /tmp /dev/shm | tr '\\n' ' '; ls -d /root 2>&1 | tail -c 10"
    )
    assert (await lab.says(machine, "hostname")) == "demo"
    assert (await lab.says(machine, "ls /home")) == "dev"
    assert (await lab.says(machine, "touch /tmp/x /dev/shm/x && ls /tmp")) == "x"
    assert (await lab.says(machine, f"ls -d /root {lab.home} 2>/dev/null || true")) == ""
    assert (await lab.says(machine, "touch /usr/x /etc/x /x 2>/dev/null || echo closed")) == "closed"
    assert (await lab.says(machine, "ls /proc | grep -c '^[0-9]'")) in {"6", "7", "8", "9"}
    assert not Path("/tmp/x").exists()


async def test_the_prompt_is_ready_for_work(lab: Lab) -> None:
    machine = await lab.started()

    async with lab.entered(machine) as connection:
        shell = await connection.create_process(term_type="xterm")
        shell.stdin.write('echo "[$HISTFILE]"; exit\n')
        said = await shell.stdout.read()

    assert f"[{machine.home_dir}/.bash_history]" in said
    assert "I have no name" not in said
