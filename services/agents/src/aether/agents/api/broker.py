"""The broker: a machine's requests to vendors, made with keys that the machine never has."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from typing import Any

import httpx2
import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from aether.agents.adapters.vendors import Vendors
from aether.agents.api.asking import Asking, TooLarge
from aether.agents.api.refusals import told
from aether.agents.deps.ports import RunKey, VendorKey
from aether.agents.domain import limits, vendors
from aether.agents.domain.report import Report
from aether.agents.domain.usage import UsageReader
from aether.agents.errors import KeyDoesNotOpen, NoSuchKey, NotHere
from aether.contracts.problem import Invalid, Problem

BODY_LIMIT = 256 * 1024 * 1024
# Of an answer that is a refusal so much is read before it goes on.
REFUSAL_READ = 64 * 1024
# So many notes of one machine's answers may be still to be written when it asks for the next one.
BEHIND = 64

Later = Callable[[Coroutine[Any, Any, None]], None]

log = structlog.get_logger()


class Broker:
    """Answers ANY /v1/llm/{vendor}/{path}."""

    def __init__(self, known: Vendors) -> None:
        self._vendors = known
        self._notes: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # what an answer says is noted before what a later one says

    async def __call__(self, request: Request, asking: Asking) -> Response:
        vendor = self._vendors.get(request.path_params["vendor"])
        run = await asking.run_of(vendors.shown_secret(request.headers, request.url.query))
        if "upgrade" in request.headers:
            return told(Problem(type="no-upgrade", title="Only plain HTTP goes to a vendor", status=426))
        key = await self._key(asking, run, vendor)
        url = _address(request, vendor)
        await self._caught_up()
        headers = [*vendors.onward(request.headers.raw), vendor.shows(key.value)]
        answer = await self._vendors.ask(request.method, url, headers, _body(request))
        return await Exchange(asking, run, key, answer, self._turn).response(self._later)

    async def _caught_up(self) -> None:
        """Before anything is paid for, a machine that asks faster than can be written down waits."""
        while len(self._notes) >= BEHIND:
            await asyncio.wait(self._notes, return_when=asyncio.FIRST_COMPLETED)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Done even if whoever asked is gone by then."""
        task = asyncio.create_task(work)
        self._notes.add(task)
        task.add_done_callback(self._noted)

    def _noted(self, task: "asyncio.Task[None]") -> None:
        self._notes.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("broker.not_noted", error=type(error).__name__)

    @staticmethod
    async def _key(asking: Asking, run: RunKey | None, vendor: vendors.Vendor) -> VendorKey:
        machine = asking.machine
        try:
            return await asking.agents.keys.for_vendor(machine.account_id, machine.project_id, vendor.name)
        except (NoSuchKey, NotHere, KeyDoesNotOpen) as refusal:
            if run is not None:
                detail = f"There is no key for {vendor.name} that this project may use."
                if isinstance(refusal, KeyDoesNotOpen):
                    detail = f"{refusal.title}."
                await asking.agents.runs.report(run.run_id, refused(asking.agents.now(), detail))
            raise


class BrokeOff(Exception):
    """The vendor's answer has ended before its end."""


class Passed(StreamingResponse):
    """An answer that breaks off where the vendor's does: the status has gone out already."""

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except BrokeOff as error:
            log.info("broker.broke_off", error=str(error))


class Exchange:
    """One answer on its way back, and what is learnt from it.

    An answer has been paid for: it passes, whether or not what it says of the key and the run can be written down.
    """

    def __init__(
        self, asking: Asking, run: RunKey | None, key: VendorKey, answer: httpx2.Response, turn: asyncio.Lock
    ) -> None:
        self._asking = asking
        self._run = run
        self._key = key
        self._answer = answer
        self._turn = turn

    async def response(self, later: Later) -> Response:
        """`later` is given what is to be done beside it, and once it has passed or was given up."""
        status, begin = self._answer.status_code, b""
        try:
            pieces = self._answer.aiter_raw()
            if status >= 400:
                begin = await _begin(pieces)
        except BaseException:
            await self._answer.aclose()
            raise
        later(self._note(status, begin, self._asking.agents.now()))
        response = Passed(self._passed(begin, pieces, later), status)
        response.raw_headers = vendors.back(self._answer.headers.raw)
        return response

    async def _passed(self, begin: bytes, pieces: AsyncIterator[bytes], later: Later) -> AsyncIterator[bytes]:
        """The bytes as they come. Raises BrokeOff."""
        usage = UsageReader(self._answer.headers.get("content-type", ""))
        try:
            if begin:
                yield begin
            async for piece in pieces:
                usage.feed(piece)
                yield piece
        except httpx2.HTTPError as error:
            raise BrokeOff(type(error).__name__) from error
        finally:
            later(self._end(usage))

    async def _end(self, usage: UsageReader) -> None:
        await self._answer.aclose()
        tokens = usage.end()
        if self._answer.status_code < 400 and any(tokens):
            async with self._turn:
                await self._report(Report("broker", self._asking.agents.now(), tokens=tokens))

    async def _note(self, status: int, begin: bytes, came_at: datetime) -> None:
        async with self._turn:
            await self._note_status(status, begin, came_at)

    async def _note_status(self, status: int, begin: bytes, now: datetime) -> None:
        """What it says of the key and of the vendor's limit."""
        agents = self._asking.agents
        if limits.refuses_key(status, begin):
            await agents.keys.noted(self._key, refused=True)
            await self._report(refused(now, "The key was refused."))
        elif status < 400:
            await agents.keys.noted(self._key, refused=False)
            await self._report(Report("broker", now))
        elif (limit := limits.limit(status, self._answer.headers, begin, now)) is not None:
            await self._report(
                Report("broker", now, reason="limited", limited_until=limit.until, detail=limit.sentence(now))
            )

    async def _report(self, report: Report) -> None:
        if self._run is not None:
            await self._asking.agents.runs.report(self._run.run_id, report)


def refused(now: datetime, detail: str) -> Report:
    return Report("broker", now, "failed", reason="key_refused", detail=detail)


async def _begin(pieces: AsyncIterator[bytes]) -> bytes:
    begin = b""
    async for piece in pieces:
        begin += piece
        if len(begin) >= REFUSAL_READ:
            break
    return begin


def _body(request: Request) -> AsyncIterator[bytes] | None:
    """The request's body as it comes; None where there is none."""
    has_one = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    return _bounded(request) if has_one else None


async def _bounded(request: Request) -> AsyncIterator[bytes]:
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if taken > BODY_LIMIT:
            raise TooLarge
        if piece:
            yield piece


def _address(request: Request, vendor: vendors.Vendor) -> str:
    """Where the request goes on to, quoted as it came. Raises Invalid."""
    *way, path = bytes(request.scope["raw_path"]).decode("ascii").split("/", 4)
    # The route was found by the path without its quotes; a slash that is quoted divides nothing here.
    url = vendors.address(vendor, path, request.url.query) if way == ["", "v1", "llm", vendor.name] else None
    if url is None:
        raise Invalid("This path does not stay with the vendor.")
    return url
