"""The chassis: what happens between `python -m aether.<name>` and the service's own code.

    async def main() -> None:
        async with Chassis.open(Service.TERMINAL, TerminalSettings(), MIGRATIONS) as chassis:
            deps = …
            await chassis.answer(COMMANDS, deps)
            chassis.hear(EVENTS, deps)
            await chassis.serve(app, port)

SIGTERM and SIGINT stop it in order: no longer ready, no new requests, streams told to reconnect,
messages finished, outbox passed on, connections closed.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from aether.contracts import catalog
from aether.contracts.command import Command
from aether.contracts.event import Event
from aether.contracts.service import Service
from aether.kit import log as logs
from aether.kit import trace
from aether.kit.bus import Answerer, Bus
from aether.kit.consumer import Ear, Handler
from aether.kit.http import Check
from aether.kit.migrate import migrate
from aether.kit.outbox import Relay, forget_old
from aether.kit.postgres import Database, DatabaseAway
from aether.kit.settings import Settings

HOUSEKEEPING_SECONDS = 3600
# Each of the steps of an orderly stop; all of them together stay below ten seconds.
GRACE_SECONDS = 2

assert catalog.EVENTS, "the contracts are read before anything is registered"

log = structlog.get_logger()


class Stopped(Exception):
    """A background task ended that never should; the process ends, and its supervisor starts it again."""


class Chassis:
    """One running service: its database, its bus, and the tasks that live as long as it does."""

    def __init__(self, service: Service, settings: Settings, database: Database, bus: Bus) -> None:
        self.service = service
        self.settings = settings
        self.database = database
        self.bus = bus
        self.stopping = asyncio.Event()
        self.on_stop: list[Callable[[], Awaitable[None]]] = []
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._relay = Relay(database, bus)
        self._ear: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, service: Service, settings: Settings, migrations: Path) -> AsyncIterator["Chassis"]:
        """Connect, migrate, and begin to relay. On the way out, stop in order."""
        logs.configure(service, level=settings.log_level, form=settings.log_format)
        spans = trace.configure(service, folder=settings.trace_dir, otlp_endpoint=settings.otlp_endpoint)
        await migrate(settings.database_url, service.value, migrations)
        async with (
            Database.connect(settings.database_url, service.value) as database,
            Bus.connect(settings.nats_url, service, seed_file=settings.nats_seed_file) as bus,
        ):
            chassis = cls(service, settings, database, bus)
            chassis.spawn("outbox relay", chassis._relay.run())
            chassis.spawn("housekeeping", chassis._keep_house())
            try:
                yield chassis
            finally:
                await chassis._stop()
                spans.shutdown()

    async def answer(self, handlers: Mapping[type[Command[Any]], Answerer], deps: Any) -> None:
        await self.bus.answer(handlers, deps)

    def hear(self, handlers: Mapping[type[Event], Handler], deps: Any) -> None:
        self._ear = self.spawn("consumers", Ear(self.bus, self.database, handlers, deps).run())

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that lives as long as the service. If it ends, so does the process."""
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._ended)
        return task

    async def serve(self, app: ASGIApp, port: int, *, fd: int | None = None, **options: Any) -> None:
        """Serve HTTP until a signal, or until something that must live has died (then Stopped is raised)."""
        config = uvicorn.Config(
            app,
            host=self.settings.host,
            port=port,
            fd=fd,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            # Compressed frames were measured at a quarter of the speed of plain ones.
            **{"ws": "websockets-sansio", "ws_per_message_deflate": False, "loop": "none", **options},
        )
        server = _Server(config)
        self._listen_to_signals()
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(self.stopping.wait())
        ends: set[asyncio.Future[Any]] = {serving, stopping, self._broken, self.bus.failed}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        self.stopping.set()
        for call in self.on_stop:
            await self._call(call)
        server.should_exit = True
        await serving
        stopping.cancel()
        for outcome in (self._broken, self.bus.failed):
            if outcome.done():
                outcome.result()

    def checks(self) -> dict[str, Check]:
        """What `/ready` asks of every service."""
        return {"postgres": self._postgres_answers, "nats": self._nats_answers}

    async def _call(self, call: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await call()
        except Exception:
            # The rest of the stop has to happen whatever one part of it says.
            log.exception("service.stop_step_failed")

    async def _postgres_answers(self) -> bool:
        return await self.database.answers()

    async def _nats_answers(self) -> bool:
        return self.bus.connected and not self.stopping.is_set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        name = self._tasks.pop(task)
        if task.cancelled() or self.stopping.is_set():
            return
        log.error("service.task_ended", task=name, exc_info=task.exception())
        if not self._broken.done():
            self._broken.set_exception(Stopped(name))

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            try:
                await forget_old(self.database)
            except DatabaseAway:
                log.warning("service.housekeeping_put_off")

    async def _stop(self) -> None:
        self.stopping.set()
        await self.bus.stop_answering(within=GRACE_SECONDS)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.bus.connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._relay.drain(), GRACE_SECONDS)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process before the ordered stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a service's main on uvloop. A failure is logged and the exit status is 1."""
    try:
        uvloop.run(main())
    except KeyboardInterrupt:
        os._exit(130)
    except Exception as error:
        log.critical("service.failed", exc_info=error)
        raise SystemExit(1) from error
