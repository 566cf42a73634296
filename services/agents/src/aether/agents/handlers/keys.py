"""Orders and questions about keys."""

import asyncio
from typing import Any

from aether.agents.deps.agents import Agents
from aether.agents.deps.keys import place
from aether.agents.domain.keys import Key, checked, new_key
from aether.agents.errors import TooMany
from aether.agents.store import keys
from aether.contracts.agents import DeleteKey, KeyList, KeyView, ListKeys, PutKey
from aether.contracts.command import Command, Done
from aether.contracts.machines import GetProject
from aether.contracts.problem import Invalid, RefusedElsewhere
from aether.kit.bus import Answerer
from aether.kit.postgres import Writer


async def list_keys(command: ListKeys, agents: Agents) -> KeyList:
    async with agents.reading() as db:
        found = await keys.listed(db, command.account_id)
    return KeyList(items=[key.view() for key in found])


async def put_key(command: PutKey, agents: Agents) -> KeyView:
    command = checked(command)
    await _check_projects(command, agents)
    async with agents.transaction() as db:
        await keys.hold_account(db, command.account_id)
        key = await _put(db, command, agents)
        sealed = None if command.value is None else agents.vault.seal(command.value.encode(), *place(key))
        await keys.keep(db, key, sealed)
    agents.links.refit(command.account_id)
    return key.view()


async def _put(db: Writer, command: PutKey, agents: Agents) -> Key:
    before = await keys.find(db, command.account_id, command.name)
    if before is not None:
        return before.put(command, agents.now())
    most = agents.settings.keys_per_account
    if len(await keys.listed(db, command.account_id)) >= most:
        raise TooMany(f"An account has at most {most} keys. Delete one first.")
    return new_key(command, agents.now())


async def _check_projects(command: PutKey, agents: Agents) -> None:
    """Refuse a project that the account does not have. A list would be kept that says less than it seems to."""
    wanted = set(command.projects or ())
    if not wanted:
        return
    async with agents.reading() as db:
        before = await keys.find(db, command.account_id, command.name)
    known = set(before.projects or ()) if before else set()
    asked = [GetProject(account_id=command.account_id, project_id=project) for project in wanted - known]
    try:
        await asyncio.gather(*(agents.bus.request(question) for question in asked))
    except RefusedElsewhere as refusal:
        if refusal.status != 404:
            raise
        raise Invalid.field("projects", "One of these projects is not there.") from None


async def delete_key(command: DeleteKey, agents: Agents) -> Done:
    async with agents.transaction() as db:
        # Else one that is just being changed without its value would be kept without any.
        await keys.hold_account(db, command.account_id)
        gone = await keys.delete(db, command.account_id, command.name)
    if gone:
        agents.links.refit(command.account_id)
    return Done()


COMMANDS: dict[type[Command[Any]], Answerer] = {ListKeys: list_keys, PutKey: put_key, DeleteKey: delete_key}
