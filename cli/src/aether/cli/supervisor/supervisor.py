"""Starts the parts in order, keeps them alive, and stops them in order within five seconds."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from aether.cli.embedded.nats import NatsServer
from aether.cli.embedded.postgres import Postgres
from aether.cli.supervisor.composition import DATABASE, Composition
from aether.cli.supervisor.job import JobFailed, run_job
from aether.cli.supervisor.logs import Notice
from aether.cli.supervisor.part import Part, PartFailed, Program, State
from aether.cli.supervisor.processes import ProcessBook
from aether.cli.supervisor.screen import Screen
from aether.cli.supervisor.watchdog import NAME as WATCHDOG
from aether.cli.supervisor.watchdog import Watchdog
from aether.cli.supervisor.webapp import NodeMissing, WebApp

START_WITHIN = 60.0
# Together less than the five seconds a person is asked to wait.
SERVICES_STOP_WITHIN = 3.2
SERVERS_STOP_WITHIN = 1.2
PROVISION, WEB = "streams and schemas", "web app"


class Supervisor:
    """One aether that runs."""

    def __init__(self, composition: Composition, web: WebApp | None, screen: Screen) -> None:
        self._composition = composition
        self._web = web
        self._screen = screen
        self._book = ProcessBook(composition.home.processes)
        self._servers: list[Part] = []
        self._services: list[Part] = []
        self._stop = asyncio.Event()
        self._ready = False
        self._jobs: set[asyncio.Task[None]] = set()

    async def run(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Start everything, call `ready`, and keep it running until a signal says stop.

        Raises PartFailed or JobFailed if it cannot be started; what was started is stopped then.
        """
        self._listen_to_signals()
        watchdog = Watchdog(self._composition.end_machines_command(), self._composition.end_machines_environment())
        self._book.note(WATCHDOG, watchdog.pid)
        try:
            await self._until_stopped(self._start())
            if not self._stop.is_set():
                self._ready = True
                await ready()
            await self._stop.wait()
        finally:
            # Machines that could not be ended in time are left to the watchdog, which outlives this process.
            if await self._stop_all():
                watchdog.release()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._told_to_stop)

    def _told_to_stop(self) -> None:
        if self._stop.is_set():
            for part in (*self._services, *self._servers):
                part.kill()
        self._stop.set()

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, but let go of it as soon as a signal says stop."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        if not working.cancelled():
            working.result()

    async def _start(self) -> None:
        self._composition.make_secrets()
        _, web_dir = await asyncio.gather(self._start_servers(), self._build_web())
        programs = replace(self._composition, web_dir=web_dir).service_programs()
        self._services = [self._part(program) for program in programs]
        await asyncio.gather(*(part.start(START_WITHIN) for part in self._services))

    async def _start_servers(self) -> None:
        postgres, nats = self._composition.postgres(), self._composition.nats()
        await asyncio.gather(self._start_postgres(postgres), self._start_nats(nats))
        await self._provision()

    async def _build_web(self) -> Path | None:
        """The folder of the web app, built anew if its sources changed; an older one if that failed."""
        if self._web is None:
            return None
        began = asyncio.get_running_loop().time()
        self._screen.show(WEB, State.STARTING, 0)
        try:
            await self._web.build(self._composition.home.logs, self._screen.notice)
        except (JobFailed, NodeMissing) as failure:
            self._screen.show(WEB, State.DOWN, 0)
            self._screen.notice(Notice(WEB, "error", str(failure)))
        else:
            self._screen.show(WEB, State.READY, asyncio.get_running_loop().time() - began)
        return self._web.built()

    async def _start_postgres(self, postgres: Postgres) -> None:
        if not postgres.initialised():
            await asyncio.to_thread(postgres.initialise)
        await self._start_server(self._composition.postgres_program(postgres))
        await postgres.create_database(DATABASE)

    async def _start_nats(self, nats: NatsServer) -> None:
        await self._start_server(self._composition.nats_program(nats))

    async def _start_server(self, program: Program) -> None:
        part = self._part(program)
        self._servers.append(part)
        await part.start(START_WITHIN)

    def _part(self, program: Program) -> Part:
        return Part(
            program,
            logs=self._composition.home.logs,
            book=self._book,
            changed=self._changed,
            tell=self._screen.notice,
        )

    def _changed(self, part: Part) -> None:
        self._screen.show(part.name, part.state, part.seconds_to_ready)
        if part.name == "nats" and part.state is State.READY and self._ready:
            # Its store may have been lost with it; the job makes again what is missing.
            job = asyncio.create_task(self._provision_again())
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)

    async def _provision(self) -> None:
        began = asyncio.get_running_loop().time()
        self._screen.show(PROVISION, State.STARTING, 0)
        await run_job(
            "provision",
            self._composition.provision_command(),
            self._composition.provision_environment(),
            logs=self._composition.home.logs,
            tell=self._screen.notice,
        )
        self._screen.show(PROVISION, State.READY, asyncio.get_running_loop().time() - began)

    async def _provision_again(self) -> None:
        for pause in (0.2, 1, 3, 5, 10):
            try:
                await self._provision()
            except JobFailed as failure:
                self._screen.notice(Notice("provision", "warning", str(failure)))
                await asyncio.sleep(pause)
            else:
                return

    async def _stop_all(self) -> bool:
        """Everything, in order. Answers whether no machine is left."""
        self._screen.settle()
        self._screen.say("stopping …")
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*(part.stop(SERVICES_STOP_WITHIN) for part in self._services))
        ending = asyncio.create_task(self._end_machines())
        await asyncio.gather(*(part.stop(SERVERS_STOP_WITHIN) for part in self._servers))
        ended = await ending
        self._book.clear()
        self._screen.say("stopped")
        return ended

    async def _end_machines(self) -> bool:
        if not self._services:
            return True
        composition = self._composition
        try:
            async with asyncio.timeout(SERVERS_STOP_WITHIN):
                await run_job(
                    "end-machines",
                    composition.end_machines_command(),
                    composition.end_machines_environment(),
                    logs=composition.home.logs,
                    tell=self._screen.notice,
                )
        except (JobFailed, TimeoutError):
            self._screen.say("some machines are still being ended")
            return False
        return True


__all__ = ["JobFailed", "PartFailed", "Supervisor"]
