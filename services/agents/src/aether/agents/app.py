"""The only place where the agents service is put together."""

from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from aether.agents.adapters.machine.links import SshLinks
from aether.agents.adapters.push import WebPush
from aether.agents.adapters.vendors import Vendors
from aether.agents.adapters.webhooks import WebhookPoster
from aether.agents.api.machine import machine_app
from aether.agents.deps.agents import Agents
from aether.agents.deps.attention import AttentionDesk
from aether.agents.deps.keys import KeyRing
from aether.agents.deps.runs import Runs
from aether.agents.deps.tokens import TokenBook
from aether.agents.handlers import COMMANDS, EVENTS
from aether.agents.settings import AgentsSettings
from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.machines import IssueSshCertificate, SshCertificate
from aether.contracts.service import Service
from aether.kit.http import Check, health_routes, traced
from aether.kit.service import Chassis
from aether.kit.vault import Vault

MIGRATIONS = Path(__file__).parent / "migrations"


class CannotServe(Exception):
    """A setting is missing without which nothing can be kept."""


async def main() -> None:
    settings = AgentsSettings()
    async with Chassis.open(Service.AGENTS, settings, MIGRATIONS) as chassis:
        agents = parts(settings, chassis)
        await chassis.answer(COMMANDS, agents)
        chassis.hear(EVENTS, agents)
        await chassis.serve(http(chassis.checks()), settings.port)


def parts(settings: AgentsSettings, chassis: Chassis) -> Agents:
    """All of them, each knowing the others through Agents; those that have work of their own begin it."""
    agents = Agents(settings, chassis.database, chassis.bus, vault_of(settings))

    async def issue(project_id: ProjectId, public_key: str) -> SshCertificate:
        return await chassis.bus.request(IssueSshCertificate(project_id=project_id, public_key=public_key))

    def refit(account_id: AccountId, project_id: ProjectId | None = None) -> None:
        agents.links.refit(account_id, project_id)

    agents.keys = KeyRing(chassis.database, agents.vault, agents.now)
    tokens = TokenBook(chassis.database, agents.now, refit)
    push, post = WebPush(settings), WebhookPoster(settings)
    attention = AttentionDesk(chassis.database, agents.vault, settings, agents.now, push=push, post=post)
    vendors = Vendors(settings)
    links = SshLinks(agents, issue, partial(machine_app, agents, vendors))
    runs = Runs(agents)
    agents.tokens, agents.attention, agents.links, agents.runs = tokens, attention, links, runs
    chassis.on_stop.append(links.close)
    chassis.on_stop.append(vendors.close)
    chassis.spawn("tokens", tokens.run())
    chassis.spawn("links", links.run())
    chassis.spawn("attention", attention.run())
    chassis.spawn("runs", runs.run())
    return agents


def vault_of(settings: AgentsSettings) -> Vault:
    """Raises CannotServe without a keyset: nothing would be sealed."""
    if settings.master_keyset_file is None:
        raise CannotServe("AETHER_MASTER_KEYSET_FILE is not set: it names the keyset that seals secrets.")
    return Vault.from_file(settings.master_keyset_file)


def http(checks: dict[str, Check]) -> Any:
    """Health alone: people come by the gateway, machines by their own connections."""
    return traced(Starlette(routes=health_routes(checks)))
