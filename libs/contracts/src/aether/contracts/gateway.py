"""What the gateway says: accounts and the credentials that people hold."""

from typing import Literal

from aether.contracts.event import Event
from aether.contracts.ids import AccountId, CredentialId, PersonId
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
    consumers = frozenset({Service.MACHINES, Service.TERMINAL, Service.FILES})

    account_id: AccountId
    person_id: PersonId
