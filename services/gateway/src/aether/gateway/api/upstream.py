"""Plain HTTP to the services that hold bytes, streamed through and never gathered."""

import contextlib
from collections.abc import AsyncIterator

import httpx2
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from aether.contracts.problem import NotFound, Unavailable
from aether.gateway.deps.gateway import Gateway
from aether.kit import trace

ASCIICAST = "application/x-asciicast"
ASKED = ("accept", "accept-encoding", "range", "if-none-match", "if-range")
TOLD = (
    "content-type", "content-length", "content-encoding", "content-disposition", "content-range",
    "accept-ranges", "etag", "last-modified", "cache-control",
)  # fmt: skip


async def fetch(gateway: Gateway, request: Request, service: str, path: str, grant: str) -> Response:
    """GET from a service with a grant; only headers on the two lists pass. Raises Unavailable or NotFound."""
    address = gateway.streams.get(service)
    if address is None:
        raise NotFound
    headers = {name: request.headers[name] for name in ASKED if name in request.headers}
    headers |= {"accept-encoding": headers.get("accept-encoding", "identity"), **trace.headers()}
    headers["authorization"] = f"Grant {grant}"
    sent = gateway.upstream.build_request(
        "GET", f"http://{address}{path}", params=str(request.query_params), headers=headers
    )
    try:
        answer = await gateway.upstream.send(sent, stream=True)
    except httpx2.TransportError as error:
        raise Unavailable(f"The {service} service does not answer. Try again in a moment.") from error
    told = {name: answer.headers[name] for name in TOLD if name in answer.headers}
    return StreamingResponse(_body(answer), status_code=answer.status_code, headers=told)


async def _body(answer: httpx2.Response) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(answer):
        async for piece in answer.aiter_raw():
            yield piece
