"""The door of previews, in front of everything: what is asked of a host below their domain gets no further."""

from typing import Any
from urllib.parse import quote

import structlog
from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aether.contracts.ids import AccountId, ProjectId
from aether.contracts.problem import Problem, Refusal, RefusedElsewhere
from aether.gateway.api.entering import ENTER, OWN, READY, answer_own, redirect
from aether.gateway.api.guard import client_ip
from aether.gateway.api.pages import page_of
from aether.gateway.api.passing import Asked, Passing, target_of
from aether.gateway.api.visits import Visited, check_runs, fetched, label_of, open_door, turned_away, visit
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Broken, Exchange, Head, Headers
from aether.gateway.domain.passage import Passage
from aether.gateway.domain.previews import Label
from aether.gateway.errors import NoAnswer, SignInNeeded
from aether.kit import trace
from aether.kit.http import problem_response

FAULT = Problem(type="internal", title="Something went wrong on our side", status=500)

log = structlog.get_logger()


class Door:
    """Pure ASGI around the whole app."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._gateway.previews.claims(scope["headers"]):
            await self._app(scope, receive, send)
            return
        # No path in it: an address of somebody's app may hold secrets of theirs.
        with trace.tracer.start_as_current_span("preview", kind=SpanKind.SERVER):
            await Visiting(self._gateway, scope, receive).serve(send)


class PreviewPassing(Passing):
    """A request to an app, on its way. It ends when the visitor may no longer be there."""

    def __init__(self, label: Label, visited: Visited, *passing: Any) -> None:
        super().__init__(*passing)
        self.label = label
        self.project_id: ProjectId = visited.project.id
        self.account_id: AccountId | None = visited.visitor.account_id if visited.visitor else None
        if visited.visitor is not None:
            self.person_id, self.credential_id = visited.visitor.person_id, visited.visitor.credential_id


class Visiting:
    """One request to a host below the previews' domain."""

    def __init__(self, gateway: Gateway, scope: Scope, receive: Receive) -> None:
        self._gateway = gateway
        self._scope = scope
        self._receive = receive
        self._headers: Headers = scope["headers"]
        self._how = fetched(scope["method"], self._headers)
        self._own_project: ProjectId | None = None

    async def serve(self, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = str(message["status"])
                self._gateway.metrics.requests.labels("preview", self._scope["method"], status).inc()
            await send(message)

        try:
            response = await self._answer(counted)
        except Refusal as refusal:
            response = self._refused(refusal.problem())
        except Exception as error:
            log.error("preview.failed", exc_info=error)
            response = self._refused(FAULT)
        if response is not None:
            await response(self._scope, self._receive, counted)

    async def _answer(self, send: Send) -> Response | None:
        """An answer of our own, or None once the app's was passed on."""
        label = label_of(self._gateway, self._headers)
        if self._scope["path"].startswith(OWN):
            return await answer_own(self._gateway, Request(self._scope, self._receive), label)
        try:
            visited = await visit(self._gateway, self._headers, label, self._how)
        except SignInNeeded:
            if self._how.is_navigation:
                return self._to_the_entrance(label)
            raise
        if visited.visitor is not None:
            self._own_project = visited.project.id
        check_runs(visited)
        await self._pass_on(label, visited, send)
        return None

    def _to_the_entrance(self, label: Label) -> Response:
        path = quote(target_of(self._scope), safe="")
        public = self._gateway.settings.public_url.rstrip("/")
        return redirect(f"{public}/api/previews/{label}/enter?return={path}", 302)

    async def _pass_on(self, label: Label, visited: Visited, send: Send) -> None:
        passage = Passage(self._gateway.previews.domain.origin(label), label.port)
        headers = passage.inward(self._headers, client_ip(self._scope, self._gateway))
        asked = Asked(self._scope["method"], target_of(self._scope), headers)

        async def open_(fresh: bool) -> Exchange:
            return await open_door(self._gateway, visited, fresh=fresh)

        def told(head: Head) -> Headers:
            return passage.outward(head.headers)

        passing = PreviewPassing(label, visited, self._gateway.lines, visited.door, open_, asked)
        with self._gateway.previews.holding(passing), self._gateway.live.holding(passing):
            try:
                await passing.run(self._receive, send, told)
            except Broken as error:
                raise NoAnswer("It closed the connection, or does not speak HTTP.") from error
            except RefusedElsewhere as refusal:
                raise turned_away(self._gateway, refusal.problem(), visited) from refusal

    def _refused(self, problem: Problem) -> Response:
        if self._how.wants_page or self._scope["path"] == ENTER:
            public = self._gateway.settings.public_url.rstrip("/")
            # The address as it was asked for, from its own host's root: nothing in it leads elsewhere.
            here = (
                "/" if self._scope["path"].startswith(OWN) else "/" + target_of(self._scope).decode().lstrip("/\\")
            )
            return page_of(problem, public, here, self._own_project, READY).response()
        response = problem_response(problem)
        response.headers["Cache-Control"] = "no-store"
        if problem.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
