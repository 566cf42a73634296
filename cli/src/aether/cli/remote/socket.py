"""WebSockets of an aether: opened with the token, and refusals of the handshake told as sentences."""

import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from aether.cli.remote.api import Api
from aether.cli.remote.refusals import Refused, refused_with

SUBPROTOCOL = Subprotocol("aether.v1")
# Worth another try: a part of aether restarts.
PASSING = {429, 500, 502, 503, 504}


class NotNow(Exception):
    """The handshake failed in a way that passes."""


async def open_socket(api: Api, path: str) -> ClientConnection:
    """Raises Refused, or NotNow, OSError and TimeoutError for what may pass."""
    url = "ws" + api.url.removeprefix("http") + path
    try:
        return await connect(
            url,
            additional_headers={"Authorization": f"Bearer {api.token}"},
            subprotocols=[SUBPROTOCOL],
            compression=None,
            max_size=None,
            max_queue=64,
            ping_interval=20,
            ping_timeout=20,
            open_timeout=10,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        if status in PASSING:
            raise NotNow(str(status)) from error
        raise refused_with(_problem(error.response.body), status) from error


def problem_of(message: dict[str, Any]) -> Refused:
    """What a `problem` message says."""
    problem = message.get("problem") or {}
    return refused_with(problem, int(problem.get("status", 500)))


def _problem(body: bytes | bytearray | None) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found
