"""Plain HTTP to the services that hold bytes, streamed through both ways and never gathered."""

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aether.contracts.problem import Unavailable
from aether.gateway.api.passing import Asked, Passing
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Broken, Exchange, Head, Headers
from aether.gateway.domain.credentials import Caller
from aether.kit import trace

ASCIICAST = "application/x-asciicast"
ASKED = {
    b"accept", b"accept-encoding", b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since",
    b"if-unmodified-since", b"content-type", b"content-length", b"transfer-encoding", b"upload-offset",
}  # fmt: skip
TOLD = {
    b"content-type", b"content-length", b"content-encoding", b"content-disposition", b"content-range",
    b"content-security-policy", b"accept-ranges", b"etag", b"last-modified", b"cache-control", b"location",
    b"retry-after", b"upload-offset", b"upload-length", b"vary",
}  # fmt: skip
# What people keep in their projects is shown, and never run, on the origin that holds their sign-in.
SANDBOX = (b"content-security-policy", b"default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox")


class PassedOn(Response):
    """A service's answer to a request, which is sent on with a grant; only headers on the two lists pass.

    `body` is what was read of the request already; None lets it stream. Raises Unavailable until it has begun.
    """

    def __init__(
        self,
        gateway: Gateway,
        request: Request,
        service: str,
        path: str,
        *,
        grant: str,
        body: bytes | None = None,
    ) -> None:
        super().__init__()
        self._gateway = gateway
        self._service = service
        self._caller: Caller | None = getattr(request.state, "caller", None)
        query = request.scope["query_string"]
        self._target = path.encode() + (b"?" + query if query else b"")
        self._method = request.method
        self._grant = grant
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = self._gateway.streams.get(self._service)
        if address is None:
            raise Unavailable(f"The {self._service} service is not part of this aether.")

        async def open_(fresh: bool) -> Exchange:
            return await self._gateway.lines.to_service(address, fresh=fresh)

        headers = self._asked(scope, str(address))
        passing = Passing(
            self._gateway.lines, address, open_, Asked(self._method, self._target, headers, self._body)
        )
        if self._caller is not None:
            passing.person_id, passing.credential_id = self._caller.person_id, self._caller.credential_id
        with self._gateway.live.holding(passing):
            try:
                await passing.run(receive, send, told)
            except Broken as error:
                sentence = f"The {self._service} service does not answer. Try again in a moment."
                raise Unavailable(sentence) from error

    def _asked(self, scope: Scope, host: str) -> Headers:
        return [
            (b"host", host.encode()),
            (b"authorization", b"Grant " + self._grant.encode("latin-1")),
            *((name, value) for name, value in scope["headers"] if name in ASKED),
            *((name.encode(), value.encode()) for name, value in trace.headers().items()),
        ]


def told(head: Head) -> Headers:
    """What of a service's answer is passed on."""
    chosen = [(name, value) for name, value in head.headers if name in TOLD]
    if not any(name == SANDBOX[0] for name, _ in chosen):
        chosen.append(SANDBOX)
    return chosen
