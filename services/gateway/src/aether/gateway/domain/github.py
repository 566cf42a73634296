"""GitHub: the way there and back, what it grants, and who may come in by it."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from aether.contracts.ids import AccountId, PersonId
from aether.gateway.domain.admission import DEFAULT_PORTS, is_https
from aether.gateway.domain.credentials import Person
from aether.gateway.errors import GitHubEmailUnverified

WAY_LIFETIME = timedelta(minutes=10)
# How long a machine may use a token that GitHub itself sets no end to: after it, we have GitHub replace it.
HANDED_LIFETIME = timedelta(hours=1)
# What is left of a token must suffice for what git asks it for, such as a long push. Where less is left, a lending
# has GitHub replace it first, which ends what another project was lent a few minutes early.
MARGIN = timedelta(minutes=5)
CALLBACK = "/api/auth/github/callback"
USERNAME = "x-access-token"  # GitHub takes any; this one says what the password is
SIGN_IN_SCOPES = ("read:user", "user:email")


@dataclass(frozen=True)
class Tokens:
    """What GitHub grants. `refresh` and `expires_at` are None where a token has no end."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: datetime | None

    def packed(self) -> bytes:
        """What is sealed."""
        return json.dumps([self.access, self.refresh]).encode()


@dataclass(frozen=True)
class Account:
    """Who somebody is at GitHub."""

    id: int
    login: str
    name: str


@dataclass(frozen=True)
class Link:
    """A person's account at GitHub. `version` grows with each change of its tokens."""

    id: UUID
    account_id: AccountId
    person_id: PersonId
    github_id: int
    login: str
    scopes: tuple[str, ...]
    version: int
    linked_at: datetime
    sealed: bytes | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    handed_until: datetime | None = None
    lost_at: datetime | None = None

    @classmethod
    def begun(cls, link_id: UUID, person: Person, account: Account, now: datetime) -> "Link":
        """One without tokens yet."""
        return cls(
            id=link_id,
            account_id=person.account_id,
            person_id=person.id,
            github_id=account.id,
            login=account.login,
            scopes=(),
            version=0,
            linked_at=now,
        )

    @property
    def context(self) -> tuple[str, ...]:
        """Where its sealed tokens belong: in no other account, row or version do they open."""
        return (str(self.account_id), "github", str(self.id), str(self.version))

    def tokens(self, opened: bytes) -> Tokens:
        access, refresh = json.loads(opened)
        return Tokens(access, refresh, self.scopes, self.expires_at)

    @property
    def ends_at(self) -> datetime | None:
        """When its token is over: by itself, or because we have GitHub replace what a machine was lent."""
        return self.expires_at or self.handed_until

    def lasts(self, until: datetime) -> bool:
        return self.ends_at is None or self.ends_at > until


@dataclass(frozen=True)
class SpentToken:
    """A token that GitHub has yet to be told to forget; with `whole_grant` all that the person granted."""

    id: UUID
    github_id: int | None
    sealed: bytes = field(repr=False)
    whole_grant: bool
    tries: int = 0


def spent_context(spent_id: UUID) -> tuple[str, ...]:
    """Where a spent token belongs: in no other row does it open."""
    return ("github-spent", str(spent_id))


@dataclass(frozen=True)
class EmailAddress:
    """An e-mail address as GitHub knows it."""

    email: str
    primary: bool
    verified: bool


@dataclass(frozen=True)
class Repository:
    """A repository that a token reaches. Its texts are data from GitHub."""

    full_name: str
    name: str
    owner: str
    private: bool
    default_branch: str
    description: str
    clone_url: str
    pushed_at: datetime | None

    def matches(self, words: str) -> bool:
        text = f"{self.full_name} {self.description}".casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True)
class Way:
    """One way to GitHub and back. `person_id` is who links; None for signing in. `next` is where to go on."""

    person_id: PersonId | None
    next: str


def way_cookie_name(public_url: str) -> str:
    """The cookie that ties the way back to the browser that set out."""
    return "__Host-aether-github" if is_https(public_url) else "aether_github"


def verifier(cookie: str, state: str) -> str:
    """PKCE's verifier. It is kept nowhere: only the browser that holds the cookie can come back with it."""
    return _base64(hmac.digest(cookie.encode(), state.encode(), "sha256"))


def challenge(secret: str) -> str:
    """PKCE's S256 of a verifier."""
    return _base64(hashlib.sha256(secret.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def authorize_url(web_url: str, client_id: str, *, back: str, scopes: str, state: str, secret: str) -> str:
    """Where a browser is sent. `secret` is the verifier, of which only the challenge goes along."""
    query = {
        "client_id": client_id,
        "redirect_uri": back,
        "scope": scopes,
        "state": state,
        "code_challenge": challenge(secret),
        "code_challenge_method": "S256",
    }
    return f"{web_url}/login/oauth/authorize?{urlencode(query)}"


def wanted_scopes(*, linking: bool, private: bool) -> str:
    """No more than what is needed: an address to sign in; to link, public repositories or all."""
    more = ("repo",) if private else ("public_repo",) if linking else ()
    return " ".join((*SIGN_IN_SCOPES, *more))


def grants_private(scopes: tuple[str, ...]) -> bool:
    return "repo" in scopes


def is_narrower(new: tuple[str, ...], kept: tuple[str, ...]) -> bool:
    """Whether a grant for signing in would take the place of one that reaches repositories."""
    reach = {"public_repo": 1, "repo": 2}
    return max((reach.get(s, 0) for s in new), default=0) < max((reach.get(s, 0) for s in kept), default=0)


def proven_address(addresses: list[EmailAddress]) -> str:
    """The primary address, if GitHub has verified it. Raises GitHubEmailUnverified."""
    for address in addresses:
        if address.primary and address.verified:
            return address.email
    raise GitHubEmailUnverified


def serves(web_url: str, protocol: str, host: str) -> bool:
    """Whether git asks for this very GitHub: which host gets a token is not the machine's choice."""
    ours = urlsplit(web_url)
    port = ours.port or DEFAULT_PORTS[ours.scheme]
    name = f"[{ours.hostname}]" if ":" in (ours.hostname or "") else ours.hostname
    spelled = {f"{name}:{port}"} | ({f"{name}"} if port == DEFAULT_PORTS[ours.scheme] else set())
    return protocol == ours.scheme and host.lower() in spelled


def set_out_here(site: str | None, referer: str | None, origins: frozenset[str]) -> bool:
    """Whether a person pressed the button on a page of ours, or typed the address.

    Another site's page must not begin a link. Browsers say where a request is from in Sec-Fetch-Site; over plain
    http, where they do not, our pages' Referer says it.
    """
    if site is not None:
        return site in ("same-origin", "none")
    parts = urlsplit(referer or "")
    return f"{parts.scheme}://{parts.netloc}" in origins
