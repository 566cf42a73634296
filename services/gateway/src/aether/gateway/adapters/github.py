"""GitHub over HTTPS: its OAuth pages' back side, and the few calls of its API that are needed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2
import structlog
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from aether.gateway.deps.ports import Now, TokenRefused
from aether.gateway.domain.github import Account, EmailAddress, Repository, Tokens
from aether.gateway.errors import GitHubAway, GitHubCodeRefused

T = TypeVar("T")

TIMEOUT_SECONDS = 8.0
PER_PAGE = 100
TEXT_MOST = 500
HEADERS = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
    "User-Agent": "aether",
}
# How GitHub says, with status 200, that it takes a code or a refresh token no more.
SPENT = {"bad_verification_code", "bad_refresh_token", "redirect_uri_mismatch", "unverified_user_email"}

log = structlog.get_logger()


class _Granted(BaseModel):
    """The answer with tokens. Times are in seconds from now."""

    access_token: SecretStr
    scope: str = ""
    refresh_token: SecretStr | None = None
    expires_in: int | None = None


class _Reset(BaseModel):
    token: SecretStr


class _User(BaseModel):
    id: int
    login: str
    name: str | None = None


class _Email(BaseModel):
    email: str
    primary: bool
    verified: bool


class _Owner(BaseModel):
    login: str


class _Repository(BaseModel):
    full_name: str
    name: str
    owner: _Owner
    private: bool
    default_branch: str
    description: str | None
    clone_url: str
    pushed_at: datetime | None


EMAILS = TypeAdapter(list[_Email])
REPOSITORIES = TypeAdapter(list[_Repository])


class GitHubClient:
    """One OAuth or GitHub app. Every method raises GitHubAway if GitHub does not answer as it should."""

    def __init__(self, client_id: str, secret: SecretStr, web_url: str, api_url: str, now: Now) -> None:
        self.client_id = client_id
        self._secret = secret
        self._web, self._api = web_url, api_url
        self._now = now
        # What GitHub would know one person's request by is not said with another's.
        none = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        # A redirect would take a secret along to wherever it leads.
        self._http = httpx2.AsyncClient(
            timeout=TIMEOUT_SECONDS, headers=HEADERS, follow_redirects=False, cookies=none
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def exchange(self, code: str, verifier: str, back: str) -> Tokens:
        """Tokens for a code. Raises GitHubCodeRefused."""
        try:
            return await self._grant({"code": code, "code_verifier": verifier, "redirect_uri": back})
        except TokenRefused as error:
            raise GitHubCodeRefused from error

    async def refresh(self, tokens: Tokens) -> Tokens:
        """The next tokens; those before are over. Raises TokenRefused."""
        return await self._grant({"grant_type": "refresh_token", "refresh_token": tokens.refresh or ""})

    async def _grant(self, form: dict[str, str]) -> Tokens:
        body = {"client_id": self.client_id, "client_secret": self._secret.get_secret_value(), **form}
        answer = await self._send("POST", f"{self._web}/login/oauth/access_token", data=body, headers=_JSON)
        found = _json(answer)
        if isinstance(found, dict) and found.get("error") in SPENT:
            log.info("github.refused", error=found["error"])
            raise TokenRefused
        granted = _read(_Granted.model_validate, found)
        return Tokens(
            access=granted.access_token.get_secret_value(),
            refresh=granted.refresh_token.get_secret_value() if granted.refresh_token else None,
            scopes=tuple(sorted(scope for scope in granted.scope.replace(",", " ").split() if scope)),
            expires_at=self._now() + timedelta(seconds=granted.expires_in) if granted.expires_in else None,
        )

    async def reset(self, token: str) -> str:
        """Another token in this one's place, which is over at once. Raises TokenRefused."""
        answer = await self._as_app("PATCH", "token", token)
        if answer.status_code in (404, 422):
            raise TokenRefused
        found = _read(_Reset.model_validate, _json(answer))
        return found.token.get_secret_value()

    async def revoke(self, token: str) -> None:
        """The whole grant, with all of its tokens. One that is over already is a success."""
        answer = await self._as_app("DELETE", "grant", token)
        if answer.status_code not in (204, 404, 422):
            raise GitHubAway

    async def drop(self, token: str) -> None:
        """This one token, which nothing needs. One that is over already is a success."""
        answer = await self._as_app("DELETE", "token", token)
        if answer.status_code not in (204, 404, 422):
            raise GitHubAway

    async def account(self, token: str) -> Account:
        """Raises TokenRefused."""
        user = _read(_User.model_validate, _json(await self._get("/user", token)))
        return Account(user.id, user.login, user.name or "")

    async def addresses(self, token: str) -> list[EmailAddress]:
        """Raises TokenRefused."""
        answer = await self._get("/user/emails", token, per_page=PER_PAGE)
        return [EmailAddress(e.email, e.primary, e.verified) for e in _read(EMAILS.validate_python, _json(answer))]

    async def repositories(self, token: str, page: int, per_page: int) -> tuple[list[Repository], int | None]:
        """A page of them, the last pushed to first, and the next page's number. Raises TokenRefused."""
        answer = await self._get("/user/repos", token, sort="pushed", per_page=per_page, page=page)
        found = _read(REPOSITORIES.validate_python, _json(answer))
        return [_shown(repository) for repository in found], _next_page(answer)

    async def _get(self, path: str, token: str, **params: str | int) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self._send("GET", f"{self._api}{path}", headers=headers, params=params)
        if answer.status_code == 401:
            raise TokenRefused
        return answer

    async def _as_app(self, method: str, what: str, token: str) -> httpx2.Response:
        """What an app may ask of its own tokens."""
        url = f"{self._api}/applications/{self.client_id}/{what}"
        secret = (self.client_id, self._secret.get_secret_value())
        return await self._send(method, url, auth=secret, json={"access_token": token})

    async def _send(self, method: str, url: str, **how: Any) -> httpx2.Response:
        try:
            answer = await self._http.request(method, url, **how)
        except httpx2.HTTPError as error:
            log.warning("github.away", error=type(error).__name__)
            raise GitHubAway from error
        if answer.status_code == 429 or answer.status_code >= 500 or _is_limited(answer):
            log.warning("github.away", status=answer.status_code)
            raise GitHubAway
        return answer


_JSON = {"Accept": "application/json"}


def _is_limited(answer: httpx2.Response) -> bool:
    spent = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    return answer.status_code == 403 and spent


def _json(answer: httpx2.Response) -> Any:
    if not answer.is_success:
        log.warning("github.refused", status=answer.status_code)
        raise GitHubAway
    try:
        return answer.json()
    except ValueError as error:
        raise GitHubAway from error


def _read(validate: Callable[[Any], T], found: Any) -> T:
    """Raises GitHubAway for an answer of another shape; what stood in it may be secret, so it is not told."""
    try:
        return validate(found)
    except ValidationError as error:
        log.warning("github.unreadable", fields=[e["loc"] for e in error.errors(include_input=False)])
        raise GitHubAway from None


def _shown(found: _Repository) -> Repository:
    return Repository(
        full_name=found.full_name,
        name=found.name,
        owner=found.owner.login,
        private=found.private,
        default_branch=found.default_branch,
        description=(found.description or "")[:TEXT_MOST],
        clone_url=found.clone_url,
        pushed_at=found.pushed_at,
    )


def _next_page(answer: httpx2.Response) -> int | None:
    url = answer.links.get("next", {}).get("url", "")
    number = parse_qs(urlsplit(url).query).get("page", [""])[0]
    return int(number) if number.isdigit() else None
