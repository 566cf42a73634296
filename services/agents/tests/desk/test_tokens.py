"""Agent tokens: who may enter which machine, until when."""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from aether.agents.adapters import keypairs
from aether.agents.domain.tokens import new_token
from aether.agents.errors import NoSuchToken, Taken, TooMany
from aether.agents.store import tokens as store
from aether.contracts.agents import (
    AgentTokenView,
    CreateAgentToken,
    CreatedAgentToken,
    FindAgentToken,
    ListAgentTokens,
    RevokeAgentToken,
    TokenRevoked,
)
from aether.contracts.ids import AccountId, AgentTokenId, PersonId, ProjectId, new_id
from aether.contracts.problem import Invalid, NotFound
from aether.testkit.clock import START
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host

from .conftest import Box

SK = (
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAKkYpkeEu42MEZCS/FJFuGDfhz8fPoz8MQj"
    "eOr5c4MBAAAABHNzaDo="
)


def public(kind: str = "ssh-ed25519", **more: Any) -> str:
    return asyncssh.generate_private_key(kind, **more).export_public_key().decode().strip()


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def create(box: Box, public_key: str | None = None, **more: Any) -> CreatedAgentToken:
    wished = {"account_id": box.account, "person_id": box.person, "project_id": box.project, "name": "laptop"}
    made: CreatedAgentToken = await box.ask(CreateAgentToken(public_key=public_key, **{**wished, **more}))
    return made


async def found(box: Box, public_key: str, *, used: bool = False) -> AgentTokenView:
    view: AgentTokenView = await box.ask(FindAgentToken(public_key=public_key, used=used))
    return view


async def listed(box: Box) -> list[AgentTokenView]:
    answer = await box.ask(ListAgentTokens(account_id=box.account, project_id=box.project))
    items: list[AgentTokenView] = answer.items
    return items


async def revoke(box: Box, view: AgentTokenView, **more: Any) -> None:
    wished = {"account_id": box.account, "project_id": box.project, "token_id": view.id}
    await box.ask(RevokeAgentToken(**{**wished, **more}))


async def test_a_pair_is_made_and_openssh_takes_its_private_key(box: Box, tmp_path: Path) -> None:
    require_host("ssh-keygen")
    made = await create(box)
    assert made.private_key is not None
    file = tmp_path / "key"
    file.write_text(made.private_key)
    file.chmod(0o600)
    derived = said_by("ssh-keygen", "-y", "-f", str(file))
    assert derived.split()[:2] == made.token.public_key.split()
    assert said_by("ssh-keygen", "-l", "-f", str(file)).split()[1] == made.token.fingerprint
    assert (await found(box, derived)).id == made.token.id
    assert box.refits.asked == [(box.account, box.project)]


async def test_the_private_key_is_in_one_answer_and_nowhere_else(box: Box) -> None:
    made = await create(box)
    assert made.private_key is not None
    secret = made.private_key.splitlines()[2]
    assert secret not in repr(made)
    for (table,) in await box.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'agents'"):
        assert secret not in str(await box.rows(f"SELECT to_jsonb(t) FROM agents.{table} t"))


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("ssh-ed25519", {}),
        ("ecdsa-sha2-nistp256", {}),
        ("ecdsa-sha2-nistp384", {}),
        ("ecdsa-sha2-nistp521", {}),
        ("ssh-rsa", {"key_size": 3072}),
    ],
)
async def test_a_given_key_is_kept_without_what_stands_around_it(box: Box, kind: str, more: Any) -> None:
    line = public(kind, **more)
    made = await create(box, f'  {line} me@laptop command="x"\n')
    assert made.private_key is None
    assert made.token.public_key == line
    (authorized,) = await box.book.lines(box.project)
    assert authorized.endswith(f" {line} aether-token-{made.token.id}")
    assert asyncssh.import_authorized_keys(authorized)


async def test_a_key_on_a_security_key_is_taken(box: Box) -> None:
    assert (await create(box, SK)).token.public_key == SK


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        public("ssh-dss"),
        public("ssh-rsa", key_size=2048),
        public("ssh-ed448"),
        f'command="sh" {public()}',
        f"{public()}\n{public()}",
        f"{public()}\rcommand",
        # A weak key under the name of a strong kind.
        f"ssh-ed25519 {public('ssh-dss').split()[1]}",
        asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode(),
        "ssh-ed25519 " + "A" * 9000,
    ],
    ids=[
        "nothing",
        "a word",
        "a kind alone",
        "cut off",
        "dss",
        "short rsa",
        "ed448",
        "options",
        "two lines",
        "a second line by CR",
        "another kind inside",
        "private",
        "long",
    ],
)
def test_a_weak_unknown_or_broken_key_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        keypairs.parsed(text)
    assert [error.field for error in refused.value.errors] == ["public_key"]


async def test_what_is_refused_is_not_kept_and_not_found(box: Box) -> None:
    weak = public("ssh-rsa", key_size=2048)
    with pytest.raises(Invalid):
        await create(box, weak)
    with pytest.raises(NotFound):
        await found(box, weak)


def test_a_certificate_is_no_key() -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    certificate = authority.generate_user_certificate(
        asyncssh.generate_private_key("ssh-ed25519"), "me", principals=["root"]
    )
    with pytest.raises(Invalid):
        keypairs.parsed(certificate.export_certificate().decode())


async def test_a_key_enters_one_project_only_until_it_is_revoked(box: Box) -> None:
    line, other = public(), ProjectId(new_id())
    first = await create(box, line)
    with pytest.raises(Taken):
        await create(box, line, project_id=other)
    await revoke(box, first.token)
    second = await create(box, line, project_id=other)
    assert (await found(box, line)).id == second.token.id


async def test_of_many_who_give_the_same_key_at_once_one_is_let_in(box: Box) -> None:
    line = public()
    projects = [ProjectId(new_id()) for _ in range(8)]
    results = await asyncio.gather(
        *(create(box, line, project_id=project) for project in projects), return_exceptions=True
    )
    assert sum(isinstance(result, Taken) for result in results) == 7


async def test_revoked_opens_nothing_and_is_said(box: Box) -> None:
    made = await create(box)
    await revoke(box, made.token)
    with pytest.raises(NotFound):
        await found(box, made.token.public_key)
    assert await box.book.lines(box.project) == []
    assert await listed(box) == []
    (said,) = await box.said(TokenRevoked)
    assert (said.project_id, said.token_id) == (box.project, made.token.id)
    await revoke(box, made.token)  # already revoked is a success


@pytest.mark.parametrize("foreign", ["account_id", "project_id"])
async def test_a_foreign_token_is_as_missing_as_none(box: Box, foreign: str) -> None:
    made = await create(box)
    with pytest.raises(NoSuchToken):
        await revoke(box, made.token, **{foreign: AccountId(new_id())})
    assert (await found(box, made.token.public_key)).id == made.token.id
    strange = ListAgentTokens(account_id=AccountId(new_id()), project_id=box.project)
    assert (await box.ask(strange)).items == []


async def test_use_is_noted_only_when_somebody_entered(box: Box) -> None:
    made = await create(box)
    assert (await found(box, made.token.public_key)).last_used_at is None
    box.clock.advance(5)
    await found(box, made.token.public_key, used=True)
    assert (await listed(box))[0].last_used_at == box.clock.now()


async def test_when_its_time_has_come_it_opens_nothing_and_that_is_said_once(box: Box) -> None:
    line = public()
    made = await create(box, line, expires_at=box.clock.now() + timedelta(hours=1))
    assert await box.book.expired() == []
    box.clock.advance(3600)
    with pytest.raises(NotFound):
        await found(box, line)
    assert await box.book.lines(box.project) == []
    both = await asyncio.gather(box.book.expired(), box.book.expired())
    assert [*both[0], *both[1]] == [(box.project, made.token.id)]
    assert [said.token_id for said in await box.said(TokenRevoked)] == [made.token.id]
    assert (await listed(box))[0].expires_at == box.clock.now()  # a person sees why nothing opens
    assert box.refits.asked[-1] == (box.account, box.project)


async def test_an_expired_key_may_be_given_anew_at_once(box: Box) -> None:
    line = public()
    await create(box, line, expires_at=box.clock.now() + timedelta(seconds=1))
    box.clock.advance(2)
    anew = await create(box, line)
    assert (await found(box, line)).id == anew.token.id


async def test_the_watch_says_what_expires(box: Box) -> None:
    await create(box, expires_at=box.clock.now() + timedelta(seconds=1))
    watch = asyncio.create_task(box.book.run())
    box.clock.advance(1)

    async def said() -> bool:
        return len(await box.said(TokenRevoked)) == 1

    await eventually(said, within=4)
    watch.cancel()


async def test_one_that_has_expired_already_is_not_made(box: Box) -> None:
    with pytest.raises(Invalid):
        await create(box, expires_at=box.clock.now())


@pytest.mark.parametrize("name", [" ", "a\nb", "a\u202eb", "\x1b[31m"])
def test_a_name_can_be_shown(name: str) -> None:
    command = CreateAgentToken(
        account_id=AccountId(new_id()), person_id=PersonId(new_id()), project_id=ProjectId(new_id()), name=name
    )
    with pytest.raises(Invalid):
        new_token(command, AgentTokenId(new_id()), keypairs.made()[1], START)


async def test_a_limit_cannot_be_raced(box: Box) -> None:
    box.agents.settings.tokens_per_project = 2
    results = await asyncio.gather(*(create(box) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(result, TooMany) for result in results) == 4


@pytest.mark.parametrize("what", ["project", "account"])
async def test_deleting_leaves_nothing(box: Box, what: str) -> None:
    await create(box)
    async with box.agents.transaction() as db:
        if what == "project":
            await store.delete_project(db, box.project)
        else:
            await store.delete_account(db, box.account)
    assert await box.rows("SELECT 1 FROM agents.token") == []


def test_a_pair_of_ours_is_ed25519() -> None:
    private, key = keypairs.made()
    assert key.line.startswith("ssh-ed25519 ")
    assert asyncssh.import_private_key(private).get_fingerprint("sha256") == key.fingerprint


async def test_a_key_that_is_only_looked_up_costs_no_transaction(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await create(box, public())).token

    def none_here(*_: Any) -> None:
        raise AssertionError("a transaction")

    monkeypatch.setattr(type(box.agents), "transaction", none_here)
    assert (await found(box, token.public_key)).id == token.id
    with pytest.raises(NoSuchToken):
        await found(box, public())
