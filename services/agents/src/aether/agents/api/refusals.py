"""Refusals as answers: problem details, which also say it in the words that vendors' clients print."""

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from aether.contracts.problem import Problem, Refusal
from aether.kit.http import PROBLEM_TYPE, apologise, problem_response


async def refuse(_request: Request, error: Exception) -> Response:
    """The exception handler for Refusal."""
    assert isinstance(error, Refusal)
    return told(error.problem())


async def refuse_route(_request: Request, error: Exception) -> Response:
    """The exception handler for what Starlette refuses: no such route, no such method."""
    assert isinstance(error, HTTPException)
    slug = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
    answer = told(Problem(type=slug, title=error.detail, status=error.status_code))
    answer.headers.update(error.headers or {})
    return answer


def told(problem: Problem) -> Response:
    """A problem with an `error` beside it, where agents look for what went wrong."""
    content = json.loads(bytes(problem_response(problem).body))
    error = {"type": problem.type, "message": f"aether: {problem.detail or problem.title}"}
    return JSONResponse({**content, "error": error}, problem.status, media_type=PROBLEM_TYPE)


async def say_nothing(_request: Request, _error: Exception) -> Response:
    """The exception handler for somebody who is gone before they had asked."""
    return Response(status_code=499)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    Refusal: refuse,
    HTTPException: refuse_route,
    ClientDisconnect: say_nothing,
    Exception: apologise,
}
