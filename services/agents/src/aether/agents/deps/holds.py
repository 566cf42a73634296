"""Keeps a machine awake while an agent works in it, under the agent's name, so that the page can say why."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from aether.agents.deps.agents import Agents
from aether.agents.domain.run import Run
from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import PlaceHold, ReleaseHold
from aether.contracts.problem import Refusal

SECONDS = 600
RENEWED = timedelta(minutes=4)
TRIED_AGAIN = timedelta(seconds=30)
# A project's idle time, where nobody has set another: so long a machine is awake for nothing, and no longer.
WAITS_AWAKE = timedelta(minutes=30)

Name = tuple[AccountId, ProjectId, str]

log = structlog.get_logger()


def wanted(runs: Iterable[Run], now: datetime, hours: float) -> set[Name]:
    """The holds that there should be: for agents that work, bounded from their person's last word on."""
    cap = timedelta(hours=hours)
    return {
        (run.account_id, run.project_id, run.agent_title[:64])
        for run in runs
        if run.is_there and _works(run, now) and now - run.attended_at < cap
    }


def _works(run: Run, now: datetime) -> bool:
    """Some agents say that they work while they wait for a limit to end, for hours or for ever. Their person has
    been told of the limit; a run whose machine has been stopped meanwhile goes on when that is started."""
    if run.state not in {"starting", "working"}:
        return False
    return run.reason != "limited" or (run.limited_until is not None and run.limited_until - now <= WAITS_AWAKE)


class Holds:
    """Those of one process. What it leaves behind ends by itself after ten minutes."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._due: dict[Name, datetime] = {}  # what is placed, and when it is to be renewed

    async def renew(self, runs: Iterable[Run]) -> None:
        now = self._agents.now()
        names = wanted(runs, now, self._agents.settings.hold_hours)
        due = [self._place(name, now) for name in names if self._due.get(name, now) <= now]
        over = [self._release(name) for name in self._due.keys() - names]
        await asyncio.gather(*due, *over)

    async def _place(self, name: Name, now: datetime) -> None:
        account_id, project_id, title = name
        command = PlaceHold(account_id=account_id, project_id=project_id, name=title, expires_in=SECONDS)
        try:
            await self._agents.bus.request(command)
            self._due[name] = now + RENEWED
        except Refusal as refusal:
            log.info("hold.not_placed", project_id=str(project_id), why=refusal.type)
            self._due[name] = now + TRIED_AGAIN

    async def _release(self, name: Name) -> None:
        account_id, project_id, title = name
        del self._due[name]
        try:
            await self._agents.bus.request(ReleaseHold(account_id=account_id, project_id=project_id, name=title))
        except Refusal as refusal:
            # It ends by itself.
            log.info("hold.not_released", project_id=str(project_id), why=refusal.type)
