"""Orders and questions about agent tokens, and the configuration to enter with one."""

import asyncio
from datetime import datetime
from typing import Any

from aether.agents.adapters import keypairs
from aether.agents.deps.agents import Agents
from aether.agents.domain import ssh_config
from aether.agents.domain.tokens import PublicKey, Token, new_token
from aether.agents.errors import NoSuchToken, Taken, TooMany
from aether.agents.store import tokens
from aether.contracts.agents import (
    AgentTokenList,
    AgentTokenView,
    CreateAgentToken,
    CreatedAgentToken,
    FindAgentToken,
    GetSshConfig,
    ListAgentTokens,
    RevokeAgentToken,
    SshConfigView,
)
from aether.contracts.command import Command, Done
from aether.contracts.ids import AgentTokenId, new_id
from aether.contracts.machines import GetSshIdentity
from aether.contracts.problem import Invalid
from aether.contracts.terminal import GetJumpHost
from aether.kit.bus import Answerer
from aether.kit.postgres import Reader


async def list_agent_tokens(command: ListAgentTokens, agents: Agents) -> AgentTokenList:
    async with agents.reading() as db:
        found = await tokens.listed(db, command.account_id, command.project_id)
    return AgentTokenList(items=[token.view() for token in found])


async def create_agent_token(command: CreateAgentToken, agents: Agents) -> CreatedAgentToken:
    private_key = None
    if command.public_key is None:
        private_key, key = keypairs.made()
    else:
        key = keypairs.parsed(command.public_key)
    token = new_token(command, AgentTokenId(new_id()), key, agents.now())
    # One whose time has come may still stand in the way of its own key.
    await agents.tokens.expired()
    most = agents.settings.tokens_per_project
    async with agents.transaction() as db:
        await tokens.hold_project(db, command.project_id)
        if await tokens.count(db, command.project_id) >= most:
            raise TooMany(f"A project has at most {most} agent tokens. Revoke one first.")
        if not await tokens.add(db, token):
            raise Taken("This key enters a project already. Revoke it there, or give another.")
    agents.links.refit(command.account_id, command.project_id)
    return CreatedAgentToken(token=token.view(), private_key=private_key)


async def revoke_agent_token(command: RevokeAgentToken, agents: Agents) -> Done:
    async with agents.transaction() as db:
        token = await tokens.revoke(db, command.account_id, command.project_id, command.token_id, agents.now())
        if token is None:
            raise NoSuchToken
        db.publish(token.revoked())
    agents.links.refit(command.account_id, command.project_id)
    return Done()


async def find_agent_token(command: FindAgentToken, agents: Agents) -> AgentTokenView:
    try:
        key = keypairs.parsed(command.public_key)
    except Invalid:
        raise NoSuchToken from None
    if not command.used:
        # Anybody can have the jump host ask this, so it costs no transaction.
        async with agents.reading() as reader:
            return (await _opening(reader, key, agents.now())).view()
    async with agents.transaction() as db:
        token = await _opening(db, key, agents.now())
        await tokens.use(db, token.id, agents.now())
    return token.view()


async def _opening(db: Reader, key: PublicKey, now: datetime) -> Token:
    token = await tokens.of_key(db, key)
    if token is None or not token.opens(now):
        raise NoSuchToken
    return token


async def get_ssh_config(command: GetSshConfig, agents: Agents) -> SshConfigView:
    ssh_config.checked_identity_file(command.identity_file)
    identity, jump = await asyncio.gather(
        agents.bus.request(GetSshIdentity(account_id=command.account_id, project_id=command.project_id)),
        agents.bus.request(GetJumpHost()),
    )
    return SshConfigView(
        project_id=command.project_id,
        host=ssh_config.host_of(identity),
        config=ssh_config.config(identity, jump, command.identity_file),
        known_hosts=ssh_config.known_hosts(identity, jump),
    )


COMMANDS: dict[type[Command[Any]], Answerer] = {
    ListAgentTokens: list_agent_tokens,
    CreateAgentToken: create_agent_token,
    RevokeAgentToken: revoke_agent_token,
    FindAgentToken: find_agent_token,
    GetSshConfig: get_ssh_config,
}
