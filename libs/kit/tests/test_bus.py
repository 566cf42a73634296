"""Requests have one typed answer, a refusal that passes whole, or a sentence in time."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from aether.contracts import catalog
from aether.contracts.command import Command, Reply, served_by
from aether.contracts.ids import AccountId, TerminalId, new_id
from aether.contracts.problem import Invalid, NotFound, Refusal, Unavailable
from aether.contracts.service import Service
from aether.contracts.terminal import GetTerminal, ListTerminals, TerminalList
from aether.kit.bus import DEADLINE, STATUS, Bus
from aether.testkit.eventually import eventually
from aether.testkit.nats import EmbeddedNats

assert catalog.COMMANDS

QUESTION = ListTerminals(account_id=AccountId(new_id()), project_id=new_id())
Handler = Callable[[Any, Any], Awaitable[Reply]]


@asynccontextmanager
async def connected(nats_server: EmbeddedNats, service: Service) -> AsyncIterator[Bus]:
    async with Bus.connect(nats_server.url, service) as bus:
        yield bus


async def serve(bus: Bus, handler: Handler) -> None:
    await bus.answer(dict.fromkeys(served_by(Service.TERMINAL), handler), None)


@asynccontextmanager
async def conversation(nats_server: EmbeddedNats, handler: Handler) -> AsyncIterator[tuple[Bus, Bus]]:
    """The gateway, and a terminal service that answers everything with one handler."""
    async with connected(nats_server, Service.TERMINAL) as terminal:
        await serve(terminal, handler)
        async with connected(nats_server, Service.GATEWAY) as gateway:
            yield gateway, terminal


async def empty_list(_command: Command[Any], _deps: Any) -> Reply:
    return TerminalList(items=[])


async def test_a_command_is_answered_with_its_reply_class(nats_server: EmbeddedNats) -> None:
    async with conversation(nats_server, empty_list) as (gateway, _):
        answer = await gateway.request(QUESTION)
    assert answer == TerminalList(items=[])


async def test_a_refusal_passes_with_its_sentence_status_and_fields(nats_server: EmbeddedNats) -> None:
    async def refuse(_command: Command[Any], _deps: Any) -> Reply:
        raise Invalid.field("name", "This name is taken")

    async with conversation(nats_server, refuse) as (gateway, _):
        with pytest.raises(Refusal, match="This name is taken") as caught:
            await gateway.request(QUESTION)
    problem = caught.value.problem()
    assert (problem.status, problem.type, problem.errors[0].field) == (422, "invalid", "name")


async def test_a_handlers_fault_is_told_without_its_words(nats_server: EmbeddedNats) -> None:
    async def stumble(_command: Command[Any], _deps: Any) -> Reply:
        raise RuntimeError("the password is hunter2")

    async with conversation(nats_server, stumble) as (gateway, _):
        with pytest.raises(Refusal) as caught:
            await gateway.request(QUESTION)
    problem = caught.value.problem()
    assert problem.status == 500
    assert "hunter2" not in problem.model_dump_json()
    assert "RuntimeError" not in problem.model_dump_json()


async def test_a_handlers_own_validation_fault_is_not_the_callers(nats_server: EmbeddedNats) -> None:
    async def misread(_command: Command[Any], _deps: Any) -> Reply:
        return GetTerminal.model_validate({})  # type: ignore[return-value]

    async with conversation(nats_server, misread) as (gateway, _):
        with pytest.raises(Refusal) as caught:
            await gateway.request(QUESTION)
    assert caught.value.problem().status == 500


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"account_id": "no"}', b"\xff\xfe"])
async def test_what_is_no_command_is_refused_and_repeats_nothing(nats_server: EmbeddedNats, data: bytes) -> None:
    async with conversation(nats_server, empty_list) as (gateway, _):
        message = await gateway.client.request(ListTerminals.subject, data, timeout=2)
    assert message.headers == {STATUS: "problem"}
    assert b'"status":422' in message.data


@pytest.mark.parametrize("deadline", ["", "soon", "1e400"])
async def test_a_deadline_that_is_no_number_does_not_matter(nats_server: EmbeddedNats, deadline: str) -> None:
    async with conversation(nats_server, empty_list) as (gateway, _):
        data = QUESTION.model_dump_json().encode()
        message = await gateway.client.request(QUESTION.subject, data, timeout=2, headers={DEADLINE: deadline})
    assert message.headers == {STATUS: "ok"}


async def test_a_slow_handler_is_cut_at_the_callers_deadline(nats_server: EmbeddedNats) -> None:
    cut = asyncio.Event()

    async def dawdle(_command: Command[Any], _deps: Any) -> Reply:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cut.set()
            raise
        return TerminalList(items=[])

    async with conversation(nats_server, dawdle) as (gateway, _):
        began = time.monotonic()
        with pytest.raises(Refusal) as caught:
            await gateway.request(QUESTION, timeout=0.3)
        assert time.monotonic() - began < 1
        await asyncio.wait_for(cut.wait(), 2)
    assert caught.value.problem().status == 503


async def test_a_question_whose_asker_has_given_up_is_not_acted_on(nats_server: EmbeddedNats) -> None:
    asked: list[Command[Any]] = []

    async def note(command: Command[Any], _deps: Any) -> Reply:
        asked.append(command)
        return TerminalList(items=[])

    async with conversation(nats_server, note) as (gateway, _):
        late = {DEADLINE: str(time.time() - 1)}
        await gateway.client.publish(QUESTION.subject, QUESTION.model_dump_json().encode(), headers=late)
        await gateway.request(QUESTION)
    assert len(asked) == 1


async def test_nobody_there_is_unavailable_after_the_deadline_and_not_before(nats_server: EmbeddedNats) -> None:
    async with connected(nats_server, Service.GATEWAY) as gateway:
        began = time.monotonic()
        with pytest.raises(Unavailable, match="terminal service does not answer"):
            await gateway.request(QUESTION, timeout=0.4)
        assert 0.35 < time.monotonic() - began < 1.5


async def test_a_question_waits_for_a_service_that_is_starting(nats_server: EmbeddedNats) -> None:
    async with connected(nats_server, Service.GATEWAY) as gateway:
        asking = asyncio.create_task(gateway.request(QUESTION))
        async with connected(nats_server, Service.TERMINAL) as terminal:
            await serve(terminal, empty_list)
            assert await asking == TerminalList(items=[])


async def test_a_hundred_questions_are_answered_side_by_side(nats_server: EmbeddedNats) -> None:
    waiting = 0
    everybody = asyncio.Event()

    async def meet(_command: Command[Any], _deps: Any) -> Reply:
        nonlocal waiting
        waiting += 1
        if waiting == 100:
            everybody.set()
        await everybody.wait()
        return TerminalList(items=[])

    async with conversation(nats_server, meet) as (gateway, _):
        answers = await asyncio.gather(*(gateway.request(QUESTION) for _ in range(100)))
    assert len(answers) == 100


async def test_an_answer_too_long_for_the_bus_is_a_problem_at_once(nats_server: EmbeddedNats) -> None:
    async def ramble(_command: Command[Any], _deps: Any) -> Reply:
        return TerminalList(items=[], next_cursor="x" * 2_000_000)

    async with conversation(nats_server, ramble) as (gateway, _):
        with pytest.raises(Refusal, match="too long") as caught:
            await gateway.request(QUESTION)
    assert caught.value.problem().status == 500


async def test_a_command_without_a_way_back_hurts_nobody(nats_server: EmbeddedNats) -> None:
    async with conversation(nats_server, empty_list) as (gateway, _):
        await gateway.client.publish(QUESTION.subject, QUESTION.model_dump_json().encode())
        assert await gateway.request(QUESTION) == TerminalList(items=[])


async def test_a_service_answers_all_of_its_commands_or_does_not_start(nats_server: EmbeddedNats) -> None:
    async with connected(nats_server, Service.TERMINAL) as terminal:
        with pytest.raises(TypeError, match="GetTerminal"):
            await terminal.answer({ListTerminals: empty_list}, None)
        foreign = dict.fromkeys(served_by(Service.TERMINAL) | served_by(Service.MACHINES), empty_list)
        with pytest.raises(TypeError, match="StartMachine"):
            await terminal.answer(foreign, None)


async def test_an_orderly_stop_answers_every_question_taken_and_leaves_the_rest(
    nats_server: EmbeddedNats,
) -> None:
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(_command: Command[Any], _deps: Any) -> Reply:
        begun.set()
        await go_on.wait()
        return TerminalList(items=[])

    async with conversation(nats_server, slow) as (gateway, terminal):
        questions = [asyncio.create_task(gateway.request(QUESTION)) for _ in range(20)]
        await begun.wait()
        stopping = asyncio.create_task(terminal.stop_answering())
        await eventually(lambda: not terminal._subscriptions)
        go_on.set()
        await stopping
        assert len(await asyncio.gather(*questions)) == 20
        with pytest.raises(Unavailable):
            await gateway.request(QUESTION, timeout=0.2)


async def test_restarting_a_service_fails_no_question(nats_server: EmbeddedNats) -> None:
    """Two come and go in turn while questions keep coming."""
    ending = asyncio.Event()

    async def ask(gateway: Bus) -> int:
        asked = 0
        while not ending.is_set():
            # A deadline far beyond what a busy host stands still for: what is lost stays lost all the same.
            await gateway.request(QUESTION, timeout=30)
            asked += 1
        return asked

    async with connected(nats_server, Service.GATEWAY) as gateway:
        asking = [asyncio.create_task(ask(gateway)) for _ in range(8)]
        for _ in range(5):
            async with connected(nats_server, Service.TERMINAL) as terminal:
                await serve(terminal, empty_list)
                await gateway.request(QUESTION)
                await terminal.stop_answering()
        async with connected(nats_server, Service.TERMINAL) as terminal:
            await serve(terminal, empty_list)
            ending.set()
            assert sum(await asyncio.gather(*asking)) > 0


@asynccontextmanager
async def overheard(nats_server: EmbeddedNats) -> AsyncIterator[tuple[str, bytearray]]:
    """Another address of the server, and all that is said to it there."""
    said = bytearray()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: bytearray) -> None:
        while piece := await reader.read(65536):
            note += piece
            writer.write(piece)
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = urlsplit(nats_server.url)
        there, back = await asyncio.open_connection(server.hostname, server.port)
        await asyncio.gather(carry(reader, back, said), carry(there, writer, bytearray()))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        yield f"nats://{host}:{port}", said


async def test_a_service_hears_out_the_server_only_after_it_has_said_that_it_takes_no_more(
    nats_server: EmbeddedNats,
) -> None:
    async with overheard(nats_server) as (url, said), Bus.connect(url, Service.TERMINAL) as terminal:
        await serve(terminal, empty_list)
        await terminal.client.flush()
        before = len(said)
        await terminal.stop_answering()
        words = [line.split()[0] for line in bytes(said[before:]).splitlines()]
    assert words.count(b"UNSUB") == len(served_by(Service.TERMINAL))
    assert words[: words.index(b"PING")].count(b"UNSUB") > 0


async def test_a_connection_that_fails_to_read_what_came_is_made_anew_at_once(
    nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_message: Any) -> None:
        monkeypatch.undo()
        raise RuntimeError("a fault of the client's own")

    async with conversation(nats_server, empty_list) as (gateway, terminal):
        monkeypatch.setattr(terminal.client, "_process_msg", fail)
        with pytest.raises(Unavailable):  # the question that was being read is lost
            await gateway.request(QUESTION, timeout=1)
        assert await gateway.request(QUESTION, timeout=1) == TerminalList(items=[])


async def test_a_missing_terminal_is_told_as_missing(nats_server: EmbeddedNats) -> None:
    async def miss(_command: Command[Any], _deps: Any) -> Reply:
        raise NotFound

    async with conversation(nats_server, miss) as (gateway, _):
        with pytest.raises(Refusal) as caught:
            await gateway.request(GetTerminal(account_id=AccountId(new_id()), terminal_id=TerminalId(new_id())))
    assert caught.value.problem().status == 404
