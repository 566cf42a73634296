"""Types what was said to runs into their terminals, each once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from aether.agents.deps.agents import Agents
from aether.agents.deps.ledger import Ledger
from aether.agents.domain import dialog
from aether.agents.domain.hearing import heard
from aether.agents.domain.input import Input
from aether.agents.domain.launch import Agent
from aether.agents.domain.report import Report
from aether.agents.domain.run import Question, Run, in_words
from aether.agents.domain.screen import shows
from aether.agents.errors import NotTyped
from aether.agents.store import inputs as store
from aether.agents.store import runs as runs_store
from aether.contracts.ids import RunId
from aether.contracts.problem import Refusal
from aether.contracts.terminal import ReadScreen, TypeText

TYPE_SECONDS = 10.0
WAY_SECONDS = 0.5  # a dialog takes a moment to make way; what comes at once may be taken for a part of the keys
LOOKS, LOOK_SECONDS = 25, 0.2  # so long for a dialog to be shown; then it may have another look than is known
ANOTHER = "The question on the screen is another one. Look at the terminal."
GONE = "The agent was started again meanwhile, and its question is not on the screen any more."
NOT_SHOWN = "Your words were typed, but its screen did not show them. Look at its terminal."

log = structlog.get_logger()


class Typist:
    """One for a process. What was claimed is typed, in the order of the claims, also by the next process.

    The terminal types the same key once, so that a crash between the claim and the note of it does no harm.
    """

    def __init__(self, agents: Agents, ledger: Ledger, catalog: Mapping[str, Agent]) -> None:
        self._agents = agents
        self._ledger = ledger
        self._catalog = catalog
        self._tasks: dict[UUID, asyncio.Task[str]] = {}
        self._turns: WeakValueDictionary[RunId, asyncio.Lock] = WeakValueDictionary()

    async def type_soon(self, wanted: Input, *, within: float) -> None:
        """Type it, and wait `within` seconds for it at most. Raises NotTyped if it cannot be typed at all."""
        task = self._begin(wanted)
        done, _ = await asyncio.wait({task}, timeout=within)
        if done and (failure := task.result()):
            raise NotTyped(failure)

    async def type_what_waits(self) -> None:
        """What an earlier try, or another process, has left."""
        async with self._agents.reading() as db:
            pending = await store.pending(db, self._agents.now())
        for wanted in pending:
            self._begin(wanted)

    async def close(self) -> None:
        for task in (tasks := list(self._tasks.values())):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, wanted: Input) -> "asyncio.Task[str]":
        if wanted.id not in self._tasks:
            self._tasks[wanted.id] = asyncio.create_task(self._type(wanted), name=f"type {wanted.id}")
            self._tasks[wanted.id].add_done_callback(lambda _: self._tasks.pop(wanted.id, None))
        return self._tasks[wanted.id]

    async def _type(self, wanted: Input) -> str:
        """Answers why it failed for good; empty if it did not."""
        try:
            async with self._turns.setdefault(wanted.run_id, asyncio.Lock()):
                return await self._in_turn(wanted)
        except Exception:
            log.exception("input.not_typed", input_id=str(wanted.id))
            return ""

    async def _in_turn(self, wanted: Input) -> str:
        async with self._agents.reading() as db:
            run = await runs_store.find(db, wanted.run_id)
            if not await store.is_next(db, wanted):
                return ""  # it has been typed, or the watch comes back to it after what was said before
        if run is None or run.ended_at is not None:
            return await self._fail(wanted, "The run has ended.")
        if not run.is_there:
            return await self._later(wanted, "The run is not there yet.")
        if wanted.keys and not wanted.is_for(run.terminal_id):
            if not wanted.text:
                return await self._fail(
                    replace(wanted, question=wanted.question and in_words(wanted.question)), GONE
                )
            wanted = replace(wanted, keys="")  # the dialog that was to make way for the words is gone
        try:
            typed = await self._ask(run, wanted)
        except Refusal as refusal:
            again = refusal.status >= 500
            says = refusal.detail or refusal.title
            return await (self._later(wanted, says) if again else self._fail(wanted, says))
        # Keys may change nothing that can be seen, and have been pressed for all that.
        await self._typed(wanted, shown=typed or not wanted.text)
        return ""

    async def _typed(self, wanted: Input, *, shown: bool) -> None:
        """It is there. After some answers an agent's turn is over without a word of it.

        Not `shown`: it was typed with Enter, and a second time would be once too often; its person is told.
        """
        async with self._ledger.changing(wanted.run_id) as db:
            await store.typed(db, wanted.id)
            run = None
            if wanted.ends_turn or not shown:
                run = await runs_store.locked(db, wanted.run_id)
            if run is None or run.state != "working" or run.question is not None:
                return
            now = self._agents.now()
            if not shown:
                await self._ledger.keep(db, run, replace(run, detail=NOT_SHOWN))
            else:
                await self._ledger.keep(db, run, heard(run, Report("hook", now, "done"), now), quietly=True)

    async def _ask(self, run: Run, wanted: Input) -> bool:
        """Keys first: a dialog may have to make way for a text."""
        if wanted.keys and not await self._is_asked(run, wanted.question):
            raise NotTyped(ANOTHER)
        if wanted.keys and wanted.text:
            await self._press(run, keys=wanted.keys, key=f"{wanted.id}:before")
            await asyncio.sleep(WAY_SECONDS)
            return await self._press(run, text=wanted.text, key=str(wanted.id))
        return await self._press(run, text=wanted.text, keys=wanted.keys, key=str(wanted.id))

    async def _is_asked(self, run: Run, question: Question | None) -> bool:
        """Whether its screen shows the question, as far as one knows how that looks.

        An agent tells of its question before it shows it, and what is pressed before that is lost. What stands
        there may be another question: of another tool, or one that came after this was answered in the terminal.
        """
        agent = self._catalog.get(run.agent)
        if agent is None or not agent.has_hooks or not agent.asks:
            return True
        marks, is_it = question.shown if question is not None else (), False
        for _ in range(LOOKS):
            assert run.terminal_id is not None
            command = ReadScreen(account_id=run.account_id, terminal_id=run.terminal_id)
            lines = (await self._agents.bus.request(command)).lines
            is_it = not marks or dialog.shows(lines, marks, agent.above)
            if is_it and shows(lines, agent.asks):
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return is_it

    async def _press(self, run: Run, *, key: str, text: str = "", keys: str = "") -> bool:
        """Whether it appeared."""
        assert run.terminal_id is not None
        command = TypeText(account_id=run.account_id, terminal_id=run.terminal_id, text=text, keys=keys, key=key)
        return (await self._agents.bus.request(command, timeout=TYPE_SECONDS)).appeared

    async def _later(self, wanted: Input, why: str) -> str:
        later = wanted.put_off(self._agents.now())
        if later is None:
            return await self._fail(wanted, why)
        async with self._agents.transaction() as db:
            await store.put_off(db, later)
        return ""

    async def _fail(self, wanted: Input, why: str) -> str:
        """Its question is open again, and its person is told."""
        async with self._ledger.changing(wanted.run_id) as db:
            if not await store.failed(db, wanted.id):
                return ""
            run = await runs_store.locked(db, wanted.run_id)
            if run is not None:
                detail = f"Your answer was not typed. {why}"
                await self._ledger.keep(db, run, run.reopened(wanted.question, detail, self._agents.now()))
        return why
