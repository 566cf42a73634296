"""An agent token: a public key that may enter one project's machine, from now until its time has come."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from aether.contracts.agents import AgentTokenView, CreateAgentToken, TokenRevoked
from aether.contracts.ids import AccountId, AgentTokenId, PersonId, ProjectId
from aether.contracts.problem import Invalid

# Terminals, forwards of ports, scp and rsync go through. An agent that were forwarded would lend the person's
# other keys to whatever runs in the machine.
LINE_OPTIONS = "no-agent-forwarding,no-X11-forwarding,no-user-rc"


@dataclass(frozen=True)
class PublicKey:
    """`line` is kind and base64, without a comment; `fingerprint` as ssh-keygen -l prints it."""

    line: str
    fingerprint: str


@dataclass(frozen=True)
class Token:
    """`closed_at`: since when it opens nothing, revoked or expired."""

    id: AgentTokenId
    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    name: str
    key: PublicKey
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    closed_at: datetime | None = None

    def opens(self, now: datetime) -> bool:
        return self.closed_at is None and (self.expires_at is None or now < self.expires_at)

    def revoked(self) -> TokenRevoked:
        return TokenRevoked(account_id=self.account_id, project_id=self.project_id, token_id=self.id)

    def authorized_line(self) -> str:
        """Its line in authorized_keys. The comment names the token, and holds nothing that somebody wrote."""
        return f"{LINE_OPTIONS} {self.key.line} aether-token-{self.id}"

    def view(self) -> AgentTokenView:
        return AgentTokenView(
            id=self.id,
            account_id=self.account_id,
            project_id=self.project_id,
            name=self.name,
            public_key=self.key.line,
            fingerprint=self.key.fingerprint,
            created_at=self.created_at,
            expires_at=self.expires_at,
            last_used_at=self.last_used_at,
        )


def new_token(command: CreateAgentToken, token_id: AgentTokenId, key: PublicKey, now: datetime) -> Token:
    """Raises Invalid, with the field."""
    if command.expires_at is not None and command.expires_at <= now:
        raise Invalid.field("expires_at", "That moment has passed already.")
    return Token(
        id=token_id,
        account_id=command.account_id,
        project_id=command.project_id,
        person_id=command.person_id,
        name=_checked_name(command.name),
        key=key,
        created_at=now,
        expires_at=command.expires_at,
    )


def _checked_name(name: str) -> str:
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in kept):
        raise Invalid.field("name", "A token needs a name, without control or invisible characters.")
    return kept
