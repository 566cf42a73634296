"""Runs, for all who hear of them: the socket, the broker, terminals, and the people who start and answer them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from aether.agents.deps.agents import Agents
from aether.agents.deps.launcher import Launcher, hashed
from aether.agents.deps.ledger import Ledger
from aether.agents.deps.ports import RunKey
from aether.agents.deps.typist import Typist
from aether.agents.deps.watch import Watch
from aether.agents.domain import osc
from aether.agents.domain.catalog import CATALOG
from aether.agents.domain.hearing import heard
from aether.agents.domain.launch import Agent
from aether.agents.domain.report import Report
from aether.agents.domain.run import Run
from aether.agents.domain.start import BEGUN, INSTALLING
from aether.agents.store import runs as store
from aether.contracts.event import Event
from aether.contracts.ids import ProjectId, RunId

OSC = "osc7501"  # under this name an agent's entry reads what its terminal reported; the payload is the text

log = structlog.get_logger()


class Runs:
    """See ports.RunDesk; one for a process."""

    def __init__(self, agents: Agents, catalog: Mapping[str, Agent] = CATALOG) -> None:
        self._agents = agents
        self.catalog = catalog
        self.ledger = Ledger(agents)
        self.launcher = Launcher(agents, self.ledger, catalog)
        self.typist = Typist(agents, self.ledger, catalog)
        self.watch = Watch(agents, self.ledger, self.launcher, self.typist, catalog)

    async def run(self) -> None:
        """Until cancelled: what nobody says is looked for, and what was left is taken up."""
        try:
            await self.watch.run()
        finally:
            await self.typist.close()
            await self.launcher.close()

    async def of_secret(self, project_id: ProjectId, secret: str) -> RunKey | None:
        async with self._agents.reading() as db:
            run = await store.of_secret(db, project_id, hashed(secret))
        return None if run is None else RunKey(run.id, run.account_id, run.project_id)

    async def report(self, run_id: RunId, report: Report) -> None:
        await self.reports(run_id, [report])

    async def reports(self, run_id: RunId, reports: Sequence[Report]) -> None:
        """In their order, in one transaction."""
        await self.ledger.change(run_id, lambda run, now: _after(run, reports, now))

    async def hook(self, key: RunKey, event: str, payload: object) -> None:
        await self.ledger.change(
            key.run_id, lambda run, now: _after(run, self._read(run, event, payload, now), now)
        )

    async def reported(self, run_id: RunId, text: str, *, cause: Event | None = None) -> None:
        """What came by OSC 7501: our own start script's progress, or a program's word on its state."""

        def act(run: Run, now: datetime) -> Run:
            if text == INSTALLING:
                return run.installing()
            if text == BEGUN:
                return run.began(self.catalog.get(run.agent), now)
            general = osc.read(text, now)
            return _after(run, self._read(run, OSC, text, now) or ([general] if general else []), now)

        await self.ledger.change(run_id, act, cause=cause)

    def _read(self, run: Run, event: str, payload: object, now: datetime) -> list[Report]:
        agent = self.catalog.get(run.agent)
        try:
            return agent.read(event, payload, now) if agent is not None else []
        except Exception:
            # It is said never to raise; but what it reads is a machine's, of any shape.
            log.exception("run.not_read", agent=run.agent, hook=event[:64])
            return []


def _after(run: Run, reports: Sequence[Report], now: datetime) -> Run:
    for report in reports:
        run = heard(run, report, now)
    return run


def desk(agents: Agents) -> Runs:
    """The runs of this process, whole: handlers do more than those who report."""
    assert isinstance(agents.runs, Runs)
    return agents.runs
