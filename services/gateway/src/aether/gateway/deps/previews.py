"""What the gateway knows of previews for a moment: whose a slug is, who may open a port, and what is open."""

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import GetProject, GetProjectBySlug, ProjectView
from aether.contracts.problem import Refusal
from aether.contracts.terminal import FindPort, PortView
from aether.gateway.deps.live import Open
from aether.gateway.deps.ports import Address
from aether.gateway.domain.previews import Label, PreviewDomain, may_open
from aether.kit.bus import Bus

REMEMBERED_SECONDS = 2.0
REMEMBERED_MOST = 10_000
LOOK_SECONDS = 10.0  # the first look into a machine makes the connection to it

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class OpenPreview(Open, Protocol):
    """Something open in a preview. `account_id` is the visitor's, None for somebody unknown."""

    @property
    def label(self) -> Label: ...

    @property
    def project_id(self) -> ProjectId: ...

    @property
    def account_id(self) -> AccountId | None: ...


class Previews:
    """Lookups are remembered for two seconds at most, and less if news of the project comes."""

    def __init__(self, bus: Bus, domain: PreviewDomain, tunnel: Address | None) -> None:
        self.domain = domain
        self.tunnel = tunnel
        self._bus = bus
        self._projects: _Remembered[str, ProjectView | None] = _Remembered()
        self._ports: _Remembered[tuple[ProjectId, int], PortView] = _Remembered()
        self._open: dict[ProjectId, set[OpenPreview]] = defaultdict(set)

    @property
    def are_on(self) -> bool:
        return self.tunnel is not None

    def url(self, port: int, slug: str) -> str | None:
        """A port's preview; None where previews are off."""
        return self.domain.origin(Label(port, slug)) if self.are_on else None

    def claims(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether a request is for a preview, or for nothing that may reach the app."""
        return any(name == b"host" and self.domain.covers(value.decode("latin-1")) for name, value in headers)

    async def project(self, slug: str) -> ProjectView | None:
        """Whoever's it is; None if there is none."""
        return await self._projects.get(slug, lambda: self._find_project(slug))

    async def _find_project(self, slug: str) -> ProjectView | None:
        try:
            return await self._bus.request(GetProjectBySlug(slug=slug))
        except Refusal as refusal:
            if refusal.problem().status != 404:
                raise
            return None

    async def slug(self, project_id: ProjectId, account_id: AccountId) -> str | None:
        """What a project's addresses are made of; None if it is gone. It never changes."""
        try:
            found = await self._bus.request(GetProject(account_id=account_id, project_id=project_id))
        except Refusal as refusal:
            if refusal.problem().status != 404:
                raise
            return None
        return found.slug

    async def port(self, project_id: ProjectId, port: int) -> PortView:
        command = FindPort(project_id=project_id, port=port)
        return await self._ports.get((project_id, port), lambda: self._bus.request(command, timeout=LOOK_SECONDS))

    def forget(self, project_id: ProjectId | None) -> None:
        """News of a project, or of any (None): ask again."""
        self._projects.forget(lambda _, found: found is None or project_id in (None, found.id))
        self._ports.forget(lambda key, _: project_id in (None, key[0]))

    def add(self, thing: OpenPreview) -> None:
        self._open[thing.project_id].add(thing)

    def remove(self, thing: OpenPreview) -> None:
        self._open[thing.project_id].discard(thing)
        if not self._open[thing.project_id]:
            del self._open[thing.project_id]

    @contextmanager
    def holding(self, thing: OpenPreview) -> Iterator[None]:
        """In the register for the length of a block."""
        self.add(thing)
        try:
            yield
        finally:
            self.remove(thing)

    async def judge_again(self, project_id: ProjectId | None) -> None:
        """Forget what was known of a project (None: of all), and end what is open and may no longer be."""
        self.forget(project_id)
        chosen = list(self._open) if project_id is None else [project_id]
        for thing in [thing for one in chosen for thing in self._open.get(one, ())]:
            if not await self._may_stay(thing):
                thing.revoke()

    async def _may_stay(self, thing: OpenPreview) -> bool:
        try:
            project = await self.project(thing.label.slug)
            if project is None or project.id != thing.project_id:
                return False
            view = await self.port(project.id, thing.label.port)
        except Refusal as refusal:
            # While the terminal service is away nothing is judged, and nothing comes through it either.
            return refusal.problem().status != 404
        return may_open(view.visibility, project.account_id, thing.account_id)


class _Remembered(Generic[Key, Value]):
    """Answers that are good for a moment."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[float, Value]] = {}
        self._news = 0

    async def get(self, key: Key, ask: Callable[[], Awaitable[Value]]) -> Value:
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        news = self._news
        value = await ask()
        if news == self._news:
            # Had something changed since the question, the answer might be of before.
            if len(self._known) >= REMEMBERED_MOST:
                self._known.clear()
            self._known[key] = (time.monotonic() + REMEMBERED_SECONDS, value)
        return value

    def forget(self, of: Callable[[Key, Any], bool]) -> None:
        self._news += 1
        for key in [key for key, (_, value) in self._known.items() if of(key, value)]:
            del self._known[key]
