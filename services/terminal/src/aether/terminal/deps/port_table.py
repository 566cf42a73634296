"""What is known of projects' ports: what their people said of them, and what was last seen of them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from aether.contracts.event import Event
from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.problem import Refusal
from aether.contracts.terminal import PortView, Visibility
from aether.kit.postgres import Database, Writer
from aether.terminal import store
from aether.terminal.deps.watchers import Sight, Watchers
from aether.terminal.domain.listeners import Listener
from aether.terminal.domain.port import Port, Ports, changed, seen, spoken_of
from aether.terminal.errors import TooManyPorts

NAMED = 256  # ports of one project of which something was said
FRESH_SECONDS = 2.0  # how long ago a port may have been seen that is said to listen
ASK_SECONDS = 2.0  # how long one who asks for all waits for a look
FIND_SECONDS = 5.0  # and one who asks for one, in which the way to the machine may have to be made
FIND_AGAIN_SECONDS = 2.0

NOBODY = AccountId(UUID(int=0))
NOTHING: Mapping[int, Listener] = {}
NEVER: Mapping[int, datetime] = {}


class PortTable:
    """The table, and the watchers who keep it up to date. Each change is told of in its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.watchers: Watchers

    async def listed(self, account_id: AccountId, project_id: ProjectId) -> list[PortView]:
        """All ports as they are now or, if the machine does not say, as they were last seen."""
        async with self._database.transaction() as db:
            await store.know_project(db, project_id, account_id)
        self.watchers.look(project_id)
        sight = await self._sight(project_id, age=0, within=ASK_SECONDS)
        async with self._database.reading() as db:
            known = await store.ports(db, project_id)
        if sight is not None:
            known = seen(known, sight.open, sight.since)
        return [port.view(account_id, project_id) for port in known.values()]

    async def found(self, project_id: ProjectId, number: int) -> PortView:
        """One port as it is now; where the machine does not say in time, as it was last seen.

        Of a project that nobody has told of, the account is nobody's.
        """
        self.watchers.look(project_id)
        sight = await self._sight(project_id, age=FRESH_SECONDS, within=FIND_SECONDS)
        if sight is not None and number not in sight.open:
            # It may have begun to listen since, and whoever is told that it does not comes back later.
            sight = await self._sight(project_id, age=0, within=FIND_AGAIN_SECONDS)
        async with self._database.reading() as db:
            account_id = await store.owner(db, project_id)
            known = await store.ports(db, project_id)
        # A busy machine is not one in which nothing listens. Whoever connects has it asked once more.
        after = seen(known, sight.open, sight.since) if sight is not None else known
        return after.get(number, Port(number)).view(account_id or NOBODY, project_id)

    async def said(
        self,
        account_id: AccountId,
        project_id: ProjectId,
        number: int,
        *,
        label: str | None,
        visibility: Visibility | None,
    ) -> PortView:
        """Keep what a person says of a port. Raises TooManyPorts."""
        async with self._database.transaction() as db:
            await store.know_project(db, project_id, account_id)
            await store.lock_ports(db, project_id)
            before = await store.ports(db, project_id)
            after, port = spoken_of(self._as_shown(project_id, before), number, label, visibility)
            if port.named and sum(p.named for p in after.values()) > NAMED:
                raise TooManyPorts(NAMED)
            await self._keep(db, account_id, project_id, before, after)
        return port.view(account_id, project_id)

    async def saw(self, project_id: ProjectId, sight: Sight) -> bool:
        """Keep what a watcher has seen, unless that machine has ended meanwhile.

        False: whose project it is has yet to be told.
        """
        async with self._database.transaction() as db:
            project = await store.lock_ports(db, project_id)
            if project is None:
                return False
            account_id, ended_generation = project
            if sight.generation > ended_generation:
                before = await store.ports(db, project_id)
                await self._keep(db, account_id, project_id, before, seen(before, sight.open, sight.since))
        return True

    async def ended(self, db: Writer, project_id: ProjectId, generation: int) -> None:
        """A machine is gone, and with it all that listened there."""
        project = await store.lock_ports(db, project_id)
        if project is None:
            return
        await store.end_generation(db, project_id, generation)
        before = await store.ports(db, project_id)
        await self._keep(db, project[0], project_id, before, seen(before, NOTHING, NEVER))

    def _as_shown(self, project_id: ProjectId, kept: Ports) -> Ports:
        """What was seen and not yet kept is in it: no answer is older than what the page was shown before."""
        sight = self.watchers.last_sight(project_id, age=FRESH_SECONDS)
        return kept if sight is None else seen(kept, sight.open, sight.since)

    async def _sight(self, project_id: ProjectId, *, age: float, within: float) -> Sight | None:
        try:
            return await self.watchers.sight(project_id, age=age, within=within)
        except Refusal:
            return None

    async def _keep(
        self, db: Writer, account_id: AccountId, project_id: ProjectId, before: Ports, after: Ports
    ) -> None:
        if after == before:
            return
        await store.keep_ports(db, project_id, before, after)
        fact: Event = changed(account_id, project_id, after.values())
        db.publish(fact)
