"""Whether aether lives and is ready, how it is set up, and its figures."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from aether.contracts.ids import AccountId, ProjectId, TerminalId
from aether.contracts.machines import GetProject
from aether.contracts.problem import NotFound, Refusal, Unavailable
from aether.contracts.service import Service
from aether.contracts.terminal import GetTerminal
from aether.gateway.api import shapes
from aether.gateway.api.guard import TheGateway, anyone, operator
from aether.gateway.api.problems import ANYONE
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Broken

router = APIRouter(tags=["health"])

NOBODY = UUID(int=0)
PATIENCE_SECONDS = 1.5


@router.get(
    "/health", response_model=shapes.Health, responses=ANYONE, dependencies=[Depends(anyone)], summary="Alive"
)
async def health() -> Any:
    return {"status": "ok"}


@router.get(
    "/ready",
    response_model=shapes.Readiness,
    responses={**ANYONE, 503: {"model": shapes.Readiness, "description": "A part is away; `parts` names it."}},
    dependencies=[Depends(anyone)],
    summary="Every part answers",
)
async def ready(gateway: TheGateway) -> Response:
    asks = {"postgres": _postgres, "nats": _nats, "machines": _machines, "terminal": _terminal}
    if Service.FILES in gateway.streams:
        asks["files"] = _files
    answers = await asyncio.gather(*(_within(ask, gateway) for ask in asks.values()))
    parts = {name: "ok" if good else "away" for name, good in zip(asks, answers, strict=True)}
    good = all(answers)
    return JSONResponse({"ready": good, "parts": parts}, status_code=200 if good else 503)


async def _within(ask: Callable[[Gateway], Awaitable[bool]], gateway: Gateway) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await ask(gateway)
    except (TimeoutError, Unavailable):
        return False


async def _postgres(gateway: Gateway) -> bool:
    async with gateway.database.reading() as reader:
        return bool(await reader.fetchval("SELECT true"))


async def _nats(gateway: Gateway) -> bool:
    return gateway.bus.connected


async def _machines(gateway: Gateway) -> bool:
    return await _answers(gateway, GetProject(account_id=AccountId(NOBODY), project_id=ProjectId(NOBODY)))


async def _terminal(gateway: Gateway) -> bool:
    return await _answers(gateway, GetTerminal(account_id=AccountId(NOBODY), terminal_id=TerminalId(NOBODY)))


async def _files(gateway: Gateway) -> bool:
    """It answers no requests on the bus, so it is asked over HTTP."""
    address = gateway.streams[Service.FILES]
    exchange = await gateway.lines.to_service(address, fresh=True)
    try:
        await exchange.ask(b"GET", b"/health", [(b"host", str(address).encode()), (b"connection", b"close")])
        await exchange.end()
        return (await exchange.answer()).status == 200
    except Broken:
        return False
    finally:
        exchange.abort()


async def _answers(gateway: Gateway, question: Any) -> bool:
    """Asked for nobody's nothing, a service that works says that there is no such thing."""
    try:
        await gateway.bus.request(question, timeout=PATIENCE_SECONDS)
    except Refusal as refusal:
        return refusal.problem().status == NotFound.status
    return True


@router.get(
    "/metrics",
    response_class=Response,
    responses={**ANYONE, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    dependencies=[Depends(operator)],
    summary="Figures for Prometheus, for this computer or with the metrics token",
)
async def metrics(gateway: TheGateway) -> Response:
    return Response(gateway.metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get(
    "/api/config",
    response_model=shapes.Config,
    responses=ANYONE,
    dependencies=[Depends(anyone)],
    summary="How this aether is set up",
)
async def get_config(gateway: TheGateway) -> Any:
    features = {
        "smtp": gateway.settings.smtp_url is not None,
        "previews": gateway.previews.are_on,
        "github": gateway.github is not None,
        "external": gateway.issuer is not None,
        "push": gateway.settings.push,
    }
    domain = gateway.previews.domain.authority if gateway.previews.are_on else None
    return {
        "public_url": gateway.settings.public_url,
        "preview_domain": domain,
        "version": aether_version(),
        "features": features,
    }


@router.get(
    "/api/openapi.json",
    include_in_schema=False,
    dependencies=[Depends(anyone)],
)
async def get_openapi(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


def aether_version() -> str:
    try:
        return version("aether-gateway")
    except PackageNotFoundError:
        return "0"
