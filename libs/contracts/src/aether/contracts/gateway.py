"""What the gateway says: accounts and the credentials that people hold; and what is asked of it for a machine."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from aether.contracts.command import Command, Reply
from aether.contracts.event import Event
from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId
from aether.contracts.service import Service


class AccountCreated(Event):
    """A person has signed up and has an account. Does not mean that the e-mail address was proven."""

    subject = "account.created.v1"
    producer = Service.GATEWAY
    consumers = frozenset()

    account_id: AccountId
    person_id: PersonId


class AccountRevoked(Event):
    """A credential is no longer good: what was opened with it must close within 5 s.

    Sent on sign-out, on revoking a session or token, and on a password reset (which ends all of the
    person's sessions). `credential_id` None means every credential of the person.
    """

    subject = "account.revoked.v1"
    producer = Service.GATEWAY
    consumers = frozenset({Service.GATEWAY, Service.TERMINAL, Service.FILES})

    account_id: AccountId
    person_id: PersonId
    credential_id: CredentialId | None
    reason: Literal["signed_out", "revoked", "expired", "password_reset", "account_deleted"]


class AccountDeleted(Event):
    """A person has deleted their account. Every service deletes what it holds of it."""

    subject = "account.deleted.v1"
    producer = Service.GATEWAY
    consumers = frozenset({Service.MACHINES, Service.TERMINAL, Service.FILES, Service.AGENTS})

    account_id: AccountId
    person_id: PersonId


class GitCredential(Reply):
    """What git is told for one request. The password is short-lived and is kept nowhere."""

    username: str
    password: Annotated[str, Field(repr=False)]
    expires_at: AwareDatetime | None = None


class IssueGitCredential(Command[GitCredential]):
    """A credential for a git host, on behalf of the account whose machine asks.

    NotFound unless the account is linked to that very host: which host gets a token is not the machine's choice.
    """

    service = Service.GATEWAY
    callers = frozenset({Service.AGENTS})

    account_id: AccountId
    project_id: ProjectId
    protocol: Annotated[str, Field(max_length=16)]
    host: Annotated[str, Field(max_length=255)]
    path: Annotated[str, Field(max_length=1024)] = ""
