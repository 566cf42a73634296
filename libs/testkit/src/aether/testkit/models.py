"""A scripted model behind the interfaces of real vendors, for real agents: it edits, runs, asks and fails as told.

A script belongs to a phrase. The last message of the user that holds a known phrase chooses the script, and the
uses of tools since then choose the turn; so it answers rightly after any restart, as a model would.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from aether.testkit.dialects import Anthropic, Call, Chat, Dialect, Heard, Responses, Tool, encoded
from aether.testkit.upstreams import served

DIALECTS: dict[str, Dialect] = {
    "/v1/messages": Anthropic(),
    "/v1/responses": Responses(),
    "/v1/chat/completions": Chat(),
}
ASIDE = "Working on it"  # to what is no turn of the script, such as an agent's wish for a title
_TITLE = "Generate a concise, single-line task title"  # codex asks for it with the prompt and all its tools


@dataclass(frozen=True)
class Say:
    """Words that end the turn."""

    text: str


@dataclass(frozen=True)
class Write:
    """A new file, written with the agent's own tool for it."""

    path: str
    text: str


@dataclass(frozen=True)
class Run:
    """A shell command."""

    command: str


@dataclass(frozen=True)
class Ask:
    """A question with choices, asked with the agent's own tool for it."""

    question: str
    choices: tuple[str, ...]


@dataclass
class Fail:
    """A refusal, so many times (-1: always); then the next turn is taken in its place."""

    status: int
    kind: str = "api_error"
    sentence: str = "The model cannot answer now."
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass(frozen=True)
class Held:
    """A turn that is begun but not told before the event is set."""

    turn: "Say | Write | Run | Ask"
    until: asyncio.Event


Turn = Say | Write | Run | Ask | Fail | Held


@dataclass(frozen=True)
class Asked:
    """A request as it came. `aside`: it was none of a script."""

    path: str
    headers: Mapping[str, str]
    body: Any
    messages: tuple[Heard, ...]
    aside: bool

    @property
    def said(self) -> str:
        """All that is in the conversation."""
        return "\n".join(message.text for message in self.messages)


class Models:
    """Vendors by one address: `url`/anthropic, `url`/openai and so on are base addresses.

    `key` is the only one that is taken. What comes with another is answered with 401 and stands in `strangers`.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.url = ""
        self.requests: list[Asked] = []
        self.strangers: list[Mapping[str, str]] = []
        self.refusing: Fail | None = None  # what everything is answered with, scripts and asides alike
        self._scripts: dict[str, tuple[Turn, ...]] = {}

    def script(self, phrase: str, *turns: Turn) -> None:
        """What the model does when it is told something that holds the phrase."""
        self._scripts[phrase] = turns

    def bases(self) -> dict[str, str]:
        """The base address of each vendor."""
        return {vendor: f"{self.url}/{vendor}" for vendor in ("anthropic", "openai", "google", "openrouter")}

    @property
    def turns(self) -> list[Asked]:
        """The requests that were answered by a script."""
        return [request for request in self.requests if not request.aside]

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["Models"]:
        """On loopback until the end of the block."""
        every = Route("/{vendor}/{path:path}", self._answer, methods=["GET", "POST"])
        async with served(Starlette(routes=[every]), port) as at:
            self.url = f"http://127.0.0.1:{at}"
            yield self

    async def _answer(self, request: Request) -> Response:
        path = "/" + request.path_params["path"]
        dialect = DIALECTS.get(path.removesuffix("/count_tokens"), Chat())
        if not self._admits(request.headers):
            self.strangers.append(dict(request.headers))
            return JSONResponse(dialect.problem("authentication_error", "invalid x-api-key"), 401)
        if path == "/v1/models":
            return JSONResponse({"object": "list", "data": [], "has_more": False})
        if request.method == "GET" and path == "/v1/responses":  # codex tries a WebSocket first
            return Response(status_code=426)
        body = await request.json() if request.method == "POST" else {}
        if path.endswith("/count_tokens"):
            return JSONResponse({"input_tokens": 1000})
        if path not in DIALECTS:
            return JSONResponse(dialect.problem("not_found_error", f"There is no {path}."), 404)
        return await self._speak(path, dialect, body, request.headers)

    def _admits(self, headers: Mapping[str, str]) -> bool:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return self.key in (headers.get("x-api-key"), headers.get("x-goog-api-key"), bearer)

    async def _speak(self, path: str, dialect: Dialect, body: Any, headers: Mapping[str, str]) -> Response:
        messages, tools = tuple(dialect.messages(body)), dialect.tools(body)
        turn = self.refusing or (self._turn(messages) if tools else None)
        self.requests.append(Asked(path, dict(headers), body, messages, aside=turn is None))
        if isinstance(turn, Fail):
            return JSONResponse(dialect.problem(turn.kind, turn.sentence), turn.status, dict(turn.headers))
        text, call, until = said(turn or Say(ASIDE), tools)
        if not body.get("stream"):
            return JSONResponse(dialect.whole(body["model"], text, call))
        events = encoded(list(dialect.events(body["model"], text, call)))
        return StreamingResponse(_paced(events, until), media_type="text/event-stream")

    def _turn(self, messages: tuple[Heard, ...]) -> Turn | None:
        """The turn that is due, if a script is under way."""
        done = 0
        for message in reversed(messages):
            # Two messages without an answer between them may come as one; the later counts.
            phrase = max((p for p in self._scripts if p in message.text), key=message.text.rfind, default=None)
            if message.text.startswith(_TITLE):
                return None
            if message.role == "user" and phrase is not None:
                return self._due(self._scripts[phrase], done)
            done += message.calls
        return None

    def _due(self, turns: tuple[Turn, ...], done: int) -> Turn:
        told = -1
        for turn in turns:
            if isinstance(turn, Fail):
                if told + 1 == done and turn.times:
                    turn.times -= 1
                    return turn
            else:
                told += 1
                if told == done:
                    return turn
        return Say("There is nothing left to do.")


async def _paced(events: list[bytes], until: asyncio.Event | None) -> AsyncIterator[bytes]:
    """The first event at once, so that the client knows that it is heard; the others when they are due."""
    yield events[0]
    if until is not None:
        await until.wait()
    for event in events[1:]:
        yield event


def said(turn: Turn, tools: list[Tool]) -> tuple[str, Call | None, asyncio.Event | None]:
    """A turn as text, use of a tool the client offers, and what it waits for."""
    offered = {tool.name.casefold(): tool for tool in tools}
    match turn:
        case Held(inner, until):
            text, call, _ = said(inner, tools)
            return text, call, until
        case Say(text):
            return text, None, None
        case Write(path, content):
            return "I write the file.", _write(offered, path, content), None
        case Run(command):
            return "I run it.", _run(offered, command), None
        case Ask(question, choices):
            return "", _ask(offered, question, choices), None
    raise AssertionError(f"this is no turn: {turn}")


def _write(offered: Mapping[str, Tool], path: str, text: str) -> Call:
    patch = f"*** Begin Patch\n*** Add File: {path}\n" + "".join(f"+{line}\n" for line in text.splitlines())
    if tool := offered.get("exec"):
        return Call(tool, text=f"text(await tools.apply_patch({json.dumps(patch + '*** End Patch')}));")
    tool = _first(offered, "write", "write_file")
    names = ("filePath", "content") if tool.name == "write" else ("file_path", "content")
    return Call(tool, dict(zip(names, (path, text), strict=True)))


def _run(offered: Mapping[str, Tool], command: str) -> Call:
    if tool := offered.get("exec"):  # codex: a script that uses its tools; outside its sandbox a person must agree
        escalated = {"sandbox_permissions": "require_escalated", "justification": f"May I run {command}?"}
        wanted = json.dumps({"cmd": command, **escalated})
        return Call(tool, text=f"const done = await tools.exec_command({wanted}); text(done.output);")
    tool = _first(offered, "bash", "run_shell_command")
    return Call(tool, {"command": command, "description": "Run it"})


def _ask(offered: Mapping[str, Tool], question: str, choices: tuple[str, ...]) -> Call:
    if tool := offered.get("request_user_input_async"):  # the other one of codex is for its plan mode
        return Call(tool, {"questions": [{"title": question, "options": list(choices)}]})
    tool = _first(offered, "askuserquestion", "question")
    options = [{"label": choice, "description": f"Take {choice}"} for choice in choices]
    asked: dict[str, Any] = {"question": question, "header": "Choose", "options": options}
    extra = {"multiSelect": False} if tool.name == "AskUserQuestion" else {}
    return Call(tool, {"questions": [asked | extra]})


def _first(offered: Mapping[str, Tool], *names: str) -> Tool:
    found = next((offered[name] for name in names if name in offered), None)
    assert found is not None, f"none of {names} is offered, but {sorted(offered)}"
    return found
