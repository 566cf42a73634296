"""Looks at the screens of runs: what an agent that says nothing of itself waits for, and who goes in circles."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import structlog

from aether.agents.deps.agents import Agents
from aether.agents.deps.ledger import Act, Ledger
from aether.agents.domain import stuck
from aether.agents.domain.hearing import guesses, heard
from aether.agents.domain.launch import Agent
from aether.agents.domain.report import Asked, Report, Source
from aether.agents.domain.run import COUNTING, Run
from aether.agents.domain.screen import asks, last_message
from aether.agents.domain.text import message
from aether.contracts.ids import RunId
from aether.contracts.problem import Refusal
from aether.contracts.terminal import ReadScreen, ScreenView

LINES = 50
AT_ONCE = 8
SILENCES = 3  # times quiet_seconds, until it is believed of an agent that else speaks for itself
STUCK_LOOKS = timedelta(seconds=15)
# A file that changed in the last minutes, by the machine's own clock; one is enough.
CHANGED_FILES = "find . -xdev -type f -mmin -{minutes} -print 2>/dev/null | head -n 1"

log = structlog.get_logger()


@dataclass
class Memory:
    """What was seen of one run by this process. `shown` is the screen on which its state was judged last."""

    first: datetime
    next_at: datetime
    trail: stuck.Trail | None = None
    files_at: datetime | None = None
    shown: tuple[str, ...] | None = None


class Screens:
    """One for a process."""

    def __init__(self, agents: Agents, ledger: Ledger, catalog: Mapping[str, Agent]) -> None:
        self._agents = agents
        self._ledger = ledger
        self._catalog = catalog
        self._memory: dict[RunId, Memory] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def look(self, runs: Sequence[Run]) -> None:
        """At those whose turn it is."""
        now = self._agents.now()
        there = {run.id: run for run in runs if run.is_there and self._is_looked_at(run)}
        self._memory = {run_id: memory for run_id, memory in self._memory.items() if run_id in there}
        for run_id in there.keys() - self._memory.keys():
            self._memory[run_id] = Memory(now, now)
        due = [run for run in there.values() if self._memory[run.id].next_at <= now]
        await asyncio.gather(*(self._look_safely(run) for run in due))

    async def signalled(self, run: Run, text: str) -> None:
        """It rang, or asked to be noticed: what for is on its screen."""
        if run.is_there and self._guesses(run):
            await self._judge(run, await self._read(run), "signal", message(text))

    def _is_looked_at(self, run: Run) -> bool:
        return self._guesses(run) or run.state in COUNTING

    @staticmethod
    def _guesses(run: Run) -> bool:
        """Nothing is guessed before it has begun: bringing an agent may take a while in silence."""
        return run.launched and guesses(run)

    async def _look_safely(self, run: Run) -> None:
        async with self._at_once:
            memory = self._memory[run.id]
            memory.next_at = self._agents.now() + self._pause(run)
            try:
                await self._look(run, memory)
            except Refusal as refusal:
                log.info("run.not_looked_at", run_id=str(run.id), why=refusal.type)

    def _pause(self, run: Run) -> timedelta:
        settings = self._agents.settings
        quiet = timedelta(seconds=settings.quiet_seconds / 5)
        circles = min(STUCK_LOOKS, timedelta(minutes=settings.stuck_minutes / 10))
        return min(quiet, circles) if self._guesses(run) else circles

    async def _look(self, run: Run, memory: Memory) -> None:
        view = await self._read(run)
        if self._guesses(run) and await self._quiet(run, view, memory):
            return
        if run.state in COUNTING and not await self._broken_off(run, view, memory):
            await self._circles(run, view, memory)

    async def _read(self, run: Run) -> ScreenView:
        assert run.terminal_id is not None
        return await self._agents.bus.request(
            ReadScreen(account_id=run.account_id, terminal_id=run.terminal_id, lines=LINES)
        )

    # Quiet

    async def _quiet(self, run: Run, view: ScreenView, memory: Memory) -> bool:
        """Whether its state was told by its quiet, or by its going on."""
        if run.state in {"starting", "working", "stuck"}:
            if self._still(run, view, memory) < timedelta(seconds=self._agents.settings.quiet_seconds):
                return False
            await self._judge(run, view, "screen")
            memory.shown = stuck.marks(view.lines)
            return True
        if memory.shown is None:
            memory.shown = stuck.marks(view.lines)
        went_on = view.changed_at is not None and view.changed_at > run.since
        if went_on and stuck.marks(view.lines) != memory.shown and run.state in {"waiting", "done"}:
            await self._tell(run, Report("screen", self._agents.now(), "working"))
        return True

    async def _broken_off(self, run: Run, view: ScreenView, memory: Memory) -> bool:
        """Whether one whose screen moves while it works is still: of a turn that its person breaks off in the
        terminal, some say nothing."""
        agent = self._catalog.get(run.agent)
        if agent is None or not agent.moves or not run.spoke or run.state != "working":
            return False
        if self._still(run, view, memory) < SILENCES * timedelta(seconds=self._agents.settings.quiet_seconds):
            return False
        await self._judge(run, view, "hook")
        return True

    def _still(self, run: Run, view: ScreenView, memory: Memory) -> timedelta:
        """For how long its screen has shown the same; no longer than it is what it is."""
        return self._agents.now() - max(view.changed_at or memory.first, run.since)

    async def _judge(self, run: Run, view: ScreenView, source: Source, text: str = "") -> None:
        """It waits if its screen asks; else its turn is over, and the last lines are its last words.

        One that speaks for itself says when it is there: until then only a question is taken from its screen.
        """
        now, agent = self._agents.now(), self._catalog.get(run.agent)
        asked = asks(view.lines, agent.asks if agent is not None else ())
        if asked is not None:
            await self._tell(run, Report(source, now, "waiting", asked=asked))
        elif run.state != "starting" or agent is None or not agent.has_hooks:
            words = text or last_message(view.lines)
            await self._tell(run, Report(source, now, "done", asked=Asked("message", words), last_message=words))

    async def _tell(self, run: Run, report: Report) -> None:
        await self._apply(run, lambda r, now: heard(r, report, now))

    async def _apply(self, run: Run, act: Act) -> None:
        """What its screen says is of the run as it was looked at. What it has become meanwhile knows better."""
        await self._ledger.change(run.id, lambda r, now: act(r, now) if _is_same(r, run) else r)

    # Circles

    async def _circles(self, run: Run, view: ScreenView, memory: Memory) -> None:
        now, minutes = self._agents.now(), self._agents.settings.stuck_minutes
        before = memory.trail
        memory.trail = trail = stuck.looked(before, view.lines, run.doing, view.offset, now)
        if run.state == "stuck":
            is_new = before is not None and trail.since != before.since
            if is_new or await self._files_change(run, memory, now, minutes):
                await self._apply(run, lambda r, at: r.gone_on(at))
            return
        if not stuck.goes_in_circles(trail, now, minutes):
            return
        if await self._files_change(run, memory, now, minutes):
            memory.trail = stuck.with_changed_files(trail, now)
            return
        sentence = stuck.sentence(trail, now)
        await self._apply(run, lambda r, at: r.grown_stuck(sentence, at))

    async def _files_change(self, run: Run, memory: Memory, now: datetime, minutes: float) -> bool:
        """Asked at most once a minute. Where the machine does not say, it is not held against the agent."""
        if memory.files_at is not None and now - memory.files_at < min(
            timedelta(minutes=1), timedelta(minutes=minutes)
        ):
            return run.state != "stuck"
        memory.files_at = now
        since = (now - run.since).total_seconds() / 60 if run.state == "stuck" else minutes
        link = await self._agents.links.get(run.project_id)
        output = await link.execute(CHANGED_FILES.format(minutes=max(1, ceil(since))))
        if output.status is None:
            return run.state != "stuck"
        return bool(output.stdout.strip())


def _is_same(one: Run, other: Run) -> bool:
    """In the same terminal, and nothing has been said since, by it or to it."""
    return _told(one) == _told(other)


def _told(run: Run) -> tuple[object, ...]:
    return run.terminal_id, run.state, run.since, run.doing, run.spoke, run.attended_at
