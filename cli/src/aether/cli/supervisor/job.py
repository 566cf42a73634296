"""A process that is run to its end, its output kept in a log."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aether.cli.errors import CannotRun
from aether.cli.supervisor.logs import CappedLog, Notice, Output
from aether.cli.supervisor.processes import dies_with_parent, kill_group


class JobFailed(CannotRun):
    """A job ended with an error; the last lines it wrote say why."""

    def __init__(self, name: str, code: int, lines: Sequence[str]) -> None:
        said = "".join(f"\n    {line}" for line in lines)
        super().__init__(f"{name} ended with code {code}:{said}")


async def run_job(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    logs: Path,
    tell: Callable[[Notice], None],
    cwd: Path = Path("/"),
) -> None:
    """Run the job; if this is cancelled, it is killed. Raises JobFailed."""
    log = CappedLog(logs / f"{name}.log")
    output = Output(name, log, tell)
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=dies_with_parent(signal.SIGTERM),
    )
    assert process.stdout is not None
    try:
        await output.follow(process.stdout)
        code = await process.wait()
    finally:
        if process.returncode is None:
            kill_group(process.pid)
            await process.wait()
        log.close()
    if code != 0:
        raise JobFailed(name, code, list(output.last_lines))
