"""People and what they hold: addresses, passwords, and the secrets of sessions, tokens and resets."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from email_validator import EmailNotValidError, validate_email

from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId
from aether.contracts.problem import Invalid

SESSION_LIFETIME = timedelta(days=30)
RESET_LIFETIME = timedelta(hours=1)
SEEN_EVERY = timedelta(minutes=5)  # how coarse last_seen_at and last_used_at are
TOKEN_PREFIX = "aet_"  # noqa: S105 - what every token starts with
PASSWORD_MIN, PASSWORD_MAX = 10, 1024


@dataclass(frozen=True)
class Person:
    """Whoever signed up, and the account that is theirs."""

    id: PersonId
    account_id: AccountId
    email: str
    display_name: str
    created_at: datetime


@dataclass(frozen=True)
class Caller:
    """Who makes this request, and with which credential. `expires_at` None means that it does not expire."""

    person_id: PersonId
    account_id: AccountId
    name: str
    credential_id: CredentialId
    kind: Literal["session", "token", "preview"]
    expires_at: datetime | None = None
    seen_at: datetime | None = None

    def is_stale(self, now: datetime) -> bool:
        """Whether its use should be noted again."""
        return self.seen_at is None or now - self.seen_at >= SEEN_EVERY


@dataclass(frozen=True)
class Visit(Caller):
    """Who is in one preview, on the strength of the sign-in session that `credential_id` names."""

    project_id: ProjectId = field(kw_only=True)
    port: int = field(kw_only=True)

    def is_stale(self, now: datetime) -> bool:
        """It is good for its hour, whether it is used or not."""
        return False


@dataclass(frozen=True)
class Secret:
    """A secret as it is given out, once; only `hash` is kept."""

    text: str

    @property
    def hash(self) -> bytes:
        return hash_secret(self.text)


def new_secret() -> Secret:
    """256 random bits."""
    return Secret(secrets.token_urlsafe(32))


def new_token() -> Secret:
    return Secret(TOKEN_PREFIX + secrets.token_urlsafe(32))


def hash_secret(text: str) -> bytes:
    """SHA-256. A plain hash is enough: the secret is random, so there is nothing to guess."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def clean_email(text: str) -> str:
    """The address as it is shown. Raises Invalid with a sentence for the field `email`."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Invalid.field("email", f"This is not an e-mail address: {error}") from error
    return found.normalized


def email_key(email: str) -> str:
    """Addresses with the same key are the same account's."""
    return email.strip().casefold()


def check_password(password: str, email: str, field: str = "password") -> None:
    """Raises Invalid with a sentence for the field that holds the new password."""
    if len(password) < PASSWORD_MIN:
        raise Invalid.field(field, f"Use at least {PASSWORD_MIN} characters.")
    if len(password) > PASSWORD_MAX:
        raise Invalid.field(field, f"Use at most {PASSWORD_MAX} characters.")
    if email_key(password) in (email_key(email), email_key(email).partition("@")[0]):
        raise Invalid.field(field, "The password must not be the e-mail address.")
    if len(set(password)) == 1:
        raise Invalid.field(field, "The password must not be one character repeated.")
