"""`aether up` with tiny stand-ins for the services: the real supervisor, Postgres and NATS, quick to start.

python stand_in_up.py --port 8080            runs the supervisor
python stand_in_up.py serve PORT             is one stand-in, which answers every request with 200
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from aether.cli.embedded.home import resolve_home
from aether.cli.supervisor.composition import Composition
from aether.cli.supervisor.launch import launch
from aether.cli.supervisor.part import Program
from aether.contracts.service import Service

MAIL = {"level": "info", "event": "mail.printed", "to": "ada@example.org", "subject": "Reset", "body": "a link"}


async def serve(port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    print(json.dumps(MAIL), flush=True)
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


class StandIns(Composition):
    """The composition with other programs in the services' places, run as the services would be."""

    def service_programs(self) -> list[Program]:
        return [self._stood_in(program) for program in super().service_programs()]

    def _stood_in(self, program: Program) -> Program:
        port = self.ports.services[Service(program.name)]
        script = self.home.runtime / Path(__file__).name
        script.write_text(Path(__file__).read_text())
        return replace(program, command=[program.command[0], str(script), "serve", str(port)])

    def end_machines_command(self) -> list[str]:
        slow, done = self.home.root / "machines-slow", self.home.root / "machines-ended"
        return ["/bin/sh", "-c", f"rm {slow} 2> /dev/null && sleep 60; echo ended >> {done}"]


async def run(port: int) -> None:
    home = resolve_home(os.environ, Path.cwd(), uid=os.geteuid())
    home.prepare()
    with home.lock():
        await launch(home, port, os.environ, web=None, compose=StandIns)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[2])) if sys.argv[1] == "serve" else run(int(sys.argv[2])))
