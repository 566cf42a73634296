"""What every service's HTTP side has: problems as answers, health, readiness, spans."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aether.contracts.problem import Problem, Refusal
from aether.kit import trace

PROBLEM_TYPE = "application/problem+json"

Check = Callable[[], Awaitable[bool]]

log = structlog.get_logger()


def problem_response(problem: Problem) -> Response:
    """RFC 9457, with the trace id for the person to quote."""
    told = problem.model_copy(update={"trace_id": problem.trace_id or trace.trace_id()})
    content = told.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status_code=problem.status, media_type=PROBLEM_TYPE)


async def refuse(_request: Request, error: Exception) -> Response:
    """The exception handler for Refusal."""
    assert isinstance(error, Refusal)
    return problem_response(error.problem())


async def apologise(request: Request, error: Exception) -> Response:
    """The exception handler for everything else: logged whole, told without detail."""
    log.error("http.failed", path=request.url.path, exc_info=error)
    return problem_response(Problem(type="internal", title="Something went wrong on our side", status=500))


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    """`/health` says the process is alive; `/ready` that each named thing it needs answers too."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        parts = {name: "ok" if await check() else "away" for name, check in checks.items()}
        good = all(state == "ok" for state in parts.values())
        return JSONResponse({"ready": good, "parts": parts}, status_code=200 if good else 503)

    return [Route("/health", health), Route("/ready", ready)]


def traced(app: ASGIApp) -> ASGIApp:
    """A server span for each request, joined to the caller's. Streams of frames get one span, not thousands."""
    middleware: Any = OpenTelemetryMiddleware
    wrapped: ASGIApp = middleware(app, exclude_spans=["receive", "send"])
    return wrapped
