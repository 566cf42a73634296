"""What happens when Postgres goes, a client stands still, or the mail server is what it is."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from aether.contracts.ids import AccountId
from aether.gateway.adapters import mail
from aether.gateway.adapters.mail import SmtpMailer
from aether.gateway.deps.ports import Mail
from aether.gateway.store import feed
from aether.testkit.events import listening
from aether.testkit.eventually import eventually
from aether.testkit.gateway import Stand, cookie_of

from .test_agents import raise_notice, run_of


async def test_while_postgres_is_away_the_answer_is_a_problem_and_after_it_all_is_as_before(
    stand: Stand, postgres_server: Any
) -> None:
    person = await stand.person()
    await eventually(stand.gateway.keyring._may_remember)
    await asyncio.to_thread(postgres_server.stop)
    try:
        answer = await person.get("/api/sessions")
        assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
        assert not stand.gateway.keyring._may_remember(), "a revocation might be missed, so nothing is remembered"
    finally:
        await asyncio.to_thread(postgres_server.start)

    async def is_back() -> bool:
        return (await person.get("/api/sessions")).status_code == 200

    await eventually(is_back)
    await eventually(stand.gateway.keyring._may_remember)


async def test_a_client_that_stands_still_is_let_go_and_costs_no_more_than_its_buffers(stand: Stand) -> None:
    person = await stand.person()
    account = AccountId(UUID((await person.get("/api/me")).json()["account_id"]))
    host, port = stand.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as still:
        still.sendall(f"GET /api/events HTTP/1.1\r\nHost: x\r\nCookie: {cookie_of(person)}\r\n\r\n".encode())
        await eventually(lambda: stand.gateway.live.count(account) == 1)
        for _ in range(30):
            async with stand.gateway.database.transaction() as writer:
                await feed.tell(writer, account, "project.changed", '"' + "x" * 1_000_000 + '"')
        await eventually(lambda: stand.gateway.live.count(account) == 0, within=15)


class Smtp:
    """A mail server of a few words."""

    def __init__(self) -> None:
        self.heard = b""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        taking = False
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self.heard += line
                if taking:
                    taking = line != b".\r\n"
                    writer.write(b"" if taking else b"250 kept\r\n")
                elif line.upper().startswith(b"DATA"):
                    taking = True
                    writer.write(b"354 go on\r\n")
                else:
                    writer.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 mail\r\n")
        writer.close()


async def test_mail_goes_to_the_server_it_is_told_to() -> None:
    smtp = Smtp()
    async with await asyncio.start_server(smtp.talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "aether@example.com")
        await mailer.send(Mail(to="ann@example.com", subject="Reset", body="a link"))
    assert b"RCPT TO:<ann@example.com>" in smtp.heard
    assert b"From: aether@example.com" in smtp.heard
    assert b"a link" in smtp.heard


async def test_mail_that_cannot_be_sent_is_logged_without_its_body() -> None:
    with capture_logs() as entries:
        await SmtpMailer("smtp://user:hidden@127.0.0.1:1", "aether@example.com").send(
            Mail(to="ann@example.com", subject="Reset", body="http://x/reset#token=abc")
        )
    assert entries[0]["event"] == "mail.failed"
    assert "abc" not in str(entries)
    assert "hidden" not in str(entries)


@contextlib.asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[int, list[asyncio.StreamWriter]]]:
    """A mail server that never says a word: its port, and who has come."""
    there: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.append(writer)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], there
    await eventually(lambda: all(writer.is_closing() for writer in there))


async def test_a_mail_server_that_says_nothing_holds_up_no_event(stand: Stand) -> None:
    client = await stand.person("ann@example.com")
    run = await run_of(stand, client)
    async with silent_server() as (port, there), listening(client) as stream:
        stand.gateway.mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "aether@example.com")
        for _ in range(40):
            await raise_notice(stand, run, by_mail=True)
        async with asyncio.timeout(15):
            heard = {(await stream.next()).name for _ in range(40)}
        assert heard == {"notice.raised"}
        await eventually(lambda: len(there) == mail.AT_ONCE)
        sending = list(stand.gateway._tasks)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)


async def test_a_mail_server_that_hangs_is_troubled_by_few_and_the_rest_does_not_pile_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail, "AT_ONCE", 2)
    monkeypatch.setattr(mail, "WAITING_MOST", 3)
    async with silent_server() as (port, there):
        mailer, letter = SmtpMailer(f"smtp://127.0.0.1:{port}", "a@example.com"), Mail("a@b.c", "s", "b")
        sending = [asyncio.create_task(mailer.send(letter)) for _ in range(3)]
        await eventually(lambda: len(there) == 2, every=0.01)
        with capture_logs() as entries:
            await mailer.send(letter)
        assert [entry["event"] for entry in entries] == ["mail.dropped"]
        assert len(there) == 2
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
