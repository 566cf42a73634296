"""Who looks decides whether a machine is followed: with a clock that stands still and a machine in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from aether.contracts.ids import ProjectId, new_id
from aether.contracts.problem import Unavailable
from aether.kit.ssh import MachineUnreachable
from aether.terminal.deps.watchers import LOOK_SECONDS, Sight, Watchers
from aether.terminal.domain.listeners import Listener
from aether.testkit.clock import FakeClock
from aether.testkit.eventually import eventually


class Scene:
    """A machine that tells of `ports`, and everything that a watcher asks of the outside."""

    def __init__(self) -> None:
        self.project = ProjectId(new_id())
        self.clock = FakeClock()
        self.ports: set[int] = set()
        self.opened = self.closed = self.looks = 0
        self.viewed = False
        self.broken: Exception | None = None
        self.away: Exception | None = None
        self.database_away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.told: list[tuple[float, list[int]]] = []
        self.watchers = Watchers(self.open, lambda _: self.viewed, self.keep, self.clock)

    async def open(self, project_id: ProjectId) -> "Lookout":
        assert project_id == self.project
        if self.away:
            raise self.away
        self.opened += 1
        return Lookout(self)

    async def keep(self, project_id: ProjectId, sight: Sight) -> bool:
        if self.database_away:
            raise Unavailable
        self.told.append((self.clock.monotonic(), sorted(sight.open)))
        return True

    async def fresh(self) -> list[int]:
        return sorted((await self.watchers.sight(self.project, age=0, within=5)).open)

    async def pass_by(self, seconds: float) -> None:
        """Time passes, a second at a time, and whoever waits for it acts."""
        for _ in range(round(seconds)):
            await self.at_rest()
            self.clock.advance(1)
        await self.at_rest()

    async def at_rest(self) -> None:
        await eventually(lambda: not self.watchers.following or self.clock.sleepers > 0)


class Lookout:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.generation = 1

    async def look(self) -> Mapping[int, Listener]:
        self.scene.looks += 1
        seen = {port: Listener(port, ("127.0.0.1",), "app") for port in self.scene.ports}
        await self.scene.may_answer.wait()
        if self.scene.broken:
            broken, self.scene.broken = self.scene.broken, None
            raise broken
        return seen

    def close(self) -> None:
        self.scene.closed += 1


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene()
    yield scene
    await scene.watchers.stop()
    assert scene.opened == scene.closed


async def test_who_asks_is_followed_for_a_minute_and_then_nothing_is_asked_any_more(scene: Scene) -> None:
    scene.watchers.look(scene.project)
    await scene.pass_by(LOOK_SECONDS - 1)
    assert scene.watchers.following == 1
    assert scene.looks == LOOK_SECONDS
    await scene.pass_by(1)
    assert scene.watchers.following == 0
    assert (scene.opened, scene.closed, scene.looks) == (1, 1, LOOK_SECONDS)
    await scene.pass_by(100)
    assert scene.looks == LOOK_SECONDS


async def test_a_machine_is_followed_while_somebody_is_at_a_terminal(scene: Scene) -> None:
    scene.watchers.wake(scene.project)
    assert scene.watchers.following == 0
    scene.viewed = True
    scene.watchers.wake(scene.project)
    await scene.pass_by(200)
    assert (scene.watchers.following, scene.opened, scene.looks) == (1, 1, 201)
    scene.viewed = False
    await scene.pass_by(1)
    assert scene.watchers.following == 0


async def test_one_who_needs_to_know_once_is_answered_and_leaves_nothing_behind(scene: Scene) -> None:
    scene.ports = {3000}
    assert await scene.fresh() == [3000]
    await scene.pass_by(2)
    assert (scene.watchers.following, scene.looks, scene.closed) == (0, 1, 1)


async def test_those_who_ask_at_once_share_a_look_that_began_after_they_asked(scene: Scene) -> None:
    scene.viewed = True
    scene.may_answer.clear()
    scene.ports = {1}
    first = asyncio.create_task(scene.fresh())
    await eventually(lambda: scene.looks == 1)
    scene.ports = {2}
    late = [asyncio.create_task(scene.fresh()) for _ in range(50)]
    await asyncio.sleep(0)
    scene.may_answer.set()
    assert await first == [1]
    assert await asyncio.gather(*late) == [[2]] * 50
    assert (scene.looks, scene.opened) == (2, 1)


async def test_what_was_seen_a_moment_ago_serves_those_to_whom_that_is_enough(scene: Scene) -> None:
    scene.viewed = True
    await scene.fresh()
    for _ in range(10):
        await scene.watchers.sight(scene.project, age=2, within=5)
    assert scene.looks == 1


async def test_changes_are_told_at_most_once_a_second_and_nothing_is_told_twice(scene: Scene) -> None:
    scene.viewed = True
    for port in range(1, 20):
        scene.ports = {port}
        assert await scene.fresh() == [port]
    await scene.pass_by(5)
    assert scene.told == [(0, [1]), (1, [19])]


async def test_each_beginning_is_told_even_if_nothing_listens(scene: Scene) -> None:
    scene.viewed = True
    await scene.fresh()
    await scene.watchers.drop(scene.project)
    scene.watchers.wake(scene.project)
    await scene.pass_by(1)
    assert scene.told == [(0, []), (0, [])]


async def test_a_port_keeps_the_moment_when_it_was_seen_first_until_it_was_gone(scene: Scene) -> None:
    scene.viewed = True
    scene.ports = {1}
    begun = scene.clock.now()
    await scene.fresh()
    await scene.pass_by(3)
    scene.ports = {1, 2}
    sight = await scene.watchers.sight(scene.project, age=0, within=5)
    assert sight.since == {1: begun, 2: scene.clock.now()}
    scene.ports = set()
    await scene.fresh()
    scene.ports = {1}
    sight = await scene.watchers.sight(scene.project, age=0, within=5)
    assert sight.since == {1: scene.clock.now()}


async def test_a_connection_that_is_lost_while_somebody_looks_is_made_again(scene: Scene) -> None:
    scene.viewed = True
    scene.ports = {1}
    await scene.fresh()
    scene.broken = MachineUnreachable("lost")
    assert await scene.fresh() == [1]
    assert (scene.opened, scene.closed) == (2, 1)


async def test_a_machine_that_says_what_nobody_thought_of_is_looked_at_again(scene: Scene) -> None:
    scene.viewed = True
    scene.ports = {1}
    scene.broken = UnicodeError("surprise")
    assert await scene.fresh() == [1]


async def test_a_machine_that_cannot_be_reached_is_tried_more_and_more_seldom(scene: Scene) -> None:
    scene.away = MachineUnreachable("no")
    scene.watchers.look(scene.project)
    with pytest.raises(MachineUnreachable):
        await scene.fresh()
    tries = 0
    original = scene.open

    async def counted(project_id: ProjectId) -> Lookout:
        nonlocal tries
        tries += 1
        return await original(project_id)

    scene.watchers._watchers[scene.project]._lookouts = counted
    await scene.pass_by(30)
    assert 4 <= tries <= 10
    scene.away = None
    await scene.pass_by(6)
    assert scene.opened == 1


async def test_one_who_asks_of_a_machine_that_does_not_run_hears_why(scene: Scene) -> None:
    scene.away = Unavailable("The machine does not run.")
    with pytest.raises(Unavailable, match="does not run"):
        await scene.fresh()
    await scene.pass_by(1)
    assert (scene.watchers.following, scene.opened) == (0, 0)


async def test_one_who_asks_a_frozen_machine_is_not_kept_waiting(scene: Scene) -> None:
    scene.may_answer.clear()
    with pytest.raises(MachineUnreachable, match="in time"):
        await scene.watchers.sight(scene.project, age=0, within=0.05)


async def test_who_waits_for_a_machine_that_ends_hears_so(scene: Scene) -> None:
    scene.may_answer.clear()
    waiting = asyncio.create_task(scene.fresh())
    await eventually(lambda: scene.looks == 1)
    await scene.watchers.drop(scene.project)
    with pytest.raises(MachineUnreachable):
        await waiting
    assert scene.watchers.following == 0


async def test_what_could_not_be_kept_while_the_database_was_away_is_kept_after(scene: Scene) -> None:
    scene.viewed = scene.database_away = True
    scene.ports = {7}
    assert await scene.fresh() == [7]
    await scene.pass_by(3)
    assert scene.told == []
    scene.database_away = False
    await scene.pass_by(1)
    assert [ports for _, ports in scene.told] == [[7]]
