"""Refusals as answers: problem details, and with some of them what the client needs to go on."""

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aether.contracts.problem import Problem, Refusal
from aether.files.domain.conditions import quoted
from aether.files.errors import ChangedMeanwhile, RangeNotSatisfiable, WrongOffset
from aether.kit.http import PROBLEM_TYPE, apologise, problem_response


async def refuse(_request: Request, error: Exception) -> Response:
    """The exception handler for Refusal."""
    assert isinstance(error, Refusal)
    match error:
        case ChangedMeanwhile():
            return _with(error, {"etag": error.etag}, {"ETag": quoted(error.etag)} if error.etag else {})
        case WrongOffset():
            return _with(error, {"offset": error.offset}, {"Upload-Offset": str(error.offset)})
        case RangeNotSatisfiable():
            return _with(error, {"size": error.size}, {"Content-Range": f"bytes */{error.size}"})
    return problem_response(error.problem())


async def refuse_route(_request: Request, error: Exception) -> Response:
    """The exception handler for what Starlette refuses: no such route, no such method."""
    assert isinstance(error, HTTPException)
    slug = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
    answer = problem_response(Problem(type=slug, title=error.detail, status=error.status_code))
    answer.headers.update(error.headers or {})
    return answer


EXCEPTION_HANDLERS: dict[Any, Any] = {Refusal: refuse, HTTPException: refuse_route, Exception: apologise}


def _with(error: Refusal, more: dict[str, Any], headers: dict[str, str]) -> Response:
    answer = problem_response(error.problem())
    content = {**json.loads(bytes(answer.body)), **more}
    return JSONResponse(content, answer.status_code, headers, PROBLEM_TYPE)
