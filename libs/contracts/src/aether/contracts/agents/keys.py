"""Keys of vendors and programs: written, used, never read back."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from aether.contracts.command import Command, Done, Reply
from aether.contracts.ids import AccountId, PersonId, ProjectId
from aether.contracts.service import Service

# How a key reaches an agent: brokered, the machine never has it; injected, it stands in a session's environment.
KeyMode = Literal["brokered", "injected"]
KeyName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class KeyView(Reply):
    """A person's key. The value never comes back. `projects` None: every project of the account.

    `vendor` is whose it is where the name tells (ANTHROPIC_API_KEY: anthropic), and empty for other names.
    """

    name: str
    account_id: AccountId
    vendor: str = ""
    mode: KeyMode
    last4: str
    projects: list[ProjectId] | None = None
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    last_used_at: AwareDatetime | None = None
    refused_at: AwareDatetime | None = None  # when the vendor last refused it, if it has not taken it since


class KeyList(Reply):
    items: list[KeyView]


class ListKeys(Command[KeyList]):
    """The account's keys by name."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId


class PutKey(Command[KeyView]):
    """Keep a key, or put another value in its place (rotate). Fields that are None stay, on a new key the default.

    A key without a known vendor cannot be brokered. Machines that have it get the new one at once.
    """

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    name: KeyName
    value: str | None = Field(None, min_length=1, max_length=16_384, repr=False)
    mode: KeyMode | None = None
    projects: list[ProjectId] | None = None
    every_project: bool = False  # True makes `projects` None again


class DeleteKey(Command[Done]):
    """Forget a key; what was injected is taken away. One that is not there is already gone."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    name: KeyName
