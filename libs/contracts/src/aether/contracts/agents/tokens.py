"""Agent tokens: key pairs that enter a machine by SSH."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from aether.contracts.command import Command, Done, Reply
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, AgentTokenId, PersonId, ProjectId
from aether.contracts.service import Service


class AgentTokenView(Reply):
    """A key pair that may enter one project's machine through the jump host. `public_key` is an OpenSSH line."""

    id: AgentTokenId
    account_id: AccountId
    project_id: ProjectId
    name: str
    public_key: str
    fingerprint: str  # SHA256:…, as ssh-keygen -l prints it
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None


class AgentTokenList(Reply):
    items: list[AgentTokenView]


class CreatedAgentToken(Reply):
    """`private_key` (OpenSSH's format) is here and nowhere else, and only of a pair that was made by us."""

    token: AgentTokenView
    private_key: Annotated[str | None, Field(repr=False)] = None


class ListAgentTokens(Command[AgentTokenList]):
    """The tokens of one project that are not revoked, newest first."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId


class CreateAgentToken(Command[CreatedAgentToken]):
    """Make an ed25519 pair, or take the given public key: ed25519, sk-ed25519, ecdsa, or rsa of 3072 bits or more.

    A public key that enters one project already enters no second one.
    """

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    person_id: PersonId
    project_id: ProjectId
    name: Annotated[str, Field(min_length=1, max_length=64)]
    public_key: Annotated[str | None, Field(max_length=16_384)] = None
    expires_at: AwareDatetime | None = None


class RevokeAgentToken(Command[Done]):
    """It opens nothing any more, and what is open with it is cut within 5 s. Already revoked is a success."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    token_id: AgentTokenId


class FindAgentToken(Command[AgentTokenView]):
    """The token of a public key, for the jump host. NotFound for none, a revoked or an expired one.

    `used` notes that somebody has entered with it just now.
    """

    service = Service.AGENTS
    callers = frozenset({Service.TERMINAL})

    public_key: Annotated[str, Field(max_length=16_384)]
    used: bool = False


class SshConfigView(Reply):
    """What a person puts into their ssh configuration to enter a project's machine. Nothing in it is secret."""

    project_id: ProjectId
    host: str  # the name after `ssh`
    config: str  # Host blocks with ProxyJump
    known_hosts: str  # the real keys of jump host and machine, a line each


class GetSshConfig(Command[SshConfigView]):
    """`identity_file` is the path of the private key on the person's computer, written into the configuration."""

    service = Service.AGENTS
    callers = frozenset({Service.GATEWAY})

    account_id: AccountId
    project_id: ProjectId
    identity_file: Annotated[str, Field(max_length=512)] = "~/.ssh/aether"


class TokenRevoked(Event):
    """An agent token opens nothing any more: what was opened with it must close within 5 s."""

    subject = "token.revoked.v1"
    producer = Service.AGENTS
    consumers = frozenset({Service.TERMINAL})

    account_id: AccountId
    project_id: ProjectId
    token_id: AgentTokenId
