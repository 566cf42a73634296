"""Each event has its effect once, in order for one key, and what cannot be handled is put aside."""

import asyncio
import hashlib
from typing import Any

import pytest
from nats.js.api import Header

from aether.contracts.event import consumed_by
from aether.contracts.ids import ProjectId, new_id
from aether.contracts.machines import MachineStarted
from aether.contracts.problem import Unavailable
from aether.contracts.service import Service
from aether.kit import consumer
from aether.kit.consumer import Ear
from aether.kit.dead_letter import DeadLetters
from aether.kit.postgres import DatabaseAway
from aether.testkit.eventually import eventually

Said = Any  # conftest's maker of events
Stage = Any  # conftest's Stage


async def settled(stage: Stage) -> None:
    """Wait until the server waits for nothing any more."""

    async def nothing_left() -> bool:
        return bool(await stage.unacknowledged() == 0)

    # One that was on its way to a consumer that stopped comes again after ACK_WAIT_SECONDS, which is 30.
    await eventually(nothing_left, within=45)


async def row_hash(stage: Stage) -> str:
    async with stage.database.reading() as reader:
        rows = await reader.fetch("SELECT * FROM terminal.effect ORDER BY event_id")
    return hashlib.sha256(repr([tuple(row.values())[1:] for row in rows]).encode()).hexdigest()


async def parked(stage: Stage) -> list[Any]:
    return await DeadLetters(stage.database).waiting()


async def test_an_event_has_its_effect_and_is_acknowledged(stage: Stage, said: Said) -> None:
    async with stage.hearing():
        await stage.say(said())
        await settled(stage)
    assert await stage.effects() == [1]


async def test_an_event_delivered_twice_has_its_effect_once(stage: Stage, said: Said) -> None:
    """Twice into the stream itself: under another message id JetStream keeps both."""
    event = said()
    jetstream = stage.bus.client.jetstream()
    for name in ("first", "second"):
        headers = {Header.MSG_ID: name}
        await jetstream.publish(event.subject, event.model_dump_json().encode(), headers=headers)
    async with stage.hearing():
        await settled(stage)
    assert await stage.effects() == [1]
    assert await stage.count("inbox") == 1


async def test_a_lost_acknowledgement_changes_nothing(
    stage: Stage, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The effect is committed, the acknowledgement is not sent, and the event comes again."""

    async def lose(self: Ear, message: Any) -> None:
        await message.nak()

    monkeypatch.setattr(Ear, "_acknowledge", lose)
    async with stage.hearing():
        await stage.say(said())
        await eventually(lambda: _handled(stage))
    monkeypatch.undo()
    async with stage.hearing():
        await settled(stage)
    assert await stage.effects() == [1]


async def _handled(stage: Stage) -> bool:
    return bool(await stage.count("inbox") == 1)


async def test_a_handler_that_raises_leaves_nothing_and_is_tried_again(stage: Stage, said: Said) -> None:
    moments: list[float] = []

    async def stumble_twice(event: MachineStarted, deps: Any) -> None:
        moments.append(asyncio.get_running_loop().time())
        async with stage.database.transaction(event) as writer:
            await writer.execute(
                "INSERT INTO terminal.effect (event_id, project_id, generation) VALUES ($1, $2, 7)",
                event.event_id,
                event.project_id,
            )
            if len(moments) < 3:
                raise RuntimeError("not yet")

    async with stage.hearing(stumble_twice, retry_delays=(0.1, 0.3, 5)):
        await stage.say(said())
        await settled(stage)
    assert await stage.effects() == [7]
    assert moments[1] - moments[0] >= 0.1
    assert moments[2] - moments[1] >= 0.3
    assert await parked(stage) == []


async def test_what_never_succeeds_is_parked_with_its_reason(stage: Stage, said: Said) -> None:
    tries = 0

    async def refuse(_event: MachineStarted, _deps: Any) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError("a NUL\0 in a reason is kept out of the way")

    event = said()
    async with stage.hearing(refuse):
        await stage.say(event)
        await settled(stage)
    [letter] = await parked(stage)
    assert tries == 4
    assert letter.event_id == event.event_id
    assert MachineStarted.model_validate_json(letter.data) == event
    assert "a NUL" in letter.error
    assert await stage.count("inbox") == 0


@pytest.mark.parametrize("headers", [None, {}, {"Nats-Msg-Id": "no-uuid"}, {"X-Odd": "\x01"}])
async def test_one_poisonous_event_in_a_thousand_is_parked_at_once(
    stage: Stage, said: Said, headers: dict[str, str] | None
) -> None:
    events = [said(generation=n) for n in range(999)]
    jetstream = stage.bus.client.jetstream()
    await stage.say(*events[:500])
    await jetstream.publish("machine.started.v1", b'{"event_id": "\x00', headers=headers)
    await stage.say(*events[500:])
    async with stage.hearing(retry_delays=(30, 30, 30)):
        await settled(stage)
    assert sorted(await stage.effects()) == list(range(999))
    [letter] = await parked(stage)
    assert "not a MachineStarted" in letter.error


async def test_an_event_of_a_newer_version_is_parked_and_not_lost(stage: Stage) -> None:
    """Nothing hears it yet; the durable consumer filters it, so it stays in the stream."""
    await stage.bus.client.jetstream().publish("machine.started.v2", b"{}")
    async with stage.hearing():
        await settled(stage)
    assert await parked(stage) == []


async def test_a_parked_event_is_handled_when_it_is_replayed(stage: Stage, said: Said) -> None:
    well = asyncio.Event()

    async def heal(event: MachineStarted, deps: Any) -> None:
        if not well.is_set():
            raise RuntimeError("ill")
        await stage.take_effect(event, deps)

    async with stage.hearing(heal, retry_delays=()):
        await stage.say(said(generation=5))
        await settled(stage)
        well.set()
        assert await DeadLetters(stage.database).request_replay() == 1
        await eventually(lambda: _none_parked(stage))
    assert await stage.effects() == [5]


async def _none_parked(stage: Stage) -> bool:
    return await parked(stage) == []


async def test_a_replay_that_fails_again_stays_parked_with_the_newer_reason(stage: Stage, said: Said) -> None:
    tries = 0

    async def fail(_event: MachineStarted, _deps: Any) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError(f"try {tries}")

    async def newer() -> bool:
        [letter] = await parked(stage)
        return "try 2" in letter.error

    async with stage.hearing(fail, retry_delays=()):
        await stage.say(said())
        await settled(stage)
        await DeadLetters(stage.database).request_replay()
        await eventually(newer)
    assert await DeadLetters(stage.database).wanted() == []


async def test_a_replay_of_what_cannot_be_read_is_answered_too(stage: Stage) -> None:
    async with stage.hearing():
        await stage.bus.client.jetstream().publish("machine.started.v1", b"nonsense")
        await settled(stage)
        letters = DeadLetters(stage.database)
        await letters.request_replay()

        async def nothing_wanted() -> bool:
            return await letters.wanted() == []

        await eventually(nothing_wanted)
    assert len(await parked(stage)) == 1


async def test_events_of_one_key_keep_their_order_even_over_retries(stage: Stage, said: Said) -> None:
    project = ProjectId(new_id())
    failed: set[int] = set()

    async def stumble_once(event: MachineStarted, deps: Any) -> None:
        if event.generation % 5 == 0 and event.generation not in failed:
            failed.add(event.generation)
            raise RuntimeError("once")
        await stage.take_effect(event, deps)

    await stage.say(*(said(project, n) for n in range(30)))
    async with stage.hearing(stumble_once):
        await settled(stage)
    assert await stage.effects() == list(range(30))


async def test_other_keys_do_not_wait_for_one_that_fails(stage: Stage, said: Said) -> None:
    bad = ProjectId(new_id())

    async def refuse_one(event: MachineStarted, deps: Any) -> None:
        if event.project_id == bad:
            raise RuntimeError("this one never")
        await stage.take_effect(event, deps)

    await stage.say(*(said(bad, 1000 + n) for n in range(20)), *(said(generation=n) for n in range(100)))
    async with stage.hearing(refuse_one, retry_delays=(60, 60)):
        await eventually(lambda: _count_is(stage, 100))
    assert sorted(await stage.effects()) == list(range(100))


async def _count_is(stage: Stage, wanted: int) -> bool:
    return bool(await stage.count("effect") == wanted)


async def test_a_key_with_a_crowd_behind_it_has_no_patience(
    stage: Stage, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one bad project would fill what the server gives out, and everybody else would wait."""
    monkeypatch.setattr(consumer, "CROWDED", 5)
    project = ProjectId(new_id())

    async def refuse(event: MachineStarted, deps: Any) -> None:
        raise RuntimeError("never")

    await stage.say(*(said(project, n) for n in range(20)))
    async with stage.hearing(refuse, retry_delays=(60,)):

        async def crowd_is_gone() -> bool:
            return len(await parked(stage)) >= 15

        await eventually(crowd_is_gone)


async def test_handlers_run_side_by_side_up_to_the_width(stage: Stage, said: Said) -> None:
    running = most = 0

    async def count(event: MachineStarted, deps: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await stage.take_effect(event, deps)
        running -= 1

    await stage.say(*(said(generation=n) for n in range(60)))
    async with stage.hearing(count, width=4):
        await settled(stage)
    assert most == 4
    assert len(await stage.effects()) == 60


async def test_what_is_away_is_waited_for_and_nothing_is_parked(
    stage: Stage, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "AWAY_DELAY", 0.01)
    tries = 0

    async def find_it_away(event: MachineStarted, deps: Any) -> None:
        nonlocal tries
        tries += 1
        if tries < 20:
            raise Unavailable("machines does not answer")
        await stage.take_effect(event, deps)

    async with stage.hearing(find_it_away):
        await stage.say(said())
        await settled(stage)
    assert await stage.effects() == [1]
    assert await parked(stage) == []


async def test_a_statement_too_slow_on_a_healthy_database_is_parked_in_the_end(stage: Stage, said: Said) -> None:
    async def too_slow(_event: MachineStarted, _deps: Any) -> None:
        raise DatabaseAway("The database stopped answering")

    async with stage.hearing(too_slow):
        await stage.say(said())
        await settled(stage)
    assert len(await parked(stage)) == 1


async def test_a_stream_replayed_twice_leaves_the_same_rows(stage: Stage, said: Said) -> None:
    await stage.say(*(said(generation=n) for n in range(200)))
    async with stage.hearing():
        await settled(stage)
    before = await row_hash(stage)
    for _ in range(2):
        await stage.forget_consumer()
        async with stage.hearing():
            await settled(stage)
    assert await row_hash(stage) == before
    assert await stage.count("effect") == 200


async def test_a_consumer_made_anew_is_found_without_a_restart(stage: Stage, said: Said) -> None:
    async with stage.hearing():
        await stage.say(said(generation=1))
        await settled(stage)
        await stage.forget_consumer()
        await stage.say(said(generation=2))
        await eventually(lambda: _count_is(stage, 2), within=20)
    assert sorted(await stage.effects()) == [1, 2]


async def test_an_orderly_stop_finishes_what_is_under_way_and_hands_back_the_rest(
    stage: Stage, said: Said
) -> None:
    begun = asyncio.Event()
    go_on = asyncio.Event()
    project = ProjectId(new_id())

    async def slow(event: MachineStarted, deps: Any) -> None:
        begun.set()
        await go_on.wait()
        await stage.take_effect(event, deps)

    await stage.say(said(project, 1), said(project, 2))
    async with stage.hearing(slow):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.2, go_on.set)
    assert await stage.effects() == [1]
    began = asyncio.get_running_loop().time()
    async with stage.hearing():
        await settled(stage)
    assert await stage.effects() == [1, 2]
    assert asyncio.get_running_loop().time() - began < consumer.ACK_WAIT_SECONDS / 3


async def test_work_longer_than_the_servers_patience_is_not_given_to_another(
    stage: Stage, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.set_ack_wait(1)
    monkeypatch.setattr(consumer, "ACK_WAIT_SECONDS", 0.6)
    tries = 0

    async def slow(event: MachineStarted, deps: Any) -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(3)  # longer than three times the server's patience
        await stage.take_effect(event, deps)

    async with stage.hearing(slow):
        await stage.say(said())
        await settled(stage)
    assert tries == 1


async def test_a_service_hears_all_of_its_events_or_does_not_start(stage: Stage) -> None:
    handlers = dict.fromkeys(consumed_by(Service.TERMINAL), stage.take_effect)
    handlers.pop(MachineStarted)
    with pytest.raises(TypeError, match="MachineStarted"):
        Ear(stage.bus, stage.database, handlers, None)
