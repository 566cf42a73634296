"""What the API shows of entries, and answers that are streams."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from aether.files.deps.ports import Entry, shown
from aether.files.domain.paths import base64_of

# A machine may say any number; what datetime cannot hold is shown as the nearest that it can.
LAST_NS = 253_402_300_799 * 1_000_000_000


class Pieces(Protocol):
    """Bytes on their way, which must be closed."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


class Streamed(StreamingResponse):
    """A body as it comes, no faster than the client takes it. Where it breaks off, so does the connection."""

    def __init__(
        self, pieces: Pieces, status_code: int, headers: Mapping[str, str], media_type: str | None = None
    ) -> None:
        super().__init__(pieces, status_code, headers, media_type)
        self._pieces = pieces

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await self.stream_response(send)
        finally:
            await self._pieces.aclose()


def entry_view(entry: Entry) -> dict[str, Any]:
    """An entry as the API tells it. Names that are no UTF-8 come a second time as they are."""
    told: dict[str, Any] = {
        "name": text(entry.name),
        "path": text(entry.path),
        "type": entry.kind,
        "size": entry.size,
        "mtime": moment(entry.mtime_ns).isoformat(timespec="milliseconds"),
        "mode": f"{entry.mode & 0o7777:04o}",
    }
    if entry.link is not None:
        told["link"] = {"target": text(entry.link.target), "type": entry.link.kind}
    if entry.etag is not None:
        told["etag"] = entry.etag
    if not entry.path.isascii():
        _add_raw(told, entry)
    return told


def text(value: str) -> str:
    return value if value.isascii() else shown(value)


def moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(min(max(nanoseconds, 0), LAST_NS) / 1e9, UTC)


def _add_raw(told: dict[str, Any], entry: Entry) -> None:
    for field, value in (("name_b64", entry.name), ("path_b64", entry.path)):
        encoded = base64_of(value)
        if encoded is not None:
            told[field] = encoded
