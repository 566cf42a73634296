"""Who may do what at the door: one policy for each route, and one function that decides."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from aether.gateway.errors import OperatorNeeded, OriginRefused, SessionNeeded, SignInNeeded

SAFE_METHODS = frozenset({"GET", "HEAD"})
LOCAL_NAMES = ("localhost", "127.0.0.1")
DEFAULT_PORTS = {"http": 80, "https": 443}


class Policy(StrEnum):
    """What a route asks of whoever knocks. Every route declares one."""

    PUBLIC = "public"
    SESSION = "session"
    SESSION_OR_TOKEN = "session-or-token"  # noqa: S105 - a policy's name, not a secret
    STREAM = "session, token or grant"
    PAGE = "session, or else the page to sign in on"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Knock:
    """What a request shows at the door. `unsafe` is a method that changes something, or a WebSocket."""

    unsafe: bool
    origin: str | None = None
    cookie: str | None = None
    authorization: str | None = None
    grant: str | None = None
    operator: bool = False


@dataclass(frozen=True)
class Shown:
    """The one credential that counts, still to be looked up."""

    kind: Literal["session", "token", "grant", "preview"]
    secret: str


def admit(policy: Policy, knock: Knock, origins: frozenset[str]) -> Shown | None:
    """The credential to look up, or None where none is asked for.

    Raises OriginRefused, SignInNeeded, SessionNeeded or OperatorNeeded. Whoever sends an Authorization
    header is judged by it alone: a cookie that came along counts for nothing.
    """
    _check_origin(knock, origins)
    if policy is Policy.OPERATOR:
        if not knock.operator:
            raise OperatorNeeded
        return None
    if policy is Policy.PUBLIC:
        return None
    if policy is Policy.STREAM and knock.grant is not None:
        return Shown("grant", knock.grant)
    if knock.authorization is not None:
        return _bearer(policy, knock.authorization)
    if knock.cookie is not None:
        return Shown("session", knock.cookie)
    raise SignInNeeded


def _bearer(policy: Policy, authorization: str) -> Shown:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise SignInNeeded
    if policy in (Policy.SESSION, Policy.PAGE):
        raise SessionNeeded
    return Shown("token", secret.strip())


def _check_origin(knock: Knock, origins: frozenset[str]) -> None:
    if not knock.unsafe or (knock.origin is not None and knock.origin in origins):
        return
    if knock.origin is not None:
        raise OriginRefused("The Origin header names a page that is not allowed.")
    # A page cannot leave its Origin out, nor put a bearer token in by itself; programs do both.
    if knock.authorization is None and knock.grant is None:
        raise OriginRefused("The Origin header is missing.")


def allowed_origins(public_url: str, more: tuple[str, ...] = ()) -> frozenset[str]:
    """The origins whose pages may act: the public URL's, both local names if it is local, and `more`."""
    parts = urlsplit(public_url)
    names = LOCAL_NAMES if parts.hostname in LOCAL_NAMES else (parts.hostname or "",)
    port = "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return frozenset({f"{parts.scheme}://{name}{port}" for name in names} | set(more))


def is_https(public_url: str) -> bool:
    return urlsplit(public_url).scheme == "https"


def preview_cookie_name(public_url: str) -> str:
    """The name of a preview's own cookie, which each preview has for itself."""
    return "__Host-aether-preview" if is_https(public_url) else "aether_preview"


# Whatever this aether is served as: no machine is sent a cookie of these names, and none may set one.
OUR_COOKIES = frozenset(
    {
        *("__host-aether", "aether_session"),
        *("__host-aether-preview", "aether_preview"),
        *("__host-aether-github", "aether_github"),
    }
)


def cookie_name(public_url: str) -> str:
    """The session cookie's name. `__Host-` needs Secure, which not every browser takes on http://localhost."""
    return "__Host-aether" if is_https(public_url) else "aether_session"
