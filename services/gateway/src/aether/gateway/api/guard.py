"""The guard before every route: reads what a request shows, and lets the policy decide."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.requests import cookie_parser

from aether.gateway.deps.gateway import Gateway
from aether.gateway.domain.admission import SAFE_METHODS, Knock, Policy, admit
from aether.gateway.domain.credentials import Caller
from aether.gateway.errors import SignInNeeded
from aether.kit.grants import from_headers

Headers = list[tuple[bytes, bytes]]


async def gateway_of(request: Request) -> Gateway:
    """Async, because FastAPI runs a plain function in a thread, which costs more than all else here."""
    return _gateway(request)


def _gateway(request: Request) -> Gateway:
    found: Gateway = request.app.state.gateway
    return found


class Guard:
    """A dependency that admits or refuses. A route without one fails the tests."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def __call__(self, request: Request) -> Caller | None:
        """Raises the policy's refusal; None where a policy asks for nobody."""
        gateway = _gateway(request)
        unsafe = request.method not in SAFE_METHODS
        shown = admit(self.policy, knock(request.scope, gateway, unsafe=unsafe), gateway.origins)
        if shown is None or shown.kind == "grant":
            return None
        caller = await gateway.keyring.caller(shown)
        request.state.caller = caller
        return caller


class Known(Guard):
    """A guard that always answers a caller, for policies that ask for one."""

    async def __call__(self, request: Request) -> Caller:
        caller = await super().__call__(request)
        if caller is None:
            raise SignInNeeded
        return caller


anyone = Guard(Policy.PUBLIC)
operator = Guard(Policy.OPERATOR)
session = Known(Policy.SESSION)
session_or_token = Known(Policy.SESSION_OR_TOKEN)
stream = Guard(Policy.STREAM)

TheGateway = Annotated[Gateway, Depends(gateway_of)]
SignedIn = Annotated[Caller, Depends(session)]
Member = Annotated[Caller, Depends(session_or_token)]


def knock(scope: Mapping[str, Any], gateway: Gateway, *, unsafe: bool) -> Knock:
    """What an HTTP or WebSocket request shows. Of a header that came twice, none is believed."""
    headers: Headers = scope["headers"]
    return Knock(
        unsafe=unsafe,
        origin=only(headers, b"origin"),
        cookie=cookie_in(headers, gateway.cookie),
        authorization=only(headers, b"authorization"),
        grant=from_headers(headers),
        operator=is_operator(scope, gateway),
    )


def only(headers: Headers, name: bytes) -> str | None:
    """A header's value; empty if it came more than once, None if it did not come."""
    values = [value.decode("latin-1") for found, value in headers if found == name]
    return values[0] if len(values) == 1 else "" if values else None


def cookie_in(headers: Headers, name: str) -> str | None:
    """The value of a cookie."""
    for found, value in headers:
        if found == b"cookie" and (secret := cookie_parser(value.decode("latin-1")).get(name)):
            return secret
    return None


def is_operator(scope: Mapping[str, Any], gateway: Gateway) -> bool:
    """Someone on this computer, not through a proxy; or whoever has the metrics token."""
    token = gateway.settings.metrics_token
    if token is not None and only(scope["headers"], b"authorization") == f"Bearer {token.get_secret_value()}":
        return True
    names = {name for name, _ in scope["headers"]}
    return _is_loopback(_peer(scope)) and not names & {b"x-forwarded-for", b"forwarded"}


def client_ip(scope: Mapping[str, Any], gateway: Gateway) -> str:
    """Who asks: the peer, or what a trusted proxy says of it (the last address that is no trusted proxy's)."""
    trusted = gateway.settings.trusted_proxies
    address = _peer(scope)
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    for hop in reversed([part.strip() for part in forwarded.decode("latin-1").split(",") if part.strip()]):
        if not _is_in(address, trusted):
            break
        address = hop
    return address[:64]


def _peer(scope: Mapping[str, Any]) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _is_in(address: str, networks: tuple[str, ...]) -> bool:
    try:
        return any(ip_address(address) in ip_network(network) for network in networks)
    except ValueError:
        return False
