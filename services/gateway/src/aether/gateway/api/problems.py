"""Every error as a problem (RFC 9457), and the words the OpenAPI document has for them."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aether.contracts.problem import FieldError, Invalid, NotFound, Problem, Refusal
from aether.gateway.errors import TooManyRequests
from aether.kit.http import apologise, problem_response

MEANINGS = {
    400: "The request could not be read.",
    401: "No credential, or none that is good.",
    403: "The Origin is not allowed, or this kind of credential may not do it.",
    404: "There is no such thing, or it is somebody else's.",
    409: "It does not go together with how things are now.",
    412: "It has changed meanwhile; `etag` is what it has now.",
    413: "The request is too large.",
    416: "The file has no such range.",
    422: "Something in the request is not right; `errors` says what for each field.",
    429: "Too often, or too many; `Retry-After` says when to try again.",
    500: "Something went wrong on our side.",
    502: "A service's answer could not be understood.",
    503: "A part of aether, or the machine, does not answer; try again in a moment.",
    507: "The project's disk is full.",
}
EVERYWHERE = (400, 403, 413, 422, 429, 500, 503)
SENTENCES = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field.",
    "json_invalid": "The body is not JSON.",
    "string_type": "This must be text.",
    "bool_type": "This must be true or false.",
    "int_type": "This must be a whole number.",
    "timezone_aware": "The time must have a time zone, such as Z.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """A route's `responses`: these, and what may happen everywhere."""
    return {s: {"model": Problem, "description": MEANINGS[s]} for s in sorted({*statuses, *EVERYWHERE})}


ANYONE = problems()
MEMBER = problems(401)
THING = problems(401, 404, 409)


async def refuse(_request: Request, error: Exception) -> Response:
    """Refusals of ours and of other services."""
    assert isinstance(error, Refusal)
    response = problem_response(error.problem())
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    elif response.status_code == 503:
        response.headers["Retry-After"] = "1"
    elif response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def refuse_http(request: Request, error: Exception) -> Response:
    """What the router refuses: an unknown path, a method that is not there."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Refusal):
        # FastAPI makes its own error of what is raised while a body is read.
        return await refuse(request, error.__cause__)
    title = {404: NotFound.title, 405: "That method is not offered here"}.get(error.status_code, error.detail)
    kind = {400: "bad-request", 404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
    response = problem_response(Problem(type=kind, title=title, status=error.status_code))
    response.headers.update(error.headers or {})
    return response


async def refuse_form(request: Request, error: Exception) -> Response:
    """A body or a parameter that does not fit. An id that cannot be one is as missing as any."""
    assert isinstance(error, RequestValidationError)
    if any(found["loc"][0] == "path" for found in error.errors()):
        return await refuse(request, NotFound())
    fields = [_field_error(found) for found in error.errors()]
    return await refuse(request, Invalid(fields[0].message, errors=fields))


def _field_error(found: dict[str, Any]) -> FieldError:
    where = [str(part) for part in found["loc"][1:]] if found["type"] != "json_invalid" else []
    said = str(found["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    sentence = SENTENCES.get(found["type"]) or f"{said[:1].upper()}{said[1:]}".rstrip(".") + "."
    if sentence.startswith("Should"):
        sentence = f"This s{sentence[1:]}"
    return FieldError(field=".".join(where), message=sentence)


def answer_problems(app: FastAPI) -> None:
    """Register all of them."""
    app.add_exception_handler(Refusal, refuse)
    app.add_exception_handler(HTTPException, refuse_http)
    app.add_exception_handler(RequestValidationError, refuse_form)
    app.add_exception_handler(Exception, apologise)
