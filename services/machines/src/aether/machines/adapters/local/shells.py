"""Shells and commands of the asyncssh server: real terminals or three pipes, each in its own session."""

import asyncio
import contextlib
import fcntl
import fnmatch
import os
import signal
import struct
import termios
from pathlib import Path
from typing import Any, cast

import asyncssh
from asyncssh.channel import SSHChannel, SSHServerChannel

from aether.machines.adapters.local import descriptors

Actions = list[tuple[int, int] | tuple[int, int, int] | tuple[int, int, str, int, int]]
RESET = [one for one in signal.Signals if one not in (signal.SIGKILL, signal.SIGSTOP)]


class Child:
    """A running program. With a terminal all its ends are one; `ended` gives the wait status."""

    def __init__(self, pid: int, stdin: int, outputs: tuple[int, ...], ended: "asyncio.Future[int]") -> None:
        self.pid = pid
        self.stdin = stdin
        self.outputs = outputs  # stdout, and stderr if it is apart
        self.terminal = stdin in outputs
        self.ended = ended
        self._open = {stdin, *outputs}

    def signal(self, number: signal.Signals) -> None:
        """To what runs in the foreground."""
        with contextlib.suppress(OSError):
            os.killpg(os.tcgetpgrp(self.stdin) if self.terminal else self.pid, number)

    def end_input(self) -> None:
        """Close its stdin. A terminal has no such end: there one types Ctrl-D."""
        if not self.terminal:
            self._close(self.stdin)

    def close(self) -> None:
        """Close our ends. A terminal's session gets HUP from the kernel."""
        for handle in set(self._open):
            self._close(handle)

    def _close(self, handle: int) -> None:
        if handle in self._open:
            self._open.remove(handle)
            os.close(handle)


class Children:
    """Reaps: our own children, and every orphan of the machine."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._changed = asyncio.Event()

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_signal_handler(signal.SIGCHLD, self._reap)

    def expect(self, pid: int) -> "asyncio.Future[int]":
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[pid] = future
        return future

    async def all_gone(self) -> None:
        """Once nothing of the machine is left but the server."""
        while self._has_any():
            self._changed.clear()
            await self._changed.wait()

    def _has_any(self) -> bool:
        self._reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                future = self._waiting.pop(found[0], None)
                if future and not future.done():
                    future.set_result(found[1])
        self._changed.set()


class Shell(asyncssh.SSHServerProcess[bytes]):
    """One session of a connection. SFTP and SCP are asyncssh's own; the rest runs as a child."""

    def __init__(self, shell: str, env: dict[str, str], accepted: tuple[str, ...], children: Children) -> None:
        super().__init__(_run, _sftp, 3, allow_scp=True)
        self.shell = shell
        self.base_env = env
        self.accepted = accepted
        self.children = children
        self.child: Child | None = None

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def signal_received(self, signal: str) -> None:
        """At once, not in line behind input that nobody reads."""
        if self.child:
            self.child.signal(_number(signal))

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        if self.child and self.child.terminal:
            _resize(self.child.stdin, (width, height, pixwidth, pixheight))

    def argv(self) -> list[str]:
        """A login shell, or a command read by it."""
        return [self.shell, "-c", self.command] if self.command else [f"-{Path(self.shell).name}"]

    def environment(self) -> dict[str, str]:
        asked = {
            name: value
            for name, value in self.env.items()
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.accepted)
        }
        there = self.get_extra_info("peername") or ("", 0)
        here = self.get_extra_info("sockname") or ("", 0)
        own = {"SSH_CONNECTION": f"{there[0]} {there[1]} {here[0]} {here[1]}"}
        return {**asked, **self.base_env, **own, **({"TERM": self.term_type} if self.term_type else {})}


async def _run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    assert isinstance(process, Shell)
    child = process.child = _spawn(process)
    writers = (process.stdout, process.stderr)
    pairs = zip(child.outputs, writers, strict=False)  # a terminal has no stderr
    copying = asyncio.gather(*(_copy_out(handle, writer) for handle, writer in pairs))
    feeding = asyncio.create_task(_copy_in(process.stdin, child))
    closed = asyncio.create_task(process.channel.wait_closed())
    try:
        await _first(copying, closed)
        await _first(child.ended, closed)
    finally:
        process.child = None
        for task in (copying, feeding, closed):
            task.cancel()
        await asyncio.gather(copying, feeding, closed, return_exceptions=True)
        child.close()
    if child.ended.done():
        _tell(process, child.ended.result())


async def _first(*futures: "asyncio.Future[Any]") -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _sftp(channel: SSHChannel[bytes]) -> asyncssh.SFTPServer:
    return asyncssh.SFTPServer(cast("SSHServerChannel[bytes]", channel))  # asyncssh's own types disagree


def _tell(process: Shell, status: int) -> None:
    with contextlib.suppress(OSError):
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name.removeprefix("SIG")
            process.exit_with_signal(name, os.WCOREDUMP(status))
        else:
            process.exit(os.waitstatus_to_exitcode(status))


def _spawn(process: Shell) -> Child:
    if process.term_type is None:
        return _spawn_piped(process)
    return _spawn_on_terminal(process)


def _spawn_on_terminal(process: Shell) -> Child:
    """The first terminal that a session leader opens becomes its own."""
    ours, theirs = os.openpty()
    try:
        _resize(ours, process.term_size)
        name = os.ttyname(theirs)
        opened: Actions = [(os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0)]
        copied: Actions = [(os.POSIX_SPAWN_DUP2, 0, number) for number in (1, 2)]
        pid = _start(process, opened + copied, {"SSH_TTY": name})
    finally:
        os.close(theirs)
    os.set_blocking(ours, False)
    return Child(pid, ours, (ours,), process.children.expect(pid))


def _spawn_piped(process: Shell) -> Child:
    (their_in, our_in), (our_out, their_out), (our_err, their_err) = os.pipe(), os.pipe(), os.pipe()
    theirs = (their_in, their_out, their_err)
    try:
        pid = _start(process, [(os.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate(theirs)], {})
    finally:
        for handle in theirs:
            os.close(handle)
    for handle in (our_in, our_out, our_err):
        os.set_blocking(handle, False)
    return Child(pid, our_in, (our_out, our_err), process.children.expect(pid))


def _start(process: Shell, actions: Actions, extra: dict[str, str]) -> int:
    return os.posix_spawn(
        process.shell,
        process.argv(),
        {**process.environment(), **extra},
        file_actions=actions,
        setsid=True,
        setsigmask=[],
        setsigdef=RESET,
    )


async def _copy_out(handle: int, writer: asyncssh.SSHWriter[bytes]) -> None:
    """As fast as the client reads, until the program has closed its end."""
    with contextlib.suppress(OSError, asyncssh.Error):  # the client left, or a terminal's last program did
        while data := await descriptors.read(handle):
            writer.write(data)
            await writer.drain()


async def _copy_in(reader: asyncssh.SSHReader[bytes], child: Child) -> None:
    """As fast as the program reads, until the client has ended its input."""
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await _next(reader):
            await descriptors.write(child.stdin, data)
    child.end_input()


async def _next(reader: asyncssh.SSHReader[bytes]) -> bytes:
    while True:
        try:
            return await reader.read(descriptors.CHUNK)
        except asyncssh.BreakReceived:
            continue


def _resize(terminal: int, size: tuple[int, int, int, int]) -> None:
    """`size` is columns, rows, and both in pixels."""
    columns, rows, width, height = (min(max(number, 0), 0xFFFF) for number in size)
    with contextlib.suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))


def _number(name: str) -> signal.Signals:
    return getattr(signal.Signals, f"SIG{name}", signal.SIGCONT)
