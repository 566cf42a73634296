"""Errors leave as problem details with the sentence and without the cause; readiness names what is away."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aether.contracts.problem import Invalid, Refusal
from aether.kit.http import apologise, health_routes, refuse


async def refused(_request: Request) -> Response:
    raise Invalid.field("name", "This name is taken")


async def broken(_request: Request) -> Response:
    raise RuntimeError("the password is hunter2")


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


def client(app: Starlette) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
def app() -> Starlette:
    routes = [Route("/refused", refused), Route("/broken", broken)]
    return Starlette(routes=routes, exception_handlers={Refusal: refuse, Exception: apologise})


async def test_a_refusal_is_a_problem_with_its_fields(app: Starlette) -> None:
    async with client(app) as http:
        answer = await http.get("/refused")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"field": "name", "message": "This name is taken"}]


async def test_a_fault_of_ours_is_told_without_its_words(app: Starlette) -> None:
    async with client(app) as http:
        answer = await http.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text


async def test_readiness_names_what_is_away() -> None:
    app = Starlette(routes=[*health_routes({"postgres": yes, "nats": no})])
    async with client(app) as http:
        ready, health = await http.get("/ready"), await http.get("/health")
    assert (ready.status_code, health.status_code) == (503, 200)
    assert ready.json()["parts"] == {"postgres": "ok", "nats": "away"}


async def test_all_that_answers_is_ready() -> None:
    async with client(Starlette(routes=[*health_routes({"postgres": yes})])) as http:
        assert (await http.get("/ready")).status_code == 200
