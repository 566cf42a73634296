"""The jump host: a token reaches its own machine, and nothing else is to be had."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import pytest_asyncio

from aether.contracts.agents import AgentTokenView
from aether.contracts.ids import ProjectId, new_id
from aether.terminal.adapters import jump
from aether.terminal.deps import jumps
from aether.testkit.eventually import eventually
from aether.testkit.machine import TestMachine

from .jumping import Jump


@pytest_asyncio.fixture
async def jumping(machine: TestMachine, tmp_path: Path) -> AsyncIterator[Jump]:
    there = Jump(machine, tmp_path)
    await there.start()
    yield there
    await there.stop()


async def test_a_token_reaches_its_own_machine_under_each_of_its_names(jumping: Jump) -> None:
    async with await jumping.connect() as connection:
        for name in (str(jumping.project), str(jumping.machine.id), "demo.aether", "Demo.Aether"):
            reader, writer = await connection.open_connection(name, 22)
            assert (await reader.read(8)) == b"SSH-2.0-"
            writer.close()
    await eventually(lambda: jumping.tokens.used == [jumping.token.id])


async def test_a_token_reaches_nothing_else(jumping: Jump) -> None:
    async with await jumping.connect() as connection:
        for host, port in (
            ("127.0.0.1", 80),
            ("127.0.0.1", jumping.acceptor.get_port()),
            (str(new_id()), 22),
            ("localhost", 22),
            ("other.aether", 22),
            ("demo.aether", 80),
            ("demo", 22),
            ("169.254.169.254", 22),
        ):
            with pytest.raises(asyncssh.ChannelOpenError, match="Only your own"):
                await connection.open_connection(host, port)


async def test_there_is_no_shell_and_no_listening_on_the_jump_host(jumping: Jump) -> None:
    async with await jumping.connect() as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.run("true")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("", 0, "127.0.0.1", 22)


async def test_a_key_that_nobody_gave_out_is_refused(jumping: Jump) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await jumping.connect(asyncssh.generate_private_key("ssh-ed25519"))


async def test_a_key_that_was_only_shown_is_not_noted_as_used(jumping: Jump) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(asyncssh.PermissionDenied):
        await jumping.connect(stranger)
    assert jumping.tokens.used == []


async def test_while_nobody_knows_the_tokens_nobody_gets_in_and_nobody_is_cut(jumping: Jump) -> None:
    async with await jumping.connect() as connection:
        jumping.tokens.away = True
        await jumping.jumps.ask(jumping.tokens)
        with pytest.raises(asyncssh.PermissionDenied):
            await jumping.connect()
        assert not connection.is_closed()


async def test_revoking_a_token_cuts_every_connection_of_it_and_no_other(jumping: Jump) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    jumping.tokens.give(other, jumping.project, jumping.account)
    async with await jumping.connect(other) as kept:
        connections = [await jumping.connect() for _ in range(5)]
        writers = [(await c.open_connection(str(jumping.project), 22))[1] for c in connections]
        jumping.jumps.cut(lambda token: token.id == jumping.token.id)
        await asyncio.gather(*(connection.wait_closed() for connection in connections))
        assert all(writer.is_closing() for writer in writers)
        assert not kept.is_closed()
    await eventually(lambda: jumping.jumps.count() == 0)


async def test_a_token_that_opens_nothing_any_more_is_found_out_without_a_word(jumping: Jump) -> None:
    connection = await jumping.connect()
    await jumping.jumps.ask(jumping.tokens)
    assert not connection.is_closed()
    jumping.tokens.take_back(jumping.token)
    await jumping.jumps.ask(jumping.tokens)
    await connection.wait_closed()


async def test_a_token_revoked_while_its_holder_comes_in_is_refused(
    jumping: Jump, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = jumping.tokens.find

    async def revoked_in_between(public_key: str, *, used: bool = False) -> AgentTokenView | None:
        return None if used else await find(public_key)

    monkeypatch.setattr(jumping.tokens, "find", revoked_in_between)
    connection = await jumping.connect()
    await connection.wait_closed()


@pytest.mark.parametrize(
    "kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]
)
async def test_every_kind_of_key_that_is_given_out_gets_in(jumping: Jump, kind: str) -> None:
    size: dict[str, Any] = {"key_size": 3072} if kind == "ssh-rsa" else {}
    key = asyncssh.generate_private_key(kind, **size)
    jumping.tokens.give(key, jumping.project, jumping.account)
    async with await jumping.connect(key):
        assert jumping.jumps.count() == 1


@pytest.mark.parametrize(
    "weak",
    [
        {"encryption_algs": ["aes128-cbc"]},
        {"encryption_algs": ["aes128-ctr"]},
        {"encryption_algs": ["3des-cbc"]},
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"kex_algs": ["diffie-hellman-group14-sha256"]},
        {"kex_algs": ["diffie-hellman-group1-sha1"]},
        {"server_host_key_algs": ["ssh-rsa"]},
        {"server_host_key_algs": ["ecdsa-sha2-nistp256"]},
    ],
)
async def test_weak_algorithms_are_refused(jumping: Jump, weak: dict[str, Any]) -> None:
    with pytest.raises((asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost)):
        await jumping.connect(**weak)


async def test_a_signature_by_sha1_is_refused(jumping: Jump) -> None:
    key = asyncssh.generate_private_key("ssh-rsa", key_size=3072)
    jumping.tokens.give(key, jumping.project, jumping.account)
    with pytest.raises(asyncssh.PermissionDenied):
        await jumping.connect(key, signature_algs=["ssh-rsa"])


async def test_a_swapped_host_key_is_refused(jumping: Jump) -> None:
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await asyncssh.connect(
            "127.0.0.1",
            jumping.acceptor.get_port(),
            username="agent",
            client_keys=[jumping.key],
            known_hosts=([asyncssh.generate_private_key("ssh-ed25519").convert_to_public()], [], []),
            config=None,
            agent_path=None,
        )


def test_the_host_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = jump.host_key(tmp_path), jump.host_key(tmp_path)
    assert first.export_public_key() == second.export_public_key()
    assert (tmp_path / "jump_host_key").stat().st_mode & 0o777 == 0o600


async def test_whoever_shows_key_after_key_is_cut_off(jumping: Jump, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = jumping.tokens.find

    async def counted(public_key: str, *, used: bool = False) -> AgentTokenView | None:
        asked.append(public_key)
        return await find(public_key, used=used)

    monkeypatch.setattr(jumping.tokens, "find", counted)
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(jump.ATTEMPTS + 5)]
    with pytest.raises((asyncssh.ConnectionLost, ConnectionError)):
        await jumping.connect(client_keys=[*keys, jumping.key])
    assert len(asked) == jump.ATTEMPTS
    await eventually(lambda: jumping.jumps.count() == 0)


async def test_strangers_take_no_place_of_those_who_are_in(jumping: Jump, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jump, "CONNECTIONS", 1)
    monkeypatch.setattr(jump, "STRANGERS", 3, raising=False)
    async with asyncio.timeout(10):
        strangers = [await asyncio.open_connection("127.0.0.1", jumping.port) for _ in range(2)]
        for reader, _ in strangers:
            assert await reader.readline() == b"SSH-2.0-aether\r\n"
        async with await jumping.connect() as connection:
            await eventually(lambda: jumping.tokens.used == [jumping.token.id])
            assert not connection.is_closed()
            third = await asyncio.open_connection("127.0.0.1", jumping.port)
            assert await third[0].readline() == b"SSH-2.0-aether\r\n"
            fourth = await asyncio.open_connection("127.0.0.1", jumping.port)
            assert await fourth[0].read() == b""
        for _, writer in (*strangers, third, fourth):
            writer.close()


class Wire:
    """What a JumpHost needs of its connection."""

    def __init__(self) -> None:
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def stranger(jumping: Jump) -> tuple[jump.JumpHost, Wire]:
    """A connection that has shown nothing yet."""
    host, wire = jump.JumpHost(jumping.tokens, jumping.connections, jumping.jumps), Wire()
    host.connection_made(wire)  # type: ignore[arg-type] # only abort() is asked of it
    return host, wire


async def test_a_key_that_was_only_shown_makes_nobody_the_tokens_holder(jumping: Jump) -> None:
    host, wire = stranger(jumping)
    assert await host.validate_public_key("agent", jumping.key.convert_to_public())
    assert host.token is None
    jumping.jumps.cut(lambda token: True)
    assert not wire.aborted
    assert await host.validate_public_key("agent", jumping.key.convert_to_public())
    host.auth_completed()
    assert host.token == jumping.token
    jumping.jumps.cut(lambda token: True)
    assert wire.aborted
    jumping.jumps.leave(host)


async def test_keys_of_strangers_are_looked_up_a_few_at_a_time(
    jumping: Jump, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, answered = 0, asyncio.Event()

    async def slow(public_key: str, *, used: bool = False) -> None:
        nonlocal asking
        asking += 1
        await answered.wait()

    monkeypatch.setattr(jumping.tokens, "find", slow)
    key = jumping.key.convert_to_public()
    hosts = [stranger(jumping)[0] for _ in range(jumps.STRANGERS_AT_ONCE + 4)]
    shown = [asyncio.create_task(host.validate_public_key("agent", key)) for host in hosts]
    await eventually(lambda: asking > 0, every=0.01)
    assert asking == jumps.STRANGERS_AT_ONCE
    answered.set()
    assert await asyncio.gather(*shown) == [False] * len(hosts)
    for host in hosts:
        jumping.jumps.leave(host)


async def test_whose_key_has_become_another_projects_meanwhile_is_refused(
    jumping: Jump, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = jumping.tokens.find

    async def given_elsewhere(public_key: str, *, used: bool = False) -> AgentTokenView | None:
        if used:
            jumping.tokens.give(jumping.key, ProjectId(new_id()), jumping.account)
        return await find(public_key, used=used)

    monkeypatch.setattr(jumping.tokens, "find", given_elsewhere)
    connection = await jumping.connect()
    async with asyncio.timeout(10):
        await connection.wait_closed()
