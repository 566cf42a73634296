"""A WebSocket to an app in a machine: who may open it, and the handshake as the app gets it."""

import asyncio
import contextlib
from dataclasses import dataclass
from http import HTTPStatus

import h11

from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId
from aether.contracts.problem import RefusedElsewhere
from aether.gateway.api.entering import OWN
from aether.gateway.api.visits import Visited, check_runs, fetched, label_of, open_door, turned_away, visit
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Broken, Exchange, Head, Headers
from aether.gateway.domain.passage import Passage
from aether.gateway.domain.previews import SOCKET, Label
from aether.gateway.errors import NoAnswer, PreviewMissing
from aether.kit.grants import SUBPROTOCOL_PREFIX

REFUSAL_MOST = 64 * 1024  # of what an app says instead of opening a socket, so much is passed on


@dataclass(frozen=True)
class Agreed:
    """What the app answered, ready for the browser; spliced from here on if it was a switch."""

    exchange: Exchange
    answer: bytes
    is_switch: bool


class Visit:
    """One socket in a preview. In the register of open previews, so that it ends when its visitor may not stay."""

    def __init__(self, gateway: Gateway, label: Label, visited: Visited, transport: asyncio.Transport) -> None:
        self._gateway = gateway
        self._transport = transport
        self.label = label
        self.visited = visited

    @classmethod
    async def of(cls, gateway: Gateway, headers: Headers, transport: asyncio.Transport) -> "Visit":
        """Raises SignInNeeded, CrossSite, PreviewMissing, or what keeps the app from being reached."""
        label = label_of(gateway, headers)
        visited = await visit(gateway, headers, label, fetched(SOCKET, headers))
        check_runs(visited)
        return cls(gateway, label, visited, transport)

    @property
    def project_id(self) -> ProjectId:
        return self.visited.project.id

    @property
    def account_id(self) -> AccountId | None:
        return self.visited.visitor.account_id if self.visited.visitor else None

    @property
    def person_id(self) -> PersonId | None:
        return self.visited.visitor.person_id if self.visited.visitor else None

    @property
    def credential_id(self) -> CredentialId | None:
        return self.visited.visitor.credential_id if self.visited.visitor else None

    def revoke(self) -> None:
        self._transport.abort()

    def stop(self) -> None:
        self.revoke()

    async def ask(self, request: h11.Request, client: str) -> Agreed:
        """Ask the app for a socket for the visitor at `client`. Raises NoAnswer or what the tunnel refuses."""
        if request.target.startswith(OWN.encode()):
            raise PreviewMissing
        passage = Passage(self._gateway.previews.domain.origin(self.label), self.label.port)
        try:
            exchange = await open_door(self._gateway, self.visited, fresh=True)
        except RefusedElsewhere as refusal:
            raise turned_away(self._gateway, refusal.problem(), self.visited) from refusal
        try:
            await exchange.ask(b"GET", request.target, _handshake(passage, list(request.headers), client))
            head = await exchange.answer()
            return Agreed(exchange, await _told(passage, exchange, head), head.status == 101)
        except Broken as error:
            exchange.abort()
            raise NoAnswer("It closed the connection, or does not speak HTTP.") from error
        except BaseException:
            exchange.abort()
            raise


def _handshake(passage: Passage, headers: Headers, client: str) -> Headers:
    told = [
        (n, v)
        for n, v in passage.inward(headers, client)
        if n not in (b"sec-websocket-protocol", b"content-length")
    ]
    protocols = offered(headers)
    more = [(b"sec-websocket-protocol", protocols)] if protocols else []
    return [*told, *more, (b"connection", b"Upgrade"), (b"upgrade", b"websocket")]


def offered(headers: Headers) -> bytes:
    """The subprotocols that were offered, but for grants, which are credentials."""
    parts = [
        part.strip()
        for name, value in headers
        if name == b"sec-websocket-protocol"
        for part in value.decode("latin-1").split(",")
    ]
    return ", ".join(part for part in parts if not part.startswith(SUBPROTOCOL_PREFIX)).encode("latin-1")


async def _told(passage: Passage, exchange: Exchange, head: Head) -> bytes:
    """The head of the app's answer as the browser gets it, and a refusal's body."""
    told = passage.outward(head.headers)
    body = b""
    if head.status == 101:
        told += [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
    else:
        body = await _body(exchange)
        told = [(name, value) for name, value in told if name != b"content-length"]
        told += [(b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in told)
    return f"HTTP/1.1 {head.status} {_phrase(head.status)}\r\n".encode() + lines + b"\r\n" + body


async def _body(exchange: Exchange) -> bytes:
    body = b""
    async with contextlib.aclosing(exchange.pieces()) as pieces:
        async for piece in pieces:
            body += piece[: REFUSAL_MOST - len(body)]
            if len(body) >= REFUSAL_MOST:
                break
    return body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
