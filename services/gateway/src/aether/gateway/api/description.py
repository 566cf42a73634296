"""The OpenAPI document: what FastAPI derives from the routes, and what it does not know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from aether.gateway.api.file_shapes import SearchLine
from aether.gateway.api.guard import Guard
from aether.gateway.domain.admission import Policy
from aether.kit.http import PROBLEM_TYPE

DESCRIPTION = """\
One origin, JSON, times in UTC, errors as RFC 9457 problems, lists as `{items, next_cursor}`.

Sign in with a session cookie or with `Authorization: Bearer aet_…`. Requests that change something must name an
allowed Origin unless they carry a token. What belongs to others is as missing as what is not there.

WebSockets: `/stream/terminal/{terminal_id}?offset=N&epoch=E` (a terminal's bytes) and
`/stream/terminal/exec/{project_id}` (one command) and `/stream/files/watch/{project_id}` (what changes among the
files that are looked at), with the cookie and an allowed Origin, with a bearer token, or with a grant as the
subprotocol `aether.grant.<grant>`. Offer `aether.v1` too: it is the one that is chosen.

Files are also below `/stream/files/{project_id}/…`, with the same tails as below `/api/projects/{project_id}/…`,
for a credential or for a grant as `Authorization: Grant …`; each grant is good for one request."""

SECURITY: dict[Policy, list[dict[str, list[str]]]] = {
    Policy.SESSION: [{"session": []}],
    Policy.SESSION_OR_TOKEN: [{"session": []}, {"token": []}],
    Policy.STREAM: [{"session": []}, {"token": []}, {"grant": []}],
}


def describe(app: FastAPI, routes: list[APIRoute], cookie: str) -> dict[str, Any]:
    """The whole document. `cookie` is the name of the session cookie."""
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=DESCRIPTION, routes=app.routes
    )
    document["components"]["schemas"] |= _more_schemas()
    for route in routes:
        if route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path][method.lower()]
                operation["security"] = SECURITY.get(policy_of(route), [])
                _name_problems(operation)
    document["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": cookie},
        "token": {"type": "http", "scheme": "bearer", "description": "A personal token, aet_…"},
        "grant": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Grant <jwt>"},
    }
    return document


def _more_schemas() -> dict[str, Any]:
    """Shapes that no answer is as a whole, so that FastAPI does not come upon them."""
    return {model.__name__: model.model_json_schema(mode="serialization") for model in (SearchLine,)}


def policy_of(route: APIRoute) -> Policy:
    """What the route's guard asks. Raises LookupError for a route without a guard, or with two."""
    guards = {d.call for d in _flat(route.dependant) if isinstance(d.call, Guard)}
    if len(guards) != 1:
        raise LookupError(f"{route.path} has {len(guards)} guards")
    found = guards.pop()
    assert isinstance(found, Guard)
    return found.policy


def _flat(dependant: Any) -> list[Any]:
    return [dependant, *(deeper for one in dependant.dependencies for deeper in _flat(one))]


def _name_problems(operation: dict[str, Any]) -> None:
    """FastAPI files every model under the type of the good answer; problems have their own."""
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        is_problem = any(_is_problem(media) for media in content.values())
        if status >= "400" and is_problem:
            response["content"] = {PROBLEM_TYPE: next(m for m in content.values() if _is_problem(m))}


def _is_problem(media: dict[str, Any]) -> bool:
    return bool(media.get("schema", {}).get("$ref", "").endswith("Problem"))
