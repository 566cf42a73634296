"""The agents that can be started."""

from typing import Annotated

from pydantic import Field

from aether.contracts.command import Command, Reply
from aether.contracts.service import Service

AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class CatalogEntry(Reply):
    """An agent that can be started. `vendors`: whose key it needs, any one of them; empty if none."""

    name: AgentName
    title: str
    summary: str
    homepage: str
    vendors: list[str]
    key_names: list[str]
    takes_prompt: bool
    takes_command: bool
    resumes: bool
    seen_version: str  # with which it was tried; empty if it was not


class CatalogList(Reply):
    items: list[CatalogEntry]


class ListCatalog(Command[CatalogList]):
    """Every agent there is an entry for."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})
