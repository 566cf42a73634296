"""SSH into machines for the service's own needs: the first prompt, and the clone."""

import asyncio
import codecs
import time
from collections.abc import Callable
from itertools import chain, repeat

import asyncssh
from opentelemetry import trace

from aether.contracts.machines import SshCertificate
from aether.kit.ssh import MachineUnreachable, connect
from aether.kit.trace import tracer
from aether.machines.authority import ALGORITHM

PROMPT_SECONDS = 10.0
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
CHUNK = 8192


class SshDoor:
    """The real door. Its key lives as long as the process and has no right without a certificate."""

    def __init__(self) -> None:
        self.key = asyncssh.generate_private_key(ALGORITHM)
        self.public_key = self.key.export_public_key().decode("ascii").strip()

    async def knock(self, machine: SshCertificate) -> None:
        """Wait for the first prompt. Raises MachineUnreachable if there is none in 10 s."""
        with tracer.start_as_current_span("ssh connect") as span:
            span.set_attribute("aether.machine_id", str(machine.machine_id))
            connection = await self._connect_patiently(machine)
        try:
            with tracer.start_as_current_span("ssh prompt", kind=trace.SpanKind.CLIENT):
                await connection.run("true", check=True, timeout=PROMPT_SECONDS)
        except (OSError, TimeoutError, asyncssh.Error) as error:
            raise MachineUnreachable("The machine let us in and then ran nothing.") from error
        finally:
            connection.abort()

    async def run(self, machine: SshCertificate, command: str, heard: Callable[[str], None]) -> int:
        """Run to the end; its standard error goes to `heard` as it comes. Answers the exit status.

        Raises MachineUnreachable if the connection is lost before there is one. Cancelled, it hangs up.
        """
        connection = await connect(machine, self.key)
        try:
            process = await connection.create_process(command, stdout=asyncssh.DEVNULL, encoding=None)
            # The machine may write anything at all, so what is not text is shown as such.
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while chunk := await process.stderr.read(CHUNK):
                heard(decoder.decode(chunk))
            await process.wait_closed()
        except (OSError, asyncssh.Error) as error:
            raise MachineUnreachable("The machine stopped answering.") from error
        finally:
            connection.abort()
        if process.exit_status is None or process.exit_status < 0:
            raise MachineUnreachable("The machine stopped answering.")
        return process.exit_status

    async def _connect_patiently(self, machine: SshCertificate) -> asyncssh.SSHClientConnection:
        """sshd may listen a moment before it lets anyone in."""
        end = time.monotonic() + PROMPT_SECONDS
        for delay in chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1])):
            try:
                return await connect(machine, self.key)
            except MachineUnreachable:
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(delay)
        raise AssertionError("the delays have no end")
