"""What a machine is answered on its own socket, and on the loopback port for agents that know only URLs."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aether.agents.adapters.vendors import Vendors
from aether.agents.api import broker, holds, notify, personal, reports
from aether.agents.api.asking import Asking
from aether.agents.api.refusals import EXCEPTION_HANDLERS
from aether.agents.deps.agents import Agents
from aether.agents.deps.ports import Machine

Endpoint = Callable[[Request, Asking], Awaitable[Response]]

ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


def machine_app(agents: Agents, vendors: Vendors, machine: Machine, *, port_only: bool) -> ASGIApp:
    """All that this one machine may ask. On its port a request has to show the secret of a run of the machine."""
    asking = Asking(agents, machine, port_only)
    routes = [
        _route("/v1/llm/{vendor}/{path:path}", broker.Broker(vendors), asking, ANY),
        _route("/v1/agent/events", reports.event, asking, ["POST"]),
        _route("/v1/agent/hooks/{event}", reports.hook, asking, ["POST"]),
    ]
    if not port_only:
        routes += [
            _route("/v1/holds", holds.show, asking, ["GET"]),
            _route("/v1/holds/{name}", holds.place, asking, ["PUT"]),
            _route("/v1/holds/{name}", holds.release, asking, ["DELETE"]),
            _route("/v1/notify", notify.Notify(), asking, ["POST"]),
            _route("/v1/keys/{name}", personal.key, asking, ["GET"]),
            _route("/v1/git/credential", personal.git_credential, asking, ["POST"]),
        ]
    # No spans: an agent may show its secret in a URL, and some hooks come many times a second.
    return Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)


def _route(path: str, endpoint: Endpoint, asking: Asking, methods: list[str]) -> Route:
    async def answer(request: Request) -> Response:
        return await endpoint(request, asking)

    return Route(path, answer, methods=methods)
